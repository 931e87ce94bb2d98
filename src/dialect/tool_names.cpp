#include "dialect/tool_names.hpp"

#include <algorithm>
#include <array>

#include "base/sha256.hpp"

namespace tollgate::dialect {
namespace {

constexpr std::size_t name_hash_bytes = 4;
constexpr std::size_t id_hash_length = 24;

// `length` letters and digits drawn from the hash of `text`.
std::string letters_of(std::string_view text, std::size_t length) {
    constexpr std::string_view alphabet =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    base::Sha256Digest digest = base::sha256(text);
    std::string out;
    while (out.size() < length) {
        for (std::uint8_t byte : digest) {
            if (out.size() == length) break;
            out += alphabet[byte % alphabet.size()];
        }
        digest = base::sha256({reinterpret_cast<const char*>(digest.data()), digest.size()});
    }
    return out;
}

// What nearly all providers take, asked for each name and id of a request.
constexpr std::string_view usual_charset = "a-zA-Z0-9_-";
constexpr std::array<bool, 256> make_usual() {
    std::array<bool, 256> usual{};
    for (unsigned char c = 0; c < 128; ++c) {
        usual[c] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '_' || c == '-';
    }
    return usual;
}
constexpr auto usual = make_usual();

bool fits(std::string_view text, std::string_view charset) {
    if (charset.empty()) return true;
    if (charset == usual_charset) {
        return std::all_of(text.begin(), text.end(),
                           [](char c) { return usual[static_cast<unsigned char>(c)]; });
    }
    return std::all_of(text.begin(), text.end(), [&](char c) { return in_charset(c, charset); });
}

}  // namespace

bool in_charset(char c, std::string_view charset) {
    if (charset.empty()) return true;
    for (std::size_t i = 0; i < charset.size(); ++i) {
        if (i + 2 < charset.size() && charset[i + 1] == '-') {
            if (charset[i] <= c && c <= charset[i + 2]) return true;
            i += 2;
        } else if (charset[i] == c) {
            return true;
        }
    }
    return false;
}

namespace {

bool fits_as_name(std::string_view name, std::string_view charset, std::size_t length_max) {
    const bool short_enough = length_max == 0 || name.size() <= length_max;
    return !name.empty() && short_enough && fits(name, charset);
}

bool fits_as_id(const domain::ProviderTraits& provider, std::string_view id) {
    const std::size_t longest = provider.tool_id_max;
    const bool length_fits = longest == 0 || (provider.tool_id_exact ? id.size() == longest
                                                                     : id.size() <= longest);
    return !id.empty() && length_fits && fits(id, provider.tool_id_charset);
}

}  // namespace

std::string fit_name(std::string_view name, std::string_view charset, std::size_t length_max) {
    if (fits_as_name(name, charset, length_max)) return std::string(name);
    std::string hash = base::hex(base::sha256(name), name_hash_bytes);
    std::string out;
    for (char c : name) out += in_charset(c, charset) ? c : '_';
    if (length_max != 0 && out.size() + 1 + hash.size() > length_max) {
        out.resize(length_max > hash.size() + 1 ? length_max - hash.size() - 1 : 0);
    }
    if (!out.empty()) out += '_';
    out += hash;
    if (length_max != 0 && out.size() > length_max) out.resize(length_max);
    return out;
}

std::string_view tool_name_for(const domain::Deployment& target, std::string_view name,
                               Translation& translation, std::string& made) {
    const std::string& charset = target.provider.tool_name_charset;
    if (fits_as_name(name, charset, target.provider.tool_name_max)) return name;
    made = fit_name(name, charset, target.provider.tool_name_max);
    if (made != name) {
        auto& known = translation.tool_names;
        bool noted = std::any_of(known.begin(), known.end(),
                                 [&](const auto& pair) { return pair.first == made; });
        if (!noted) known.emplace_back(made, std::string(name));
    }
    return made;
}

std::string tool_name_for(const domain::Deployment& target, std::string_view name,
                          Translation& translation) {
    std::string made;
    return std::string(tool_name_for(target, name, translation, made));
}

std::string_view tool_id_for(const domain::ProviderTraits& provider, std::string_view id,
                             std::string& made) {
    if (fits_as_id(provider, id)) return id;
    const std::size_t longest = provider.tool_id_max;
    std::size_t length = longest == 0 ? id_hash_length : longest;
    if (!provider.tool_id_exact) length = std::min(length, id_hash_length);
    made = letters_of(id, length);
    return made;
}

std::string tool_id_for(const domain::ProviderTraits& provider, std::string_view id) {
    std::string made;
    return std::string(tool_id_for(provider, id, made));
}

std::string fresh_tool_id(std::string_view seed, std::size_t ordinal) {
    std::string text(seed);
    text += '#';
    text += std::to_string(ordinal);
    return "call_" + letters_of(text, id_hash_length);
}

}  // namespace tollgate::dialect
