// The walk over a string: quotes, escapes, control bytes and UTF-8 of 64 bytes at a time.
#include "base/json_scan.hpp"

#include <array>

#include "base/json_text.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#define TOLLGATE_AVX2 __attribute__((target("avx2,bmi")))
#define TOLLGATE_AVX512 __attribute__((target("avx2,avx512f,avx512bw,bmi,bmi2")))
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

constexpr std::ptrdiff_t no_bad_escape = 64;  // where none can be

// Where the first backslash before `stops` stands whose letter is none, counted from `at`, or
// no_bad_escape. `letters` are the places of what follows backslashes.
[[gnu::noinline]] std::ptrdiff_t bad_escape(const char* at, const char* end, std::uint64_t letters,
                                         std::uint64_t stops) {
    for (; letters != 0; letters &= letters - 1) {
        const int place = __builtin_ctzll(letters);
        if (stops != 0 && __builtin_ctzll(stops) < place) return no_bad_escape;
        if (escape_length(at + place - 1, end) == 0) return place - 1;
    }
    return no_bad_escape;
}

// Those of the letters that must be looked at one by one: a `u` is none of them when `digits` has
// the four that belong to it.
[[gnu::always_inline]] inline std::uint64_t doubtful(std::uint64_t letters, std::uint64_t units,
                                                     std::uint64_t digits) {
    units &= ~std::uint64_t{0} >> 4;  // with all of its digits in this block
    const std::uint64_t pairs = units << 1 | units << 2;
    return ((pairs | pairs << 2) & ~digits) != 0 ? letters : letters & ~units;
}

// Half a byte, looked up.
using Table = std::array<char, 16>;

// The bytes that most often follow a backslash, " aside: \ / f n r t, each at its lower half. A
// byte over 0x7f gets 0, and 0 itself 1.
alignas(16) constexpr Table usual_letters{1, 0, 'r', 0, 't',  0, 'f', 0,
                                          0, 0, 0,   0, '\\', 0, 'n', '/'};

// How two neighbours in a text can be wrong, by their halves: after Keiser and Lemire, "Validating
// UTF-8 in less than one instruction per byte" (2021). Bit N of a set stands for the half N.
struct WrongPair {
    unsigned first_high, first_low, second_high;
};
constexpr std::array<WrongPair, 8> wrong_pairs{{
    {0xf000, 0xffff, 0xf0ff},  // a sequence that its second byte does not continue
    {0x00ff, 0xffff, 0x0f00},  // a continuation of nothing
    {0x1000, 0x0003, 0x0f00},  // c0, c1: too long a form
    {0x4000, 0x0001, 0x0300},  // e0 80..9f: too long a form
    {0x4000, 0x2000, 0x0c00},  // ed a0..bf: half of a pair
    {0x8000, 0xffe1, 0x0100},  // f0 80..8f: too long a form; f5 and over
    {0x8000, 0xfff0, 0x0e00},  // f4 90..bf and over: past the last character
    {0x0f00, 0xffff, 0x0f00},  // right where a third or fourth byte must stand, and there only
}};
constexpr Table table_of(unsigned WrongPair::* half) {
    Table table{};
    for (unsigned value = 0; value < table.size(); ++value) {
        unsigned ways = 0;
        for (unsigned i = 0; i < wrong_pairs.size(); ++i) {
            ways |= (wrong_pairs[i].*half >> value & 1u) << i;
        }
        table[value] = static_cast<char>(ways);
    }
    return table;
}
alignas(16) constexpr Table first_high_table = table_of(&WrongPair::first_high);
alignas(16) constexpr Table first_low_table = table_of(&WrongPair::first_low);
alignas(16) constexpr Table second_high_table = table_of(&WrongPair::second_high);
// What subtracted with saturation leaves bit 7 of first bytes of three and of four.
constexpr char third_byte_from = 0xe0 - 0x80, fourth_byte_from = 0xf0 - 0x80;

__m128i loaded(const Table& table) {
    return _mm_load_si128(reinterpret_cast<const __m128i*>(table.data()));
}

namespace avx2 {

struct Block {
    __m256i low, high;
};

TOLLGATE_AVX2 inline std::uint64_t bits(__m256i low, __m256i high) {
    return std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(low))} |
           std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(high))} << 32;
}

TOLLGATE_AVX2 inline std::uint64_t equal(const Block& block, char c) {
    const __m256i wanted = _mm256_set1_epi8(c);
    return bits(_mm256_cmpeq_epi8(block.low, wanted), _mm256_cmpeq_epi8(block.high, wanted));
}

TOLLGATE_AVX2 inline __m256i between(__m256i bytes, char least, char span) {
    const __m256i above = _mm256_sub_epi8(bytes, _mm256_set1_epi8(least));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(above, _mm256_set1_epi8(span)), above);
}

TOLLGATE_AVX2 inline __m256i quote_or_control(__m256i bytes) {
    return _mm256_or_si256(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"')),
                           between(bytes, 0, 0x1f));
}

