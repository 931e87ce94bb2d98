// The rough count of a whole body: one pass over the bytes, sixteen at a time by the compiler's own
// vector code, no branches inside a block.
#include <array>
#include <cstring>

#include "accounting/token_count.hpp"

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
        const Tally tally = count_block(text + at, size);
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
