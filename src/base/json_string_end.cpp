// The walk over a long string: quotes, escapes and control bytes of 64 bytes at a time.
#include "base/json_scan.hpp"
#include "base/json_text.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#define TOLLGATE_AVX2 __attribute__((target("avx2,bmi,popcnt")))
#endif

namespace tollgate::json::detail {
namespace {

// From one stop to the next: for what is left at the end of the text, and for other machines.
StringEnd string_end_stepwise(const char* at, const char* end, std::uint64_t flags) {
    unsigned char seen = 0;
    for (;;) {
        at = find_string_stop(at, end, seen);
        if (at == end || *at != '\\') break;
        const std::size_t length = escape_length(at, end);
        if (length == 0) break;
        flags |= flag_escapes;
        at += length;
    }
    return {at, flags | (seen >> 7)};
}

#if defined(__x86_64__)

constexpr std::ptrdiff_t block_bytes = 64;

struct Block {
    __m256i low, high;
};

TOLLGATE_AVX2 std::uint64_t bits(__m256i low, __m256i high) {
    return std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(low))} |
           std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(high))} << 32;
}

TOLLGATE_AVX2 std::uint64_t equal(const Block& block, char c) {
    const __m256i wanted = _mm256_set1_epi8(c);
    return bits(_mm256_cmpeq_epi8(block.low, wanted), _mm256_cmpeq_epi8(block.high, wanted));
}

TOLLGATE_AVX2 std::uint64_t control_bytes(const Block& block) {
    const __m256i most = _mm256_set1_epi8(0x1f);
    return bits(_mm256_cmpeq_epi8(_mm256_min_epu8(block.low, most), block.low),
                _mm256_cmpeq_epi8(_mm256_min_epu8(block.high, most), block.high));
}

// The bytes that may not follow a backslash, and u, which needs its digits. The others may whose
// halves have entries that share a bit: 1 for 2f and 22, 2 for 5c, 4 for 62 66 6e, 8 for 72 74.
TOLLGATE_AVX2 std::uint64_t no_escape_letters(const Block& block) {
    const __m256i by_low = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 0, 13, 0, 8, 0, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1));
    const __m256i by_high = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i nibble = _mm256_set1_epi8(0x0f);
    const auto shared = [&](__m256i bytes) __attribute__((target("avx2"), always_inline)) {
        const __m256i upper = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);
        const __m256i both = _mm256_and_si256(_mm256_shuffle_epi8(by_low, bytes),
                                              _mm256_shuffle_epi8(by_high, upper));
        return _mm256_cmpeq_epi8(both, _mm256_setzero_si256());
    };
    return bits(shared(block.low), shared(block.high));
}

// The first \u before `stop` that lacks its digits, or null. `units` are the places of the u's.
[[gnu::noinline]] const char* bad_unit(const char* at, const char* end, std::uint64_t units,
                                       std::uint64_t stops) {
    for (; units != 0; units &= units - 1) {
        const int place = __builtin_ctzll(units);
        if (stops != 0 && __builtin_ctzll(stops) < place) return nullptr;
        if (escape_length(at + place - 1, end) == 0) return at + place - 1;
    }
    return nullptr;
}

TOLLGATE_AVX2 StringEnd string_end_avx2(const char* at, const char* end) {
    std::uint64_t flags = 0;
    __m256i all = _mm256_setzero_si256();
    std::uint64_t carry = 0;
    const char* found = nullptr;
    for (; end - at >= block_bytes; at += block_bytes) {
        const Block block{_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)),
                          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32))};
        all = _mm256_or_si256(all, _mm256_or_si256(block.low, block.high));
        const std::uint64_t backslashes = equal(block, '\\');
        std::uint64_t stops = equal(block, '"');
        std::uint64_t wrong = 0;
        if ((backslashes | carry) != 0) {
            flags |= flag_escapes;
            const std::uint64_t escaped = escaped_bytes(backslashes, carry);
            wrong = escaped & no_escape_letters(block);
            stops = (stops & ~escaped) | control_bytes(block);
            if (wrong != 0) [[unlikely]] {
                const std::uint64_t units = wrong & equal(block, 'u');
                wrong &= ~units;
                stops |= wrong;
                found = bad_unit(at, end, units, stops);
                if (found != nullptr) break;
            }
        } else {
            stops |= control_bytes(block);
        }
        if (stops != 0) {
            // A wrong letter is reported at its backslash.
            found = at + __builtin_ctzll(stops) - ((wrong & stops & -stops) != 0 ? 1 : 0);
            break;
        }
    }
    if (_mm256_movemask_epi8(all) != 0) flags |= flag_high;
    if (found != nullptr) return {found, flags};
    // The rest is read from the backslash whose letter stands there.
    return string_end_stepwise(at - carry, end, flags);
}

StringEnd string_end_sse2(const char* at, const char* end) {
    return string_end_stepwise(at, end, 0);
}

bool have_avx2() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
}
using FindEnd = StringEnd (*)(const char*, const char*);
const FindEnd find_end_best = have_avx2() ? string_end_avx2 : string_end_sse2;

#endif

}  // namespace

#if defined(__x86_64__)
StringEnd string_end_long(const char* at, const char* end) { return find_end_best(at, end); }
#else
StringEnd string_end_long(const char* at, const char* end) {
    return string_end_stepwise(at, end, 0);
}
#endif

}  // namespace tollgate::json::detail
