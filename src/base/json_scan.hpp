// The scanning loops of the JSON parser, with the widest vectors that the machine has.
// Internal to base/json*.cpp. Pure functions, thread-safe; they read only [at, end).
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

namespace tollgate::json::detail {

// The first quote, backslash or control byte in [at, end), or end. Bit 7 of `seen` is set when a
// byte over 0x7f was passed (or stands within one vector after the stop).
const char* find_string_stop_long(const char* at, const char* end, unsigned char& seen);

// `at` stands at an opening bracket: the position after the bracket that closes it, or null when
// the text ends before. Strings are honoured, kinds of brackets are not compared.
const char* skip_container(const char* at, const char* end);

// What a walk over the inside of a string found.
struct StringEnd {
    // The closing quote; a control byte, or a backslash that begins no valid escape sequence; or
    // the end of the text.
    const char* at;
    std::uint64_t flags;
};
constexpr std::uint64_t flag_unchecked = 1;  // of the bytes over 0x7f some may be no valid UTF-8
constexpr std::uint64_t flag_escapes = 2;    // there are escape sequences, or stand close behind

// `at` stands behind the opening quote.
StringEnd string_end(const char* at, const char* end);
// The versions that this machine can run, the portable one first and the fastest last.
using FindStringEnd = StringEnd (*)(const char* at, const char* end);
std::vector<FindStringEnd> string_end_versions();

// Where strings begin and end in 64 bytes of which the first is part of no string, or begins one.
struct QuoteBlock {
    std::uint64_t quotes;   // those that no backslash escapes
    std::uint64_t special;  // backslashes, control bytes and bytes over 0x7f
};
constexpr std::ptrdiff_t quote_block_bytes = 64;
// REQUIRES: as many bytes at `at`. The fastest that this machine has; null when it has none that is
// worth it.
using FindQuotes = QuoteBlock (*)(const char* at);
FindQuotes find_quotes();

using Quad = std::array<std::uint32_t, 4>;
// Copies `count` times four words of 32 bits and adds the four of `added` to each.
void copy_adding(const void* from, void* to, std::size_t count, const Quad& added);

#if defined(__x86_64__)
// One bit for each quote, backslash and control byte.
[[gnu::always_inline]] inline unsigned string_stops(__m128i bytes) {
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    return static_cast<unsigned>(
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)));
}
#endif

// As find_string_stop_long, with the first 16 bytes looked at in place: most strings are short.
inline const char* find_string_stop(const char* at, const char* end, unsigned char& seen) {
#if defined(__x86_64__)
    if (end - at >= 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const unsigned mask = string_stops(bytes);
        if (_mm_movemask_epi8(bytes) != 0) seen = 0x80;
        if (mask != 0) return at + __builtin_ctz(mask);
        at += 16;
    }
#endif
    return find_string_stop_long(at, end, seen);
}

// The bytes that a backslash before them escapes. Of a run of backslashes the first, third, ...
// escape what follows them; adding its first bit to a run clears it, which tells the runs that
// begin at even places from the others. `carry` goes from block to block.
[[gnu::always_inline]] inline std::uint64_t escaped_bytes(std::uint64_t backslashes,
                                                          std::uint64_t& carry) {
    constexpr std::uint64_t even = 0x5555'5555'5555'5555u;
    const std::uint64_t runs = backslashes & ~carry;
    const std::uint64_t even_starts = runs & ~(runs << 1) & even;
    const std::uint64_t from_even = runs & ~(runs + even_starts);
    const std::uint64_t escaping = (from_even & even) | (runs & ~from_even & ~even);
    const std::uint64_t escaped = escaping << 1 | carry;
    carry = escaping >> 63;
    return escaped;
}

}  // namespace tollgate::json::detail
