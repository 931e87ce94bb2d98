// The built-in request bodies: the same bytes in every run, so that hashes can be compared.
// Pure. Large ones look like a coding agent's turn: system blocks, 24 tools with schemas (one of
// 21 KB), tool calls and results full of escapes, thinking, output_config, metadata.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace bench {

struct BodyRequest {
    // small-anthropic, large-anthropic, small-openai, large-openai, large-responses, large-gemini
    std::string_view name;
    std::string_view model;
    bool stream = false;
    std::size_t bytes = 103'000;  // large bodies are filled up to exactly this size
};

// std::nullopt when there is no such body.
std::optional<std::string> build_body(const BodyRequest& request);

}  // namespace bench
