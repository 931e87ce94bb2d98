// OpenRouter: OpenAI Chat with attribution headers, and errors that wrap another provider's.
#pragma once
#include "providers/openai_compatible.hpp"

namespace tollgate::providers {

class OpenRouter final : public OpenAiCompatible {
public:
    using OpenAiCompatible::OpenAiCompatible;
    Description describe() const override;
    // As OpenAiCompatible, with X-Title unless configured; HTTP-Referer only when configured.
    HeaderList headers(const domain::Deployment& target, domain::Protocol client_protocol,
                       const http::Headers& client) const override;
    // Looks into error.metadata: the words of the provider behind, and moderation's reasons (which
    // come as a 403 although the credential is fine).
    ErrorVerdict classify_error(int status, const http::Headers& headers, std::string_view body,
                                domain::Protocol protocol) const override;
};

}  // namespace tollgate::providers
