#include "http/message.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace tollgate::http {
namespace {

constexpr std::array<char, 256> make_lower() {
    std::array<char, 256> table{};
    for (int i = 0; i < 256; ++i) {
        table[static_cast<std::size_t>(i)] =
            static_cast<char>(i >= 'A' && i <= 'Z' ? i + ('a' - 'A') : i);
    }
    return table;
}
constexpr auto lower = make_lower();

char lowered(char c) { return lower[static_cast<unsigned char>(c)]; }

// Eight bytes at once, equal but for the case of letters.
bool same_word(const char* a, const char* b) {
    std::uint64_t left = 0, right = 0;
    std::memcpy(&left, a, sizeof left);
    std::memcpy(&right, b, sizeof right);
    const std::uint64_t difference = left ^ right;
    if (difference == 0) return true;
    constexpr std::uint64_t each = 0x0101010101010101;
    if ((difference & ~(0x20 * each)) != 0) return false;
    // Where only the case bit differs, the byte must be a letter: sums carry into the high bit.
    const std::uint64_t small = left | 0x20 * each;
    const std::uint64_t seven = small & 0x7f * each;
    const std::uint64_t from_a = seven + (0x80 - 'a') * each;
    const std::uint64_t past_z = seven + (0x80 - 'z' - 1) * each;
    const std::uint64_t letters = from_a & ~past_z & ~small & 0x80 * each;
    return (difference & ~(letters >> 2)) == 0;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

struct Phrase {
    int status;
    std::string_view text;
};
constexpr Phrase phrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {529, "Overloaded"},
};

}  // namespace

bool iequals_of_one_size(const char* a, const char* b, std::size_t size) {
    constexpr std::size_t word = sizeof(std::uint64_t);
    if (size < word) {
        for (std::size_t i = 0; i < size; ++i) {
            if (lowered(a[i]) != lowered(b[i])) return false;
        }
        return true;
    }
    // The last word may overlap the one before it.
    for (std::size_t at = 0; at < size - word; at += word) {
        if (!same_word(a + at, b + at)) return false;
    }
    return same_word(a + size - word, b + size - word);
}

std::optional<std::string_view> Headers::find_listed(std::string_view name) const {
    for (const Header& header : list_) {
        if (iequals(header.name, name)) return header.value;
    }
    return std::nullopt;
}

bool Headers::has_token(std::string_view name, std::string_view token) const {
    for (const Header& header : list_) {
        if (!iequals(header.name, name)) continue;
        std::string_view rest = header.value;
        while (!rest.empty()) {
            std::size_t comma = std::min(rest.find(','), rest.size());
            if (iequals(trim(rest.substr(0, comma)), token)) return true;
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
    }
    return false;
}

std::string_view to_string(Method method) {
    switch (method) {
        case Method::get: return "GET";
        case Method::head: return "HEAD";
        case Method::post: return "POST";
        case Method::put: return "PUT";
        case Method::patch: return "PATCH";
        case Method::del: return "DELETE";
        case Method::options: return "OPTIONS";
        case Method::connect: return "CONNECT";
        case Method::trace: return "TRACE";
        case Method::other: break;
    }
    return "other";
}

std::string_view reason_phrase(int status) {
    for (const Phrase& phrase : phrases) {
        if (phrase.status == status) return phrase.text;
    }
    return "Unknown";
}

std::string percent_decode(std::string_view text) {
    std::string out;
    const auto hex = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        c = static_cast<char>(c | 32);
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 &&
            hex(text[i + 2]) >= 0) {
            out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace tollgate::http