TOLLGATE_AVX2 inline __m256i usual_letter(__m256i bytes) {
    const __m256i table = _mm256_broadcastsi128_si256(loaded(usual_letters));
    return _mm256_or_si256(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, bytes), bytes),
                           _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('"')));
}

TOLLGATE_AVX2 inline __m256i digit(__m256i bytes) {
    const __m256i lower = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
    return _mm256_or_si256(between(bytes, '0', 9), between(lower, 'a', 5));
}

// The first bad escape before `stops`, as bad_escape(); `unusual` are letters in question.
[[gnu::noinline]] TOLLGATE_AVX2 std::ptrdiff_t checked_escapes(const char* at, const char* end,
                                                               std::uint64_t unusual,
                                                               std::uint64_t stops) {
    const Block block{_mm256_lddqu_si256(reinterpret_cast<const __m256i*>(at)),
                      _mm256_lddqu_si256(reinterpret_cast<const __m256i*>(at + 32))};
    const std::uint64_t digits = bits(digit(block.low), digit(block.high));
    return bad_escape(at, end, doubtful(unusual, unusual & equal(block, 'u'), digits), stops);
}

// Bits where a byte makes no valid UTF-8 together with those before it.
TOLLGATE_AVX2 inline __m256i wrong_utf8(__m256i before, __m256i bytes) {
    const auto table = [](const Table& of) __attribute__((target("avx2"), always_inline)) {
        return _mm256_broadcastsi128_si256(loaded(of));
    };
    const __m256i half = _mm256_set1_epi8(0x0f);
    const __m256i across = _mm256_permute2x128_si256(before, bytes, 0x21);
    const __m256i first = _mm256_alignr_epi8(bytes, across, 15);
    const __m256i first_high = _mm256_and_si256(_mm256_srli_epi16(first, 4), half);
    const __m256i second_high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half);
    const __m256i pairs = _mm256_and_si256(
        _mm256_and_si256(
            _mm256_shuffle_epi8(table(first_high_table), first_high),
            _mm256_shuffle_epi8(table(first_low_table), _mm256_and_si256(first, half))),
        _mm256_shuffle_epi8(table(second_high_table), second_high));
    const __m256i must = _mm256_or_si256(
        _mm256_subs_epu8(_mm256_alignr_epi8(bytes, across, 14), _mm256_set1_epi8(third_byte_from)),
        _mm256_subs_epu8(_mm256_alignr_epi8(bytes, across, 13),
                         _mm256_set1_epi8(fourth_byte_from)));
    return _mm256_xor_si256(pairs, _mm256_and_si256(must, _mm256_set1_epi8(char(0x80))));
}

TOLLGATE_AVX2 StringEnd string_end(const char* at, const char* end) {
    std::uint64_t flags = 0, carry = 0, high_before = 0;
    __m256i before = _mm256_setzero_si256(), wrong = before;
    for (; end - at >= block_bytes; at += block_bytes) {
        // Not loadu, which compilers split in two for the oldest machines that have it.
        const Block block{_mm256_lddqu_si256(reinterpret_cast<const __m256i*>(at)),
                          _mm256_lddqu_si256(reinterpret_cast<const __m256i*>(at + 32))};
        const std::uint64_t backslashes = equal(block, '\\');
        std::uint64_t stops = bits(quote_or_control(block.low), quote_or_control(block.high));
        if ((backslashes | carry) != 0) {
            flags |= flag_escapes;
            const std::uint64_t escaped = escaped_bytes(backslashes, carry);
            stops &= ~escaped;  // what may not be escaped is unusual, too
            const std::uint64_t unusual =
                escaped & ~bits(usual_letter(block.low), usual_letter(block.high));
            if (unusual != 0) [[unlikely]] {
                const std::ptrdiff_t bad = checked_escapes(at, end, unusual, stops);
                if (bad != no_bad_escape) return {at + bad, flags};
            }
        }
        const std::uint64_t high = bits(block.low, block.high);
        if ((high | high_before) != 0) {
            wrong = _mm256_or_si256(wrong, _mm256_or_si256(wrong_utf8(before, block.low),
                                                           wrong_utf8(block.low, block.high)));
        }
        if (stops != 0) {
            if (_mm256_testz_si256(wrong, wrong) == 0) flags |= flag_unchecked;
            return {at + __builtin_ctzll(stops), flags};
        }
        high_before = high;
        before = block.high;
    }
    // A sequence may have begun in the last three bytes.
    if (_mm256_testz_si256(wrong, wrong) == 0 || high_before >> 61 != 0) flags |= flag_unchecked;
    // The rest is read from the backslash whose letter stands there.
    return string_end_stepwise(at - carry, end, flags);
}

}  // namespace avx2

namespace avx512 {

TOLLGATE_AVX512 inline std::uint64_t between(__m512i bytes, char least, char span) {
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8(least)),
                                  _mm512_set1_epi8(span));
}

