// The walk over a string: quotes, escapes, control bytes and UTF-8 of 64 bytes at a time.
#include "base/json_scan.hpp"

#include <cstring>

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

// The bytes that most often follow a backslash: " \ / f n r t. Others are looked at one by one.
TOLLGATE_AVX2 std::uint64_t usual_letters(const Block& block) {
    // By its lower half: the one letter that has it; a byte over 0x7f gets 0, and 0 itself 1.
    const __m256i by_half = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(1, 0, '"', 0, 't', 0, 'f', 0, 0, 0, 0, 0, '\\', 0, 'n', '/'));
    const __m256i also = _mm256_set1_epi8('r');
    const auto usual = [&](__m256i bytes) __attribute__((target("avx2"), always_inline)) {
        return _mm256_or_si256(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(by_half, bytes), bytes),
                               _mm256_cmpeq_epi8(bytes, also));
    };
    return bits(usual(block.low), usual(block.high));
}

// The first backslash before `stops` whose letter is none, or null. `letters` are the places of
// what follows backslashes.
[[gnu::noinline]] const char* bad_escape(const char* at, const char* end, std::uint64_t letters,
                                         std::uint64_t stops) {
    for (; letters != 0; letters &= letters - 1) {
        const int place = __builtin_ctzll(letters);
        if (stops != 0 && __builtin_ctzll(stops) < place) return nullptr;
        if (escape_length(at + place - 1, end) == 0) return at + place - 1;
    }
    return nullptr;
}

// As utf8_sequence_length, with the usual two and three bytes seen at one glance.
[[gnu::always_inline]] inline std::size_t sequence_at(const char* at, const char* end) {
    std::uint32_t word = 0;
    if (end - at >= 4) {
        std::memcpy(&word, at, sizeof word);  // its lowest byte is the first
        if ((word & 0xc0c0f0) == 0x8080e0) {
            const std::uint32_t both = word & 0x200f;  // too long a form; half of a pair
            if (both != 0 && both != 0x200d) return 3;
        } else if ((word & 0xc0e0) == 0x80c0 && (word & 0x1e) != 0) {
            return 2;
        }
    }
    return utf8_sequence_length({at, static_cast<std::size_t>(end - at)});
}

// Bytes over 0x7f in one block from which on the string is left to a faster check of the whole.
constexpr int dense_bytes = 24;

// Checks the sequences that begin in the block at `at` behind `checked`; `high` are the places of
// bytes over 0x7f. The end of the last one; null when one is wrong, or there are too many of them.
[[gnu::always_inline]] TOLLGATE_AVX2 inline const char* sequences_end(const char* at,
                                                                      const char* end,
                                                                      std::uint64_t high,
                                                                      const char* checked) {
    if (__builtin_popcountll(high) > dense_bytes) [[unlikely]] return nullptr;
    if (checked > at) high &= ~std::uint64_t{0} << (checked - at);
    while (high != 0) {
        const int place = __builtin_ctzll(high);
        const std::size_t length = sequence_at(at + place, end);
        if (length == 0) [[unlikely]] return nullptr;
        checked = at + place + length;
        high &= ~std::uint64_t{0} << place << length;
    }
    return checked;
}

TOLLGATE_AVX2 std::uint64_t quotes_and_control_bytes(const Block& block) {
    const __m256i quote = _mm256_set1_epi8('"');
    const __m256i most = _mm256_set1_epi8(0x1f);
    const auto either = [&](__m256i bytes) __attribute__((target("avx2"), always_inline)) {
        return _mm256_or_si256(_mm256_cmpeq_epi8(bytes, quote),
                               _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, most), bytes));
    };
    return bits(either(block.low), either(block.high));
}

TOLLGATE_AVX2 StringEnd string_end_avx2(const char* at, const char* end) {
    std::uint64_t flags = 0;
    std::uint64_t carry = 0;
    const char* checked = at;  // what lies before it is valid UTF-8; null: not known any more
    for (; end - at >= block_bytes; at += block_bytes) {
        // Not loadu, which compilers split in two for the oldest machines that have it.
        const Block block{_mm256_lddqu_si256(reinterpret_cast<const __m256i*>(at)),
                          _mm256_lddqu_si256(reinterpret_cast<const __m256i*>(at + 32))};
        const std::uint64_t backslashes = equal(block, '\\');
        std::uint64_t stops = quotes_and_control_bytes(block);
        if ((backslashes | carry) != 0) {
            flags |= flag_escapes;
            const std::uint64_t escaped = escaped_bytes(backslashes, carry);
            stops &= ~escaped;  // what may not be escaped is unusual, too
            const std::uint64_t unusual = escaped & ~usual_letters(block);
            if (unusual != 0) [[unlikely]] {
                const char* const bad = bad_escape(at, end, unusual, stops);
                if (bad != nullptr) return {bad, flags};
            }
        }
        const std::uint64_t high = bits(block.low, block.high);
        if (high != 0 && checked != nullptr) {
            const std::uint64_t before_stop = stops ^ (stops - 1);
            checked = sequences_end(at, end, high & before_stop, checked);
        }
        if (stops != 0) {
            if (checked == nullptr) flags |= flag_unchecked;
            return {at + __builtin_ctzll(stops), flags};
        }
    }
    if (checked == nullptr) flags |= flag_unchecked;
    // The rest is read from the backslash whose letter stands there.
    return string_end_stepwise(at - carry, end, flags);
}

bool have_avx2() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
}
using FindEnd = StringEnd (*)(const char*, const char*);
const FindEnd find_end_best = have_avx2() ? string_end_avx2 : string_end_portable;

#endif

}  // namespace

StringEnd string_end_portable(const char* at, const char* end) {
    return string_end_stepwise(at, end, 0);
}
#if defined(__x86_64__)
StringEnd string_end(const char* at, const char* end) { return find_end_best(at, end); }
#else
StringEnd string_end(const char* at, const char* end) { return string_end_portable(at, end); }
#endif

}  // namespace tollgate::json::detail
