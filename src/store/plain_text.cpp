#include "store/plain_text.hpp"

#include <cstdint>
#include <cstring>

namespace tollgate::store {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

bool continues(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// The length of the character at `at`, 0 when it is none that may be stored.
std::size_t character_length(std::string_view text, std::size_t at) {
    auto byte = [&](std::size_t offset) -> unsigned char {
        return at + offset < text.size() ? static_cast<unsigned char>(text[at + offset]) : 0;
    };
    const unsigned char first = byte(0);
    if (first < 0x80) return first == 0 ? 0 : 1;
    if (first >= 0xC2 && first <= 0xDF) return continues(byte(1)) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        const unsigned char least = first == 0xE0 ? 0xA0 : 0x80;
        const unsigned char most = first == 0xED ? 0x9F : 0xBF;
        return byte(1) >= least && byte(1) <= most && continues(byte(2)) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const unsigned char least = first == 0xF0 ? 0x90 : 0x80;
        const unsigned char most = first == 0xF4 ? 0x8F : 0xBF;
        const bool fits = byte(1) >= least && byte(1) <= most;
        return fits && continues(byte(2)) && continues(byte(3)) ? 4 : 0;
    }
    return 0;
}

// How many bytes from `at` on are ASCII without NUL, eight at a time.
std::size_t skip_ascii(std::string_view text, std::size_t at) {
    while (at + 8 <= text.size()) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, 8);
        const std::uint64_t high = 0x8080808080808080ULL;
        const bool has_zero = ((word - 0x0101010101010101ULL) & ~word & high) != 0;
        if ((word & high) != 0 || has_zero) break;
        at += 8;
    }
    return at;
}

}  // namespace

bool is_plain_text(std::string_view text) {
    std::size_t at = skip_ascii(text, 0);
    while (at < text.size()) {
        const std::size_t length = character_length(text, at);
        if (length == 0) return false;
        at = skip_ascii(text, at + length);
    }
    return true;
}

std::string plain_text(std::string_view text) {
    std::string mended;
    mended.reserve(text.size() + 8);
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = character_length(text, at);
        mended += length == 0 ? replacement : text.substr(at, length);
        at += length == 0 ? 1 : length;
    }
    return mended;
}

}  // namespace tollgate::store
