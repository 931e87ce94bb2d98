// OpenAI itself: Chat Completions, and Responses for the models that take tools with reasoning only
// there or are served only there (codex, pro). As OpenAiCompatible, plus the account's headers.
#pragma once
#include "providers/openai_compatible.hpp"

namespace tollgate::providers {

class OpenAi final : public OpenAiCompatible {
public:
    using OpenAiCompatible::OpenAiCompatible;
    Description describe() const override;
    ErrorVerdict classify_error(int status, const http::Headers& headers, std::string_view body,
                                domain::Protocol protocol) const override;
};

}  // namespace tollgate::providers
