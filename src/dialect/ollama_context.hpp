// How large a context Ollama has to load for a request: its own default cuts a long prompt without
// a word. Pure functions, tokens.
#pragma once
#include <cstdint>

#include "domain/conversation.hpp"
#include "domain/target.hpp"

namespace tollgate::dialect {

// Each other size makes the server load the model anew, so sizes come in few steps: 4096, then
// powers of two and the middles between them.
std::int64_t context_step(std::int64_t tokens);

// Tokens of the prompt, rather too many than too few.
std::int64_t prompt_tokens_at_most(const domain::Request& request);

// The larger of the configured num_ctx and the step that holds prompt and answer, at most what the
// model can take.
std::int64_t context_for(const domain::Request& request, const domain::Deployment& target,
                         std::int64_t output_tokens);

}  // namespace tollgate::dialect
