#include "base/json_scan.hpp"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#define TOLLGATE_AVX2 __attribute__((target("avx2,bmi,pclmul,popcnt")))
#endif

namespace tollgate::json::detail {
namespace {

bool stops_string(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

const char* find_string_stop_bytewise(const char* at, const char* end, unsigned char& seen) {
    for (; at != end; ++at) {
        seen = static_cast<unsigned char>(seen | static_cast<unsigned char>(*at));
        if (stops_string(*at)) return at;
    }
    return end;
}

constexpr std::size_t block_bytes = 64;

// One bit per byte of a block.
struct Masks {
    std::uint64_t quotes, backslashes, opens, closes;
};

// Where a walk over a container's blocks stands.
struct Walk {
    std::uint64_t in_string = 0;  // all ones while inside a string
    std::uint64_t escape = 0;     // 1 when the next block's first byte is escaped
    std::int64_t depth = 0;
};

// Walks the brackets of one block; the offset of the byte that closes the container, or -1.
// `parity` has a bit set where the number of quotes so far in the block is odd.
[[gnu::always_inline]] inline int close_in_block(Walk& walk, const Masks& masks,
                                                 std::uint64_t parity) {
    const std::uint64_t inside = parity ^ walk.in_string;
    walk.in_string = static_cast<std::uint64_t>(static_cast<std::int64_t>(inside) >> 63);
    const std::uint64_t opens = masks.opens & ~inside;
    std::uint64_t closes = masks.closes & ~inside;
    const std::int64_t opened = __builtin_popcountll(opens);
    const std::int64_t closed = __builtin_popcountll(closes);
    if (walk.depth > closed) [[likely]] {
        walk.depth += opened - closed;
        return -1;
    }
    for (std::int64_t before = 0; closes != 0; closes &= closes - 1) {
        const int at = __builtin_ctzll(closes);
        ++before;
        const std::uint64_t below = opens & ((std::uint64_t{1} << at) - 1);
        if (walk.depth + __builtin_popcountll(below) - before <= 0) return at;
    }
    walk.depth += opened - closed;
    return -1;
}

#if defined(__x86_64__)

std::uint64_t quote_parity(std::uint64_t quotes) {
    for (int shift = 1; shift < 64; shift *= 2) quotes ^= quotes << shift;
    return quotes;
}

Masks masks_sse2(const char* at) {
    Masks masks{};
    for (int lane = 0; lane < 4; ++lane) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16 * lane));
        const __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));  // [ ] become { }
        auto put = [lane](std::uint64_t& mask, __m128i equal) {
            mask |= std::uint64_t{static_cast<unsigned>(_mm_movemask_epi8(equal))} << (16 * lane);
        };
        put(masks.quotes, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
        put(masks.backslashes, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
        put(masks.opens, _mm_cmpeq_epi8(folded, _mm_set1_epi8('{')));
        put(masks.closes, _mm_cmpeq_epi8(folded, _mm_set1_epi8('}')));
    }
    return masks;
}

int step_sse2(Walk& walk, const char* block) {
    const Masks masks = masks_sse2(block);
    const std::uint64_t quotes = masks.quotes & ~escaped_bytes(masks.backslashes, walk.escape);
    return close_in_block(walk, masks, quote_parity(quotes));
}

const char* skip_container_sse2(const char* at, const char* end) {
    Walk walk;
    for (; end - at >= static_cast<std::ptrdiff_t>(block_bytes); at += block_bytes) {
        if (const int closing = step_sse2(walk, at); closing >= 0) return at + closing + 1;
    }
    char padded[block_bytes];
    std::memset(padded, ' ', sizeof padded);
    std::memcpy(padded, at, static_cast<std::size_t>(end - at));
    const int closing = step_sse2(walk, padded);
    return closing >= 0 ? at + closing + 1 : nullptr;
}

const char* find_string_stop_sse2(const char* at, const char* end, unsigned char& seen) {
    for (; end - at >= 16; at += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const __m128i stops =
            _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                      _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))),
                         _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes));
        if (_mm_movemask_epi8(bytes) != 0) seen = 0x80;
        const auto mask = static_cast<unsigned>(_mm_movemask_epi8(stops));
        if (mask != 0) return at + __builtin_ctz(mask);
    }
    return find_string_stop_bytewise(at, end, seen);
}

TOLLGATE_AVX2 std::uint64_t bits(__m256i low, __m256i high) {
    return std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(low))} |
           std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(high))} << 32;
}

