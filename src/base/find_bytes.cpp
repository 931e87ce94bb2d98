#include "base/find_bytes.hpp"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

namespace tollgate::base {

std::size_t find_bytes(std::string_view text, std::string_view needle, std::size_t from) {
#if defined(__x86_64__)
    // Sixteen positions at a time: first and last byte of the needle must both be there.
    const __m128i first = _mm_set1_epi8(needle.front()), last = _mm_set1_epi8(needle.back());
    const std::size_t span = needle.size() - 1;
    for (; from + span + 16 <= text.size(); from += 16) {
        const char* at = text.data() + from;
        const __m128i heads = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const __m128i tails = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + span));
        auto mask = static_cast<unsigned>(_mm_movemask_epi8(
            _mm_and_si128(_mm_cmpeq_epi8(heads, first), _mm_cmpeq_epi8(tails, last))));
        for (; mask != 0; mask &= mask - 1) {
            const std::size_t hit = from + static_cast<std::size_t>(__builtin_ctz(mask));
            if (text.substr(hit, needle.size()) == needle) return hit;
        }
    }
#endif
    return text.find(needle, from);
}

}  // namespace tollgate::base
