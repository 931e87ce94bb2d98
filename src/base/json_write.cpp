// Writing JSON: strings, numbers, and the Writer.
#include <simdjson.h>

#include <charconv>
#include <cstring>

#include "base/json.hpp"
#include "base/json_sink.hpp"
#include "base/json_text.hpp"

namespace tollgate::json {
namespace {

void append_escaped_valid(std::string& out, std::string_view plain) {
    const char* at = plain.data();
    const char* const end = at + plain.size();
    detail::Sink sink(out);
    while (at != end) {
        at = sink.plain(at, end);
        if (at != end) sink.escape(*at++);
    }
}

}  // namespace

// Eight bytes at a time, because most of what is written by hand is short and plain.
bool needs_no_escape(std::string_view plain) {
    constexpr std::uint64_t ones = 0x0101010101010101ULL;
    constexpr std::uint64_t highs = 0x8080808080808080ULL;
    const auto bad = [](std::uint64_t word) {
        const auto has_zero = [](std::uint64_t w) { return (w - ones) & ~w & highs; };
        const std::uint64_t control = (word - ones * 0x20) & ~word & highs;
        return (word & highs) | control | has_zero(word ^ (ones * '"')) |
               has_zero(word ^ (ones * '\\'));
    };
    const char* at = plain.data();
    std::size_t left = plain.size();
    std::uint64_t word = 0;
    for (; left >= 8; at += 8, left -= 8) {
        std::memcpy(&word, at, 8);
        if (bad(word) != 0) return false;
    }
    if (left == 0) return true;
    word = ones * ' ';
    std::memcpy(&word, at, left);
    return bad(word) == 0;
}

void append_escaped(std::string& out, std::string_view plain) {
    if (plain.size() <= 256 && needs_no_escape(plain)) {
        out += plain;
        return;
    }
    if (simdjson::validate_utf8(plain.data(), plain.size())) {
        return append_escaped_valid(out, plain);
    }
    // Text from outside (an error page, a file) may be anything: JSON must stay valid.
    while (!plain.empty()) {
        const std::size_t valid = detail::valid_utf8_prefix(plain);
        append_escaped_valid(out, plain.substr(0, valid));
        plain.remove_prefix(valid);
        if (plain.empty()) return;
        out += "\xef\xbf\xbd";
        plain.remove_prefix(1);
    }
}

void append_string(std::string& out, std::string_view plain) {
    out += '"';
    append_escaped(out, plain);
    out += '"';
}

Escaped escape(std::string_view plain, base::Arena& arena) {
    std::string escaped;
    append_escaped(escaped, plain);
    return {arena.store(escaped)};
}

void append_integer(std::string& out, std::int64_t value) {
    char digits[24];
    const auto [end, problem] = std::to_chars(digits, digits + sizeof digits, value);
    static_cast<void>(problem);  // 24 bytes hold every 64-bit number
    out.append(digits, static_cast<std::size_t>(end - digits));
}

Writer& Writer::key(std::string_view name) {
    // Put together here: each append to the string costs as much as all of this.
    constexpr std::size_t name_max = 28;
    if (name.size() <= name_max) [[likely]] {
        char room[name_max + 4];
        char* at = room;
        *at = ',';
        at += comma_ ? 1 : 0;
        *at++ = '"';
        for (const char c : name) *at++ = c;
        *at++ = '"';
        *at++ = ':';
        out_.append(room, static_cast<std::size_t>(at - room));
    } else {
        if (comma_) out_ += ',';
        out_ += '"';
        out_ += name;
        out_ += "\":";
    }
    comma_ = false;  // the value that follows stands right behind the colon
    return *this;
}

Writer& Writer::foreign_key(std::string_view name) {
    separate();
    append_string(out_, name);
    out_ += ':';
    comma_ = false;
    return *this;
}

Writer& Writer::string(std::string_view plain) {
    separate();
    append_string(out_, plain);
    return *this;
}

Writer& Writer::escaped(Escaped inside) {
    separate();
    append_string(out_, inside);
    return *this;
}

Writer& Writer::integer(std::int64_t value) {
    separate();
    append_integer(out_, value);
    return *this;
}

Writer& Writer::boolean(bool value) {
    separate();
    out_ += value ? "true" : "false";
    return *this;
}

Writer& Writer::null() {
    separate();
    out_ += "null";
    return *this;
}

Writer& Writer::raw(Raw value) {
    separate();
    out_ += value;
    return *this;
}

}  // namespace tollgate::json