TOLLGATE_AVX2 int step_avx2(Walk& walk, const char* block) {
    const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block));
    const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + 32));
    const __m256i quote = _mm256_set1_epi8('"'), backslash = _mm256_set1_epi8('\\');
    const __m256i quotes_low = _mm256_cmpeq_epi8(low, quote);
    const __m256i quotes_high = _mm256_cmpeq_epi8(high, quote);
    const __m256i slashes_low = _mm256_cmpeq_epi8(low, backslash);
    const __m256i slashes_high = _mm256_cmpeq_epi8(high, backslash);
    const __m256i any = _mm256_or_si256(_mm256_or_si256(quotes_low, quotes_high),
                                        _mm256_or_si256(slashes_low, slashes_high));
    if (walk.in_string != 0 && _mm256_testz_si256(any, any)) {  // the middle of a long string
        walk.escape = 0;
        return -1;
    }
    Masks masks{};
    masks.backslashes = bits(slashes_low, slashes_high);
    std::uint64_t quotes = bits(quotes_low, quotes_high);
    if ((masks.backslashes | walk.escape) != 0) {
        quotes &= ~escaped_bytes(masks.backslashes, walk.escape);
    }
    if (walk.in_string != 0 && quotes == 0) return -1;
    const __m256i fold = _mm256_set1_epi8(0x20);  // [ ] become { }
    const __m256i folded_low = _mm256_or_si256(low, fold);
    const __m256i folded_high = _mm256_or_si256(high, fold);
    const __m256i open = _mm256_set1_epi8('{'), close = _mm256_set1_epi8('}');
    masks.opens = bits(_mm256_cmpeq_epi8(folded_low, open), _mm256_cmpeq_epi8(folded_high, open));
    masks.closes =
        bits(_mm256_cmpeq_epi8(folded_low, close), _mm256_cmpeq_epi8(folded_high, close));
    const __m128i spread = _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<long long>(quotes)),
                                                _mm_set1_epi8(-1), 0);
    return close_in_block(walk, masks, static_cast<std::uint64_t>(_mm_cvtsi128_si64(spread)));
}

TOLLGATE_AVX2 const char* skip_container_avx2(const char* at, const char* end) {
    Walk walk;
    for (; end - at >= static_cast<std::ptrdiff_t>(block_bytes); at += block_bytes) {
        if (const int closing = step_avx2(walk, at); closing >= 0) return at + closing + 1;
    }
    char padded[block_bytes];
    std::memset(padded, ' ', sizeof padded);
    std::memcpy(padded, at, static_cast<std::size_t>(end - at));
    const int closing = step_avx2(walk, padded);
    return closing >= 0 ? at + closing + 1 : nullptr;
}

TOLLGATE_AVX2 const char* find_string_stop_avx2(const char* at, const char* end,
                                                unsigned char& seen) {
    const __m256i quote = _mm256_set1_epi8('"'), backslash = _mm256_set1_epi8('\\');
    const __m256i control_max = _mm256_set1_epi8(0x1f);
    __m256i all = _mm256_setzero_si256();
    unsigned mask = 0;
    for (; end - at >= 32; at += 32) {
        const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
        all = _mm256_or_si256(all, bytes);
        const __m256i stops = _mm256_or_si256(
            _mm256_or_si256(_mm256_cmpeq_epi8(bytes, quote), _mm256_cmpeq_epi8(bytes, backslash)),
            _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, control_max), bytes));
        mask = static_cast<unsigned>(_mm256_movemask_epi8(stops));
        if (mask != 0) break;
    }
    if (_mm256_movemask_epi8(all) != 0) seen = 0x80;
    if (mask != 0) return at + __builtin_ctz(mask);
    return find_string_stop_bytewise(at, end, seen);
}

[[gnu::always_inline]] inline std::uint64_t unescaped(std::uint64_t quotes,
                                                      std::uint64_t backslashes) {
    if (backslashes == 0) return quotes;
    std::uint64_t carry = 0;
    return quotes & ~escaped_bytes(backslashes, carry);
}

TOLLGATE_AVX2 QuoteBlock quotes_avx2(const char* at) {
    const __m256i low = _mm256_lddqu_si256(reinterpret_cast<const __m256i*>(at));
    const __m256i high = _mm256_lddqu_si256(reinterpret_cast<const __m256i*>(at + 32));
    const __m256i quote = _mm256_set1_epi8('"'), backslash = _mm256_set1_epi8('\\');
    const __m256i space = _mm256_set1_epi8(' ');
    const std::uint64_t backslashes =
        bits(_mm256_cmpeq_epi8(low, backslash), _mm256_cmpeq_epi8(high, backslash));
    // Of signed bytes, those over 0x7f are less than a space, too.
    const std::uint64_t others =
        bits(_mm256_cmpgt_epi8(space, low), _mm256_cmpgt_epi8(space, high));
    const std::uint64_t quotes =
        bits(_mm256_cmpeq_epi8(low, quote), _mm256_cmpeq_epi8(high, quote));
    return {unescaped(quotes, backslashes), backslashes | others};
}

