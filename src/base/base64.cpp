#include "base/base64.hpp"

#include <algorithm>
#include <array>

namespace tollgate::base {
namespace {

constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t no_digit = 0xFF;

using Table = std::array<std::uint8_t, 256>;

constexpr void add(Table& table, std::string_view alphabet) {
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
}

constexpr Table table_of(std::string_view one, std::string_view other) {
    Table table{};
    table.fill(no_digit);
    add(table, one);
    add(table, other);
    return table;
}

constexpr Table standard_digits = table_of(standard_alphabet, standard_alphabet);
constexpr Table url_digits = table_of(url_alphabet, url_alphabet);
constexpr Table either_digits = table_of(standard_alphabet, url_alphabet);

const Table& digits_of(Base64 alphabet) {
    switch (alphabet) {
        case Base64::standard: return standard_digits;
        case Base64::url: return url_digits;
        case Base64::either: break;
    }
    return either_digits;
}

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
    return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0;
}

void encode(std::string_view bytes, std::string_view alphabet, Base64Padding padding,
            std::string& out) {
    const bool filled = padding == Base64Padding::filled;
    out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::uint32_t group = byte_at(bytes, at) << 16 | byte_at(bytes, at + 1) << 8 |
                                    byte_at(bytes, at + 2);
        const std::size_t digits = std::min<std::size_t>(bytes.size() - at, 3) + 1;
        for (std::size_t i = 0; i < digits; ++i) out += alphabet[group >> (18 - 6 * i) & 63];
        if (filled) out.append(4 - digits, '=');
    }
}

// The last two or three digits. False when one is none.
bool decode_rest(std::string_view rest, const Table& digits, std::string& out) {
    const auto digit = [&](std::size_t at) -> std::uint32_t {
        return at < rest.size() ? digits[static_cast<unsigned char>(rest[at])] : 0;
    };
    const std::uint32_t a = digit(0), b = digit(1), c = digit(2);
    if ((a | b | c) > 63) return false;
    out += static_cast<char>(a << 2 | b >> 4);
    if (rest.size() == 3) out += static_cast<char>((b & 15) << 4 | c >> 2);
    return true;
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
    std::string text;
    append_base64(text, bytes);
    return text;
}

void append_base64(std::string& out, std::string_view bytes) {
    encode(bytes, standard_alphabet, Base64Padding::filled, out);
}

std::string base64url_encode(std::string_view bytes, Base64Padding padding) {
    std::string text;
    encode(bytes, url_alphabet, padding, text);
    return text;
}

bool base64_decode(std::string_view text, std::string& out, Base64 alphabet) {
    const Table& digits = digits_of(alphabet);
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
    if (text.size() % 4 == 1) return false;
    out.reserve(out.size() + text.size() * 3 / 4);
    std::size_t at = 0;
    for (; at + 4 <= text.size(); at += 4) {
        std::array<std::uint32_t, 4> group;
        for (std::size_t i = 0; i < 4; ++i) {
            group[i] = digits[static_cast<unsigned char>(text[at + i])];
        }
        const auto [a, b, c, d] = group;
        if ((a | b | c | d) > 63) return false;
        const char bytes[3] = {static_cast<char>(a << 2 | b >> 4),
                               static_cast<char>((b & 15) << 4 | c >> 2),
                               static_cast<char>((c & 3) << 6 | d)};
        out.append(bytes, 3);
    }
    return at == text.size() || decode_rest(text.substr(at), digits, out);
}

bool base64url_decode_exact(std::string_view text, Base64Padding padding, std::string& out) {
    const std::size_t digits = text.find('=') == text.npos ? text.size() : text.find('=');
    const std::size_t padded = padding == Base64Padding::filled ? (4 - digits % 4) % 4 : 0;
    if (text.size() != digits + padded) return false;
    if (!base64_decode(text, out, Base64::url)) return false;
    if (digits % 4 == 0) return true;
    const std::uint32_t last = url_digits[static_cast<unsigned char>(text[digits - 1])];
    return (last & (digits % 4 == 2 ? 15U : 3U)) == 0;
}

}  // namespace tollgate::base
