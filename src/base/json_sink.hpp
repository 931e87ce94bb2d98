// Where JSON is written in small steps.
// Internal to base/json*.cpp. Not thread-safe: of one function at a time.
#pragma once
#include <cstddef>
#include <string>

#include "base/json_scan.hpp"

namespace tollgate::json::detail {

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
            if (left() < 16) [[unlikely]]
                flush();
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

}  // namespace tollgate::json::detail
