// The byte scans of the HTTP codec and the event stream parser: tables for short tokens, 16 bytes
// at a time for header values and lines.
// Pure. Each skip_*() gives the first byte in [at, end) that is not of its kind, or end.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif
#if defined(__SSSE3__)
#include <tmmintrin.h>
#endif

namespace tollgate::http {

// Bits of byte_kinds[].
constexpr std::uint8_t kind_token = 1;   // header names and methods: RFC 9110 tchar
constexpr std::uint8_t kind_value = 2;   // header values: all but control bytes, tab allowed
constexpr std::uint8_t kind_target = 4;  // request targets: visible ASCII

constexpr std::array<std::uint8_t, 256> make_byte_kinds() {
    std::array<std::uint8_t, 256> kinds{};
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    for (unsigned c = 0; c < 256; ++c) {
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        bool token = letter || (c < 0x80 && marks.find(static_cast<char>(c)) != marks.npos);
        bool value = c == '\t' || (c >= 0x20 && c != 0x7f);
        bool target = c > 0x20 && c < 0x7f;
        kinds[c] = static_cast<std::uint8_t>((token ? kind_token : 0) | (value ? kind_value : 0) |
                                             (target ? kind_target : 0));
    }
    return kinds;
}
inline constexpr auto byte_kinds = make_byte_kinds();

inline const char* skip_kind(const char* at, const char* end, std::uint8_t kind) {
    while (at != end && (byte_kinds[static_cast<unsigned char>(*at)] & kind) != 0) ++at;
    return at;
}

#if defined(__SSSE3__)
// A byte's low half picks a row, its high half a bit in it: the sixteen rows of the token table.
// High halves from 8 up, which are no ASCII, have no bit.
constexpr std::array<std::uint8_t, 16> make_token_rows() {
    std::array<std::uint8_t, 16> rows{};
    for (unsigned c = 0; c < 0x80; ++c) {
        if ((byte_kinds[c] & kind_token) != 0) {
            rows[c & 15] = static_cast<std::uint8_t>(rows[c & 15] | (1u << (c >> 4)));
        }
    }
    return rows;
}
inline constexpr auto token_rows = make_token_rows();

// One bit for each byte that is no token byte.
inline unsigned token_stops(__m128i bytes) {
    const __m128i low_half = _mm_set1_epi8(0x0f);
    const __m128i rows = _mm_loadu_si128(reinterpret_cast<const __m128i*>(token_rows.data()));
    const __m128i bits = _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m128i row = _mm_shuffle_epi8(rows, _mm_and_si128(bytes, low_half));
    const __m128i high = _mm_and_si128(_mm_srli_epi16(bytes, 4), low_half);
    const __m128i hit = _mm_and_si128(row, _mm_shuffle_epi8(bits, high));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(hit, _mm_setzero_si128())));
}
#endif

inline const char* skip_token(const char* at, const char* end) {
#if defined(__SSSE3__)
    for (; end - at >= 16; at += 16) {
        const unsigned stops =
            token_stops(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
        if (stops != 0) return at + __builtin_ctz(stops);
    }
#endif
    return skip_kind(at, end, kind_token);
}
inline const char* skip_target(const char* at, const char* end) {
    return skip_kind(at, end, kind_target);
}

#if defined(__SSE2__)
// One bit for each byte that no request target may hold.
inline unsigned target_stops(__m128i bytes) {
    // From '!' to '~', counted from zero: what is below wraps around to the top.
    const __m128i from_zero = _mm_sub_epi8(bytes, _mm_set1_epi8('!'));
    const __m128i outside = _mm_set1_epi8('~' - '!' + 1);
    return static_cast<unsigned>(
        _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(from_zero, outside), from_zero)));
}

// One bit for each byte that no header value may hold.
inline unsigned value_stops(__m128i bytes) {
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    control = _mm_andnot_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t')), control);
    const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(control, del)));
}
#endif

