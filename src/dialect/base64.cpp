#include "dialect/base64.hpp"

#include <array>
#include <cstdint>

namespace tollgate::dialect {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 0xFF;

constexpr std::array<std::uint8_t, 256> digits = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(no_digit);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return table;
}();

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
    return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0;
}

std::uint8_t digit_at(std::string_view text, std::size_t at) {
    return digits[static_cast<unsigned char>(text[at])];
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::uint32_t group = byte_at(bytes, at) << 16 | byte_at(bytes, at + 1) << 8 |
                                    byte_at(bytes, at + 2);
        text += alphabet[group >> 18];
        text += alphabet[group >> 12 & 63];
        text += at + 1 < bytes.size() ? alphabet[group >> 6 & 63] : '=';
        text += at + 2 < bytes.size() ? alphabet[group & 63] : '=';
    }
    return text;
}

bool base64_decode(std::string_view text, std::string& out) {
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
    if (text.size() % 4 == 1) return false;
    out.reserve(out.size() + text.size() * 3 / 4);
    std::size_t at = 0;
    for (; at + 4 <= text.size(); at += 4) {
        const std::uint32_t a = digit_at(text, at), b = digit_at(text, at + 1),
                            c = digit_at(text, at + 2), d = digit_at(text, at + 3);
        if ((a | b | c | d) > 63) return false;
        const char group[3] = {static_cast<char>(a << 2 | b >> 4),
                               static_cast<char>((b & 15) << 4 | c >> 2),
                               static_cast<char>((c & 3) << 6 | d)};
        out.append(group, 3);
    }
    const std::size_t rest = text.size() - at;
    if (rest == 0) return true;
    const std::uint32_t a = digit_at(text, at), b = digit_at(text, at + 1);
    const std::uint32_t c = rest == 3 ? digit_at(text, at + 2) : 0;
    if ((a | b | c) > 63) return false;
    out += static_cast<char>(a << 2 | b >> 4);
    if (rest == 3) out += static_cast<char>((b & 15) << 4 | c >> 2);
    return true;
}

}  // namespace tollgate::dialect