// As avx2::checked_escapes.
[[gnu::noinline]] TOLLGATE_AVX512 std::ptrdiff_t checked_escapes(__m512i block, const char* at,
                                                                 const char* end,
                                                                 std::uint64_t unusual,
                                                                 std::uint64_t stops) {
    const __m512i lower = _mm512_or_si512(block, _mm512_set1_epi8(0x20));
    const std::uint64_t digits = between(block, '0', 9) | between(lower, 'a', 5);
    const std::uint64_t units = _mm512_mask_cmpeq_epi8_mask(unusual, block, _mm512_set1_epi8('u'));
    return bad_escape(at, end, doubtful(unusual, units, digits), stops);
}

// As avx2::wrong_utf8.
TOLLGATE_AVX512 inline __m512i wrong_utf8(__m512i before, __m512i bytes) {
    const auto table = [](const Table& of) __attribute__((target("avx512f"), always_inline)) {
        return _mm512_broadcast_i32x4(loaded(of));
    };
    const __m512i half = _mm512_set1_epi8(0x0f);
    const __m512i across = _mm512_alignr_epi32(bytes, before, 12);
    const __m512i first = _mm512_alignr_epi8(bytes, across, 15);
    const __m512i first_high = _mm512_and_si512(_mm512_srli_epi16(first, 4), half);
    const __m512i second_high = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), half);
    const __m512i pairs = _mm512_and_si512(
        _mm512_and_si512(
            _mm512_shuffle_epi8(table(first_high_table), first_high),
            _mm512_shuffle_epi8(table(first_low_table), _mm512_and_si512(first, half))),
        _mm512_shuffle_epi8(table(second_high_table), second_high));
    const __m512i must = _mm512_or_si512(
        _mm512_subs_epu8(_mm512_alignr_epi8(bytes, across, 14), _mm512_set1_epi8(third_byte_from)),
        _mm512_subs_epu8(_mm512_alignr_epi8(bytes, across, 13),
                         _mm512_set1_epi8(fourth_byte_from)));
    return _mm512_xor_si512(pairs, _mm512_and_si512(must, _mm512_set1_epi8(char(0x80))));
}

TOLLGATE_AVX512 StringEnd string_end(const char* at, const char* end) {
    const __m512i quote = _mm512_set1_epi8('"'), backslash = _mm512_set1_epi8('\\');
    const __m512i space = _mm512_set1_epi8(' ');
    const __m512i letters = _mm512_broadcast_i32x4(loaded(usual_letters));
    std::uint64_t flags = 0, carry = 0;
    __m512i before = _mm512_setzero_si512(), wrong = before;
    for (;; at += block_bytes) {
        // Behind the end stand zeros: a text that ends stops there.
        const std::ptrdiff_t left = end - at;
        const __m512i block =
            left >= block_bytes
                ? _mm512_loadu_si512(at)
                : _mm512_maskz_loadu_epi8(_bzhi_u64(~std::uint64_t{0}, unsigned(left)), at);
        const std::uint64_t quotes = _mm512_cmpeq_epi8_mask(block, quote);
        const std::uint64_t backslashes = _mm512_cmpeq_epi8_mask(block, backslash);
        std::uint64_t stops = quotes | _mm512_cmplt_epu8_mask(block, space);
        // Escapes and UTF-8 are looked at even where there are none: to tell would take longer, in
        // texts that do not tell what comes next.
        flags |= (backslashes | carry) != 0 ? flag_escapes : 0;
        const std::uint64_t escaped = escaped_bytes(backslashes, carry);
        stops &= ~escaped;  // what may not be escaped is unusual, too
        const std::uint64_t unusual = _mm512_mask_cmpneq_epi8_mask(
            escaped & ~quotes, _mm512_shuffle_epi8(letters, block), block);
        if (unusual != 0) [[unlikely]] {
            const std::ptrdiff_t bad = checked_escapes(block, at, end, unusual, stops);
            if (bad != no_bad_escape) return {at + bad, flags};
        }
        wrong = _mm512_or_si512(wrong, wrong_utf8(before, block));
        if (stops != 0) {
            if (_mm512_test_epi8_mask(wrong, wrong) != 0) flags |= flag_unchecked;
            return {at + __builtin_ctzll(stops), flags};
        }
        before = block;
    }
}

}  // namespace avx512

#endif

StringEnd string_end_portable(const char* at, const char* end) {
    return string_end_stepwise(at, end, 0);
}

const FindStringEnd fastest = string_end_versions().back();

}  // namespace

std::vector<FindStringEnd> string_end_versions() {
    std::vector<FindStringEnd> versions{string_end_portable};
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
    if (has_avx2) versions.push_back(avx2::string_end);
    // The processors that have no VBMI slow down for vectors of 512 bits.
    if (has_avx2 && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vbmi")) {
        versions.push_back(avx512::string_end);
    }
#endif
    return versions;
}

StringEnd string_end(const char* at, const char* end) { return fastest(at, end); }

}  // namespace tollgate::json::detail