__attribute__((target("avx512f,avx512bw,bmi"))) QuoteBlock quotes_avx512(const char* at) {
    const __m512i block = _mm512_loadu_si512(at);
    const std::uint64_t backslashes = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('\\'));
    const std::uint64_t others = _mm512_cmplt_epi8_mask(block, _mm512_set1_epi8(' '));
    const std::uint64_t quotes = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('"'));
    return {unescaped(quotes, backslashes), backslashes | others};
}

void copy_adding_sse2(const void* from, void* to, std::size_t count, const Quad& added) {
    const auto* in = static_cast<const __m128i*>(from);
    auto* out = static_cast<__m128i*>(to);
    const __m128i step = _mm_loadu_si128(reinterpret_cast<const __m128i*>(added.data()));
    for (; count > 0; --count) {
        _mm_storeu_si128(out++, _mm_add_epi32(_mm_loadu_si128(in++), step));
    }
}

TOLLGATE_AVX2 void copy_adding_avx2(const void* from, void* to, std::size_t count,
                                    const Quad& added) {
    const auto* in = static_cast<const __m256i*>(from);
    auto* out = static_cast<__m256i*>(to);
    const __m256i step = _mm256_broadcastsi128_si256(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(added.data())));
    for (; count >= 2; count -= 2) {
        _mm256_storeu_si256(out++, _mm256_add_epi32(_mm256_lddqu_si256(in++), step));
    }
    copy_adding_sse2(in, out, count, added);
}

bool have_avx2() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul");
}
FindQuotes best_find_quotes() {
    if (!have_avx2()) return nullptr;
    // As in json_string_end.cpp: the processors that have no VBMI slow down.
    const bool wide = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi");
    return wide ? quotes_avx512 : quotes_avx2;
}
using FindStop = const char* (*)(const char*, const char*, unsigned char&);
using CopyAdding = void (*)(const void*, void*, std::size_t, const Quad&);
using SkipContainer = const char* (*)(const char*, const char*);
const FindStop find_stop_best = have_avx2() ? find_string_stop_avx2 : find_string_stop_sse2;
const SkipContainer skip_best = have_avx2() ? skip_container_avx2 : skip_container_sse2;
const CopyAdding copy_adding_best = have_avx2() ? copy_adding_avx2 : copy_adding_sse2;
const FindQuotes find_quotes_best = best_find_quotes();

#else

const char* skip_container_bytewise(const char* at, const char* end) {
    std::int64_t depth = 0;
    for (; at != end; ++at) {
        if (*at == '{' || *at == '[') {
            ++depth;
        } else if (*at == '}' || *at == ']') {
            if (--depth == 0) return at + 1;
        } else if (*at == '"') {
            for (++at; at != end && *at != '"'; ++at) {
                if (*at == '\\' && ++at == end) return nullptr;
            }
            if (at == end) return nullptr;
        }
    }
    return nullptr;
}

#endif

}  // namespace

#if defined(__x86_64__)
const char* find_string_stop_long(const char* at, const char* end, unsigned char& seen) {
    return find_stop_best(at, end, seen);
}
const char* skip_container(const char* at, const char* end) { return skip_best(at, end); }
void copy_adding(const void* from, void* to, std::size_t count, const Quad& added) {
    copy_adding_best(from, to, count, added);
}
FindQuotes find_quotes() { return find_quotes_best; }
#else
void copy_adding(const void* from, void* to, std::size_t count, const Quad& added) {
    const auto* in = static_cast<const unsigned char*>(from);
    auto* out = static_cast<unsigned char*>(to);
    for (; count > 0; --count) {
        Quad words;
        std::memcpy(&words, in, sizeof words);
        for (std::size_t i = 0; i < words.size(); ++i) words[i] += added[i];
        std::memcpy(out, &words, sizeof words);
        in += sizeof words;
        out += sizeof words;
    }
}
FindQuotes find_quotes() { return nullptr; }
const char* find_string_stop_long(const char* at, const char* end, unsigned char& seen) {
    return find_string_stop_bytewise(at, end, seen);
}
const char* skip_container(const char* at, const char* end) {
    return skip_container_bytewise(at, end);
}
#endif

}  // namespace tollgate::json::detail
