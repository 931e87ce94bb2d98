// Which tokenizer a model has, and what a text's pieces cost in it. Pure functions, any thread.
#pragma once
#include <cstdint>
#include <string_view>

#include "accounting/token_count_text.hpp"

namespace tollgate::accounting {

// The families whose vocabularies are published. `claude` is what Anthropic published last, of
// Claude 2; `mistral` is Tekken, `gemma` stands for Gemini too.
enum class Vocabulary : std::uint8_t {
    o200k, cl100k, claude, llama3, qwen, deepseek, gemma, mistral
};
constexpr std::size_t vocabularies = 8;
std::string_view to_string(Vocabulary vocabulary);

// By the model's name as its provider knows it ("us.anthropic.claude-...", "llama-3.3-70b"). What
// is not known counts as o200k, the densest of them for English and code.
Vocabulary vocabulary_of(std::string_view model_name);

// Tokens of a text whose pieces cost so much; not rounded.
double tokens_in(Vocabulary vocabulary, const PieceCosts& costs);

}  // namespace tollgate::accounting
