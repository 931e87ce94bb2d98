#include "dialect/signatures.hpp"

#include <array>
#include <cstdint>

namespace tollgate::dialect {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t no_digit = 255;

// The value of each character, so that long signatures cost a look-up per character.
constexpr std::array<std::uint8_t, 256> values = [] {
    std::array<std::uint8_t, 256> made{};
    made.fill(no_digit);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        made[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return made;
}();

}  // namespace

std::string base64url_encode(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t bits = 0;
    int held = 0;
    for (char c : bytes) {
        bits = bits << 8 | static_cast<std::uint8_t>(c);
        held += 8;
        while (held >= 6) {
            held -= 6;
            out += alphabet[bits >> held & 63];
        }
    }
    if (held > 0) out += alphabet[bits << (6 - held) & 63];
    return out;
}

std::optional<std::string> base64url_decode(std::string_view text) {
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out;
    out.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    int held = 0;
    for (char c : text) {
        const std::uint8_t value = values[static_cast<std::uint8_t>(c)];
        if (value == no_digit) return std::nullopt;
        bits = bits << 6 | value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out += static_cast<char>(bits >> held & 255);
        }
    }
    return out;
}

std::string pack_signature(std::string_view provider, std::string_view payload) {
    std::string inside(provider);
    inside += '\n';
    inside += payload;
    std::string out(signature_mark);
    out += base64url_encode(inside);
    return out;
}

std::optional<PackedSignature> unpack_signature(std::string_view signature) {
    if (!is_own_signature(signature)) return std::nullopt;
    std::optional<std::string> inside = base64url_decode(signature.substr(signature_mark.size()));
    if (!inside) return std::nullopt;
    std::size_t end = inside->find('\n');
    if (end == std::string::npos) return std::nullopt;
    return PackedSignature{inside->substr(0, end), inside->substr(end + 1)};
}

}  // namespace tollgate::dialect
