// How many tokens a text or a request will be, estimated without a vocabulary: for count_tokens at
// providers that do not count, for the usage that message_start must name before the provider has
// said anything, and for limits before a call.
//
// The text is cut as the tokenizers of the o200k kind cut it before they merge bytes (words with
// the character before them, three digits at a time, runs of punctuation, white space); each piece
// then costs what such a piece costs on average, by script, case and length, times what the model's
// family makes of it (token_families.hpp). Held by the texts of tests/golden/tokens to 10 % of the
// true count. Pure functions, any thread. Units: tokens.
#pragma once
#include <cstdint>
#include <string_view>

#include "accounting/token_families.hpp"
#include "base/json.hpp"
#include "domain/conversation.hpp"

namespace tollgate::accounting {

// What a request holds besides its text.
constexpr std::int64_t message_overhead_tokens = 4;  // role and separators of one message
constexpr std::int64_t tool_overhead_tokens = 8;     // braces and keys around one tool
constexpr std::int64_t tools_preamble_tokens =
    346;                                          // Anthropic's hidden text, when tools are given
constexpr std::int64_t image_tokens_max = 1'600;  // also where the size cannot be read
constexpr std::int64_t image_low_detail_tokens = 85;  // OpenAI's detail: low
constexpr std::int64_t image_edge_max = 1'568;        // pixels; larger images are scaled down first
constexpr std::int64_t image_pixels_per_token = 750;
constexpr std::int64_t document_page_tokens = 2'500;  // text and picture of a PDF page
constexpr std::int64_t document_page_bytes = 40'000;  // of a PDF, when pages cannot be counted
constexpr std::int64_t audio_tokens_per_second = 10;

// Plain text, as a person reads it.
std::int64_t estimate_text(std::string_view plain, Vocabulary vocabulary = Vocabulary::o200k);
// The inside of a JSON string: escapes count as what they stand for.
std::int64_t estimate_text(json::Escaped text, Vocabulary vocabulary = Vocabulary::o200k);

// System, messages, tools and the output schema. Images by their size in pixels as Anthropic counts
// (width * height / 750 after scaling to 1568 on the long edge, at most 1600), documents by page,
// audio by second. Text inside tool arguments and schemas counts as it is spelled.
std::int64_t estimate_request(const domain::Request& request,
                              Vocabulary vocabulary = Vocabulary::o200k);
// The same with the texts counted by another.
class TextCounter {
public:
    virtual ~TextCounter() = default;
    virtual std::int64_t count(std::string_view plain) const = 0;
    virtual std::int64_t count(json::Escaped text) const = 0;
};
std::int64_t count_request(const domain::Request& request, const TextCounter& texts);

// A rough figure for a whole JSON body at the speed of memory (about 10 GB/s): for message_start
// only. Long stretches of base64 count as one image each.
std::int64_t quick_estimate(std::string_view body);

// Width times height limits of a base64 PNG, JPEG, GIF or WebP as tokens; image_tokens_max when the
// size cannot be read from its first 48 KB.
std::int64_t estimate_image(std::string_view base64);

}  // namespace tollgate::accounting
