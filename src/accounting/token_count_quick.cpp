// The rough count of a whole body: one pass over the bytes, sixteen at a time by the compiler's own
// vector code, or thirty-two where the machine can; no branches inside a block.
#include <array>
#include <cstring>

#include "accounting/token_count.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#define TOLLGATE_AVX2 __attribute__((target("avx2")))
#endif

namespace tollgate::accounting {
namespace {

// Byte counters hold 255, so that many rounds make a block.
constexpr std::size_t lanes = 16;
constexpr std::size_t rounds = 255;
constexpr std::size_t block_bytes = lanes * rounds;

struct Tally {
    std::uint32_t letters = 0;  // ASCII
    std::uint32_t words = 0;    // letters that follow something else
    std::uint32_t blanks = 0;   // spaces
    std::uint32_t quotes = 0;
    std::uint32_t beyond = 0;  // bytes outside ASCII

    void add(const Tally& other) {
        letters += other.letters;
        words += other.words;
        blanks += other.blanks;
        quotes += other.quotes;
        beyond += other.beyond;
    }
};

using Lane = std::array<std::uint8_t, lanes>;

std::uint32_t sum(const Lane& lane) {
    std::uint32_t total = 0;
    for (const std::uint8_t count : lane) total += count;
    return total;
}

// REQUIRES: text[-1] is readable and size is a multiple of `lanes`, at most block_bytes.
Tally count_block(const unsigned char* text, std::size_t size) {
    Lane letters{}, words{}, blanks{}, quotes{}, beyond{};
    const unsigned char* previous = text - 1;
    for (std::size_t at = 0; at < size; at += lanes) {
        for (std::size_t i = 0; i < lanes; ++i) {
            const unsigned char here = text[at + i];
            const unsigned char before = previous[at + i];
            const auto letter = static_cast<std::uint8_t>(
                static_cast<unsigned char>((here | 0x20) - 'a') < 26 ? 1 : 0);
            const auto letter_before = static_cast<std::uint8_t>(
                static_cast<unsigned char>((before | 0x20) - 'a') < 26 ? 1 : 0);
            letters[i] = static_cast<std::uint8_t>(letters[i] + letter);
            words[i] = static_cast<std::uint8_t>(words[i] + (letter & (letter_before ^ 1)));
            blanks[i] = static_cast<std::uint8_t>(blanks[i] + (here == ' '));
            quotes[i] = static_cast<std::uint8_t>(quotes[i] + (here == '"'));
            beyond[i] = static_cast<std::uint8_t>(beyond[i] + (here >> 7));
        }
    }
    return {sum(letters), sum(words), sum(blanks), sum(quotes), sum(beyond)};
}

#if defined(__x86_64__)

TOLLGATE_AVX2 std::uint32_t sum_bytes(__m256i counters) {
    const __m256i sums = _mm256_sad_epu8(counters, _mm256_setzero_si256());
    const __m128i halves =
        _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    return static_cast<std::uint32_t>(_mm_cvtsi128_si64(halves) + _mm_extract_epi64(halves, 1));
}

// All ones where a byte is a letter: folded to lower case, the letters are moved to the lower end
// of the signed numbers.
TOLLGATE_AVX2 __m256i letters_of(__m256i bytes) {
    const __m256i folded = _mm256_or_si256(bytes, _mm256_set1_epi8(0x20));
    const __m256i moved = _mm256_add_epi8(folded, _mm256_set1_epi8(static_cast<char>(0x80 - 'a')));
    return _mm256_cmpgt_epi8(_mm256_set1_epi8(-128 + 26), moved);
}

// As count_block.
TOLLGATE_AVX2 Tally count_block_avx2(const unsigned char* text, std::size_t size) {
    const __m256i zero = _mm256_setzero_si256();
    __m256i letters = zero, words = zero, blanks = zero, quotes = zero, beyond = zero;
    std::size_t at = 0;
    for (; size - at >= 2 * lanes; at += 2 * lanes) {
        const __m256i here = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + at));
        const __m256i before = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + at - 1));
        const __m256i letter = letters_of(here);
        // A true comparison is -1, so that counting is subtracting.
        letters = _mm256_sub_epi8(letters, letter);
        words = _mm256_sub_epi8(words, _mm256_andnot_si256(letters_of(before), letter));
        blanks = _mm256_sub_epi8(blanks, _mm256_cmpeq_epi8(here, _mm256_set1_epi8(' ')));
        quotes = _mm256_sub_epi8(quotes, _mm256_cmpeq_epi8(here, _mm256_set1_epi8('"')));
        beyond = _mm256_sub_epi8(beyond, _mm256_cmpgt_epi8(zero, here));
    }
    Tally tally{sum_bytes(letters), sum_bytes(words), sum_bytes(blanks), sum_bytes(quotes),
                sum_bytes(beyond)};
    if (at < size) tally.add(count_block(text + at, size - at));
    return tally;
}

bool have_avx2() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2");
}
using CountBlock = Tally (*)(const unsigned char*, std::size_t);
const CountBlock count_block_best = have_avx2() ? count_block_avx2 : count_block;

#else

Tally count_block_best(const unsigned char* text, std::size_t size) {
    return count_block(text, size);
}

#endif

// Fitted to JSON bodies of agents, prose and code.
double tokens_of(const Tally& tally, std::size_t bytes) {
    const double marks = static_cast<double>(bytes) - tally.letters - tally.blanks - tally.beyond;
    return 0.73 * tally.words + 0.115 * tally.letters + 0.39 * marks + 0.25 * tally.beyond;
}

}  // namespace

std::int64_t quick_estimate(std::string_view body) {
    double total = 0;
    bool in_base64 = false;
    const auto* text = reinterpret_cast<const unsigned char*>(body.data());
    // The first byte has nothing before it and is a brace anyhow.
    std::size_t at = 1;
    while (at + lanes <= body.size()) {
        std::size_t size = body.size() - at;
        size = size < block_bytes ? size - size % lanes : block_bytes;
        const Tally tally = count_block_best(text + at, size);
        // A whole block without blank, quote or accent is a picture, not something to read.
        const bool base64 = size == block_bytes && tally.blanks + tally.quotes + tally.beyond == 0;
        if (!base64) total += tokens_of(tally, size);
        if (base64 && !in_base64) total += image_tokens_max;
        in_base64 = base64;
        at += size;
    }
    if (at < body.size()) total += 0.25 * static_cast<double>(body.size() - at);
    return static_cast<std::int64_t>(total) + message_overhead_tokens;
}

}  // namespace tollgate::accounting
