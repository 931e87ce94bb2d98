// OpenRouter: OpenAI Chat with attribution headers, and moderation that looks like a refused
// credential.
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
    // Moderation comes as a 403 with its reasons in error.metadata; the credential is fine.
    // (The words of the provider behind, error.metadata.raw, are read by the dialect.)
    ErrorVerdict classify_error(int status, const http::Headers& headers, std::string_view body,
                                domain::Protocol protocol) const override;
};

}  // namespace tollgate::providers
