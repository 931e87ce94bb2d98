// The two scanning loops of the JSON parser, with the widest vectors that the machine has.
// Internal to base/json*.cpp. Pure functions, thread-safe; they read only [at, end).
#pragma once
#include <cstddef>
#include <cstdint>

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

// As find_string_stop_long, with the first 16 bytes looked at in place: most strings are short.
inline const char* find_string_stop(const char* at, const char* end, unsigned char& seen) {
#if defined(__x86_64__)
    if (end - at >= 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
        const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
        const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
        const __m128i stops = _mm_or_si128(_mm_or_si128(quote, backslash), control);
        const auto mask = static_cast<unsigned>(_mm_movemask_epi8(stops));
        if (_mm_movemask_epi8(bytes) != 0) seen = 0x80;
        if (mask != 0) return at + __builtin_ctz(mask);
        at += 16;
    }
#endif
    return find_string_stop_long(at, end, seen);
}

}  // namespace tollgate::json::detail
