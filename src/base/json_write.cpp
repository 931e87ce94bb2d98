// Writing JSON: strings, compact copies of values, and the Writer.
#include <simdjson.h>

#include <charconv>
#include <cstring>

#include "base/json.hpp"
#include "base/json_scan.hpp"
#include "base/json_text.hpp"

namespace tollgate::json {
namespace {

// Collects what is written in small steps, so that the string's own bookkeeping is paid once per
// kilobyte.
class Sink {
public:
    explicit Sink(std::string& out) : out_(out) {}
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    ~Sink() { flush(); }

    void put(char c) {
        if (left() == 0) flush();
        *next_++ = c;
    }
    // An escape sequence, escaped itself: \n becomes \\n, \" becomes \\\".
    void escape_again(char letter) {
        if (left() < 4) flush();
        next_[0] = '\\';
        next_[1] = '\\';
        next_[2] = '\\';
        if (letter == '"' || letter == '\\') {
            next_[3] = letter;
            next_ += 4;
        } else {
            next_[2] = letter;
            next_ += 3;
        }
    }
    void put(char first, char second) {
        if (left() < 2) flush();
        next_[0] = first;
        next_[1] = second;
        next_ += 2;
    }

    // Copies what may stand in a string as it is; returns where that ends: at a quote, a backslash,
    // a control byte or `end`.
    [[gnu::always_inline]] const char* plain(const char* at, const char* end) {
#if defined(__x86_64__)
        for (; end - at >= 16; at += 16, next_ += 16) {
            if (left() < 16) [[unlikely]] flush();
            const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
            _mm_storeu_si128(reinterpret_cast<__m128i*>(next_), bytes);
            const unsigned stops = detail::string_stops(bytes);
            if (stops == 0) continue;
            const int passed = __builtin_ctz(stops);
            next_ += passed;
            return at + passed;
        }
#endif
        for (; at != end && !stops_string(*at); ++at) put(*at);
        return at;
    }

    void escape(char c) {
        switch (c) {
            case '"':
            case '\\': return put('\\', c);
            case '\n': return put('\\', 'n');
            case '\r': return put('\\', 'r');
            case '\t': return put('\\', 't');
            case '\b': return put('\\', 'b');
            case '\f': return put('\\', 'f');
            default: break;
        }
        static constexpr char digits[] = "0123456789abcdef";
        put('\\', 'u');
        put('0', '0');
        put(digits[static_cast<unsigned char>(c) >> 4], digits[c & 0xf]);
    }

private:
    static bool stops_string(char c) {
        return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
    }
    std::size_t left() const { return static_cast<std::size_t>(room_ + sizeof room_ - next_); }
    void flush() {
        out_.append(room_, static_cast<std::size_t>(next_ - room_));
        next_ = room_;
    }

    std::string& out_;
    char room_[1024];
    char* next_ = room_;
};

void append_escaped_valid(std::string& out, std::string_view plain) {
    const char* at = plain.data();
    const char* const end = at + plain.size();
    Sink sink(out);
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

void append_compact(std::string& out, Raw value) {
    const char* at = value.data();
    const char* const end = at + value.size();
    const char* from = at;
    unsigned char seen = 0;
    while (at != end) {
        if (*at == '"') {
            for (++at;;) {
                at = detail::find_string_stop(at, end, seen);
                if (at == end || *at == '"') break;
                at += *at == '\\' && end - at > 1 ? 2 : 1;
            }
            if (at != end) ++at;
        } else if (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t') {
            out.append(from, static_cast<std::size_t>(at - from));
            from = ++at;
        } else {
            ++at;
        }
    }
    out.append(from, static_cast<std::size_t>(end - from));
}

void append_compact_escaped(std::string& out, Raw value) {
    const char* at = value.data();
    const char* const end = at + value.size();
    Sink sink(out);
    while (at != end) {
        const char c = *at++;
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
        if (c != '"') {
            sink.put(c);
            continue;
        }
        sink.put('\\', '"');
        while ((at = sink.plain(at, end)) != end && *at != '"') {
            if (*at == '\\' && end - at > 1) {
                sink.escape_again(at[1]);
                at += 2;
            } else {
                sink.escape(*at++);
            }
        }
        if (at == end) break;
        sink.put('\\', '"');
        ++at;
    }
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
