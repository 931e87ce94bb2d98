// Azure AI Foundry: many makers' models at a customer's own resource. Claude speaks Anthropic's
// protocol there, all others OpenAI's. Stateless, thread-safe.
#pragma once
#include <memory>

#include "providers/anthropic.hpp"
#include "providers/openai_compatible.hpp"

namespace tollgate::providers {

class AzureAi final : public OpenAiCompatible {
public:
    AzureAi(const Dialects& dialects, const BetaFilter& betas);
    ~AzureAi() override;
    Description describe() const override;
    // Always fails, naming the settings: each customer has a resource of their own.
    base::Result<std::string> default_base_url(const domain::Deployment& target) const override;
    // Anthropic for Claude, known by its name or by the model that base_model names.
    domain::Protocol protocol_for(const domain::Deployment& target,
                                  const dialect::Outline& outline,
                                  domain::Protocol client) const override;
    const dialect::ProviderDialect& dialect(domain::Protocol protocol) const override;
    // Claude: /anthropic/v1/messages. Others: /models/chat/completions with a dated api_version,
    // else /openai/v1/chat/completions; /v1/chat/completions at hosts of single models.
    std::string relay_path(const domain::Deployment& target, domain::Protocol protocol,
                           std::string_view client_query, bool stream) const override;
    base::Result<std::vector<dialect::Splice>> body_splices(
        const domain::Deployment& target, domain::Protocol protocol, std::string_view body,
        const dialect::Outline& outline, const http::Headers& client,
        dialect::Translation& translation) const override;
    std::optional<CountTokensCall> count_tokens(const domain::Deployment& target,
                                                domain::Protocol protocol,
                                                std::string_view client_query,
                                                std::string_view body) const override;
    HeaderList headers(const domain::Deployment& target, domain::Protocol client_protocol,
                       const http::Headers& client) const override;
    ErrorVerdict classify_error(int status, const http::Headers& headers, std::string_view body,
                                domain::Protocol protocol) const override;

private:
    Anthropic claude_;
    std::unique_ptr<dialect::ProviderDialect> claude_dialect_;
};

}  // namespace tollgate::providers
