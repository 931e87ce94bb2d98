// Writing JSON: strings, numbers, and the Writer.
#include <simdjson.h>

#include <charconv>
#include <cstring>
#include <functional>

#include "base/json.hpp"
#include "base/json_sink.hpp"
#include "base/json_text.hpp"

namespace tollgate::json {
namespace {

// What is written is mostly short: a size that is known when this is compiled makes an append of a
// few instructions, where one of any size takes more than everything else here.
constexpr std::size_t short_max = 28;  // the longest short text
constexpr std::size_t around_max = 4;  // a comma, quotes and a colon

// Room behind `out` for a short text and what stands around it.
[[gnu::always_inline]] inline char* short_room(std::string& out) {
    static constexpr char nothing[short_max + around_max]{};
    const std::size_t size = out.size();
    out.append(nothing, sizeof nothing);
    return out.data() + size;
}
// Gives back what is left of the room.
[[gnu::always_inline]] inline void cut_at(std::string& out, const char* end) {
    out.erase(static_cast<std::size_t>(end - out.data()));
}

// Copies by two halves that may overlap. REQUIRES: width <= text.size() <= 2 * width.
template <std::size_t width>
[[gnu::always_inline]] inline void copy_ends(char* to, std::string_view text) {
    char first[width], last[width];
    std::memcpy(first, text.data(), width);
    std::memcpy(last, text.data() + text.size() - width, width);
    std::memcpy(to, first, width);
    std::memcpy(to + text.size() - width, last, width);
}
// REQUIRES: text.size() <= short_max. Returns the end of the copy.
[[gnu::always_inline]] inline char* copy_short(char* to, std::string_view text) {
    const std::size_t size = text.size();
    if (size >= 16) {
        copy_ends<16>(to, text);
    } else if (size >= 8) {
        copy_ends<8>(to, text);
    } else if (size >= 4) {
        copy_ends<4>(to, text);
    } else if (size != 0) {
        to[0] = text[0];
        to[size / 2] = text[size / 2];
        to[size - 1] = text[size - 1];
    }
    return to + size;
}
[[gnu::always_inline]] inline char* copy_quoted(char* to, std::string_view text) {
    *to++ = '"';
    to = copy_short(to, text);
    *to++ = '"';
    return to;
}

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
    // Bit 7 of a byte that may not stand so, and perhaps of bytes behind it.
    const auto bad = [](std::uint64_t word) {
        return word | (word - ones * 0x20) | ((word ^ (ones * '"')) - ones) |
               ((word ^ (ones * '\\')) - ones);
    };
    const char* const at = plain.data();
    const std::size_t size = plain.size();
    std::uint64_t all = 0;
    if (size >= 8) {
        std::uint64_t word = 0;
        for (std::size_t i = 0; i + 8 < size; i += 8) {
            std::memcpy(&word, at + i, 8);
            all |= bad(word);
        }
        std::memcpy(&word, at + size - 8, 8);
        all |= bad(word);
    } else if (size >= 4) {
        std::uint32_t first = 0, last = 0;
        std::memcpy(&first, at, 4);
        std::memcpy(&last, at + size - 4, 4);
        all = bad(first | std::uint64_t{last} << 32);
    } else if (size != 0) {
        const auto byte = [&](std::size_t i) {
            return std::uint64_t{static_cast<unsigned char>(at[i])};
        };
        all = bad(byte(0) | byte(size / 2) << 8 | byte(size - 1) << 16 | ones << 24 | ones << 29);
    }
    return (all & (ones * 0x80)) == 0;
}

void append_escaped(std::string& out, std::string_view plain) {
    if (plain.size() <= short_max && needs_no_escape(plain)) {
        cut_at(out, copy_short(short_room(out), plain));
        return;
    }
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
    if (plain.size() <= short_max && needs_no_escape(plain)) {
        cut_at(out, copy_quoted(short_room(out), plain));
        return;
    }
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
    char* const room = short_room(out);  // holds every 64-bit number
    cut_at(out, std::to_chars(room, room + short_max, value).ptr);
}

Writer& Writer::key(std::string_view name) {
    if (name.size() <= short_max) [[likely]] {
        char* at = short_room(out_);
        *at = ',';
        at = copy_quoted(at + (comma_ ? 1 : 0), name);
        *at++ = ':';
        cut_at(out_, at);
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
    if (plain.size() <= short_max && needs_no_escape(plain)) [[likely]] {
        return escaped(Escaped{plain});
    }
    separate();
    append_string(out_, plain);
    return *this;
}

Writer& Writer::escaped(Escaped inside) {
    if (inside.raw.size() <= short_max) {
        char* const at = short_room(out_);
        *at = ',';
        cut_at(out_, copy_quoted(at + (comma_ ? 1 : 0), inside.raw));
        comma_ = true;
        return *this;
    }
    separate();
    out_ += '"';
    put(inside.raw);
    out_ += '"';
    return *this;
}

// Whatever was made up on the way is no part of the lender, and copied.
bool Writer::lends(std::string_view text) {
    if (lent_ == nullptr) return false;
    const std::less<> before;
    const char* const end = lender_.data() + lender_.size();
    if (before(text.data(), lender_.data()) || before(end, text.data() + text.size())) return false;
    lent_->push_back({out_.size(), text, nullptr});
    return true;
}

void Writer::put_shared(const std::shared_ptr<const std::string>& text) {
    if (lent_ == nullptr || text->size() < lent_bytes_min) {
        out_ += *text;
    } else {
        lent_->push_back({out_.size(), *text, text});
    }
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
    if (value.size() <= short_max) {
        char* const at = short_room(out_);
        *at = ',';
        cut_at(out_, copy_short(at + (comma_ ? 1 : 0), value));
        comma_ = true;
        return *this;
    }
    separate();
    put(value);
    return *this;
}

}  // namespace tollgate::json
