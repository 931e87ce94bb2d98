// "The prompt is too long" in the words of many servers, with the figures they name.
// Pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace tollgate::dialect {

struct ContextOverflow {
    std::int64_t prompt_tokens = 0;   // of the prompt; with the answer when only that is said
    std::int64_t context_tokens = 0;  // the limit, 0 when not said
    // The prompt alone fits: the largest max_tokens that does too, else 0.
    std::int64_t max_tokens_fitting = 0;
};
// Nothing when `message` (plain text) does not speak of an exceeded context.
std::optional<ContextOverflow> read_context_overflow(std::string_view message);

}  // namespace tollgate::dialect