inline const char* skip_value(const char* at, const char* end) {
#if defined(__SSE2__)
    for (; end - at >= 16; at += 16) {
        const unsigned stops =
            value_stops(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
        if (stops != 0) return at + __builtin_ctz(stops);
    }
#endif
    return skip_kind(at, end, kind_value);
}

#if defined(__SSE2__)
// True when `stops` finds nothing in the text. Blocks may overlap: only whether matters, not where.
// REQUIRES: 8 bytes or more.
template <typename Stops>
bool none_stops(std::string_view text, Stops stops) {
    const auto eight = [](const char* at) {
        return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(at));
    };
    const char* at = text.data();
    const char* const end = at + text.size();
    if (text.size() < 16) return stops(_mm_unpacklo_epi64(eight(at), eight(end - 8))) == 0;
    for (; end - at > 16; at += 16) {
        if (stops(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))) != 0) return false;
    }
    return stops(_mm_loadu_si128(reinterpret_cast<const __m128i*>(end - 16))) == 0;
}
#endif

// All bytes may stand in a header's name; its value; a request target. True of nothing at all.
inline bool all_token(std::string_view text) {
#if defined(__SSSE3__)
    if (text.size() >= 8) return none_stops(text, token_stops);
#endif
    const char* const end = text.data() + text.size();
    return skip_kind(text.data(), end, kind_token) == end;
}
inline bool all_value(std::string_view text) {
#if defined(__SSE2__)
    if (text.size() >= 8) return none_stops(text, value_stops);
#endif
    const char* const end = text.data() + text.size();
    return skip_kind(text.data(), end, kind_value) == end;
}

inline bool all_target(std::string_view text) {
#if defined(__SSE2__)
    if (text.size() >= 8) return none_stops(text, target_stops);
#endif
    const char* const end = text.data() + text.size();
    return skip_target(text.data(), end) == end;
}

// The first CR or LF in [at, end), or end.
inline const char* find_line_end(const char* at, const char* end) {
#if defined(__SSE2__)
    const __m128i line_feed = _mm_set1_epi8('\n');
    const __m128i carriage_return = _mm_set1_epi8('\r');
    while (end - at >= 16) {
        __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        int found = _mm_movemask_epi8(
            _mm_or_si128(_mm_cmpeq_epi8(block, line_feed), _mm_cmpeq_epi8(block, carriage_return)));
        if (found != 0) return at + __builtin_ctz(static_cast<unsigned>(found));
        at += 16;
    }
#endif
    while (at != end && *at != '\n' && *at != '\r') ++at;
    return at;
}

// The offset past the first blank line in bytes[from, size), or 0. Lines that end in a bare LF
// count too, so that their head is parsed, and refused, at once instead of waited for.
inline std::size_t find_blank_line(const char* bytes, std::size_t from, std::size_t size) {
    std::size_t at = from;
#if defined(__SSE2__)
    // LF LF or LF CR LF are three bytes at most: blocks that share two cut none of them.
    constexpr std::size_t block = 64, step = block - 2;
    const auto line_feeds = [&](const char* here) {
        const auto load = [&](std::size_t offset) {
            const auto* where = reinterpret_cast<const __m128i*>(here + offset);
            const __m128i equal = _mm_cmpeq_epi8(_mm_loadu_si128(where), _mm_set1_epi8('\n'));
            return static_cast<std::uint64_t>(_mm_movemask_epi8(equal)) << offset;
        };
        return load(0) | load(16) | load(32) | load(48);
    };
    bool last = size - from < block;
    const bool long_enough = !last;
    while (!last) {
        last = size - at <= block;
        if (last) at = size - block;
        const std::uint64_t found = line_feeds(bytes + at);
        std::uint64_t second = found & (found << 1 | found << 2);
        for (; second != 0; second &= second - 1) {
            const std::size_t here = at + static_cast<std::size_t>(__builtin_ctzll(second));
            if (bytes[here - 1] == '\n' || bytes[here - 1] == '\r') return here + 1;
        }
        at += step;
    }
    if (long_enough) return 0;
#endif
    for (; at < size; ++at) {
        if (bytes[at] != '\n') continue;
        if (size - at >= 2 && bytes[at + 1] == '\n') return at + 2;
        if (size - at >= 3 && bytes[at + 1] == '\r' && bytes[at + 2] == '\n') return at + 3;
    }
    return 0;
}

}  // namespace tollgate::http
