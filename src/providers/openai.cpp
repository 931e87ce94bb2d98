#include "providers/openai.hpp"

namespace tollgate::providers {

Description OpenAi::describe() const {
    return {"openai", "OpenAI", {"api_key", "api_base", "organization", "project"}};
}

ErrorVerdict OpenAi::classify_error(int status, const http::Headers& headers,
                                    std::string_view body, domain::Protocol protocol) const {
    auto verdict = OpenAiCompatible::classify_error(status, headers, body, protocol);
    // An account without credit answers 429 like a rate limit, but no waiting helps: the reset
    // times beside it speak of another limit.
    if (verdict.failure.type == "insufficient_quota") {
        verdict.retry_after = std::chrono::milliseconds(-1);
    }
    return verdict;
}

}  // namespace tollgate::providers
