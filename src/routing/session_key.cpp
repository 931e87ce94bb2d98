#include "routing/session_key.hpp"

#include <charconv>
#include <cstring>

#include "base/json.hpp"

namespace tollgate::routing {
namespace {

// Two lanes of multiply and rotate over words of eight bytes; the words are read as little endian,
// which every machine this runs on is.
class Hash {
public:
    void add(std::string_view text) {
        while (text.size() >= sizeof(std::uint64_t)) {
            std::uint64_t word = 0;
            std::memcpy(&word, text.data(), sizeof word);
            mix(word);
            text.remove_prefix(sizeof word);
        }
        std::uint64_t rest = 0;
        if (!text.empty()) std::memcpy(&rest, text.data(), text.size());
        mix(rest);
    }
    void add_part(std::string_view text) {
        mix(text.size());  // so that "ab", "c" is not "a", "bc"
        add(text);
    }
    SessionKey finish() const { return {spread(a_ ^ rotated(b_, 32)), spread(b_ + a_)}; }

private:
    static std::uint64_t rotated(std::uint64_t value, int by) {
        return value << by | value >> (64 - by);
    }
    // The finalizer of SplitMix64.
    static std::uint64_t spread(std::uint64_t value) {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ull;
        value = (value ^ (value >> 27)) * 0x94d049bb133111ebull;
        return value ^ (value >> 31);
    }
    void mix(std::uint64_t word) {
        a_ = rotated((a_ ^ word) * 0x9e3779b97f4a7c15ull, 29);
        b_ = rotated((b_ + word) * 0xd6e8feb86659fd93ull, 37) ^ a_;
    }
    std::uint64_t a_ = 0x243f6a8885a308d3ull, b_ = 0x13198a2e03707344ull;  // digits of pi
};

}  // namespace

std::string to_string(const SessionKey& key) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(32);
    for (const auto half : {key.high, key.low}) {
        for (int shift = 60; shift >= 0; shift -= 4) out += digits[half >> shift & 0xf];
    }
    return out;
}

std::optional<SessionKey> parse_session_key(std::string_view digits) {
    constexpr std::size_t half = 16;
    if (digits.size() != 2 * half) return std::nullopt;
    SessionKey key;
    for (std::uint64_t* part : {&key.high, &key.low}) {
        const std::string_view text = digits.substr(part == &key.high ? 0 : half, half);
        const auto [end, problem] =
            std::from_chars(text.data(), text.data() + half, *part, half);
        if (problem != std::errc() || end != text.data() + half) return std::nullopt;
    }
    return key;
}

std::string_view session_of_metadata(std::string_view metadata_user, std::string& storage) {
    if (metadata_user.starts_with('{')) {
        json::Document document;
        const auto root = document.parse(metadata_user);
        if (!root) return {};
        storage = (*root)["session_id"].text();
        return storage;
    }
    constexpr std::string_view mark = "_session_";
    const auto at = metadata_user.rfind(mark);
    if (at == std::string_view::npos) return {};
    return metadata_user.substr(at + mark.size());
}

std::optional<SessionKey> session_key(const SessionSource& source) {
    std::string storage;
    auto id = source.session_id;
    if (id.empty()) id = session_of_metadata(source.metadata_user, storage);
    Hash hash;
    hash.add_part(source.tenant);
    hash.add_part(source.model);
    if (!id.empty()) {
        hash.add_part("session");
        hash.add_part(id);
        hash.add_part(source.agent_id);
        return hash.finish();
    }
    if (source.system_text.empty() && source.first_user_text.empty()) return std::nullopt;
    hash.add_part("text");
    hash.add_part(source.system_text.substr(0, session_text_bytes));
    hash.add_part(source.first_user_text.substr(0, session_text_bytes));
    return hash.finish();
}

}  // namespace tollgate::routing
