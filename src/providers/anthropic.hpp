// Anthropic Messages: api.anthropic.com and every server of that shape. Stateless, thread-safe;
// borrows the dialects and the beta filter, which must outlive it.
#pragma once
#include "providers/betas.hpp"
#include "providers/provider.hpp"

namespace tollgate::providers {

struct Dialects;

class Anthropic final : public Provider {
public:
    Anthropic(const Dialects& dialects, const BetaFilter& betas)
        : dialects_(dialects), betas_(betas) {}

    Description describe() const override;
    domain::Protocol protocol_for(const domain::Deployment& target,
                                  const dialect::Outline& outline,
                                  domain::Protocol client) const override;
    const dialect::ProviderDialect& dialect(domain::Protocol protocol) const override;
    // The row's path (/v1/messages) and the client's query as it came (?beta=true).
    std::string relay_path(const domain::Deployment& target, domain::Protocol protocol,
                           std::string_view client_query, bool stream) const override;
    std::optional<CountTokensCall> count_tokens(const domain::Deployment& target,
                                                domain::Protocol protocol,
                                                std::string_view client_query,
                                                std::string_view body) const override;
    // The fields that the target refuses, with their betas (BetaFilter).
    base::Result<std::vector<dialect::Splice>> body_splices(
        const domain::Deployment& target, domain::Protocol protocol, std::string_view body,
        const dialect::Outline& outline, const http::Headers& client,
        dialect::Translation& translation) const override;
    // An Anthropic client's own headers are open lists: anthropic-*, x-stainless-*,
    // x-claude-code-*, content-type, accept, user-agent and x-app pass unchanged, no other does.
    HeaderList headers(const domain::Deployment& target, domain::Protocol client_protocol,
                       const http::Headers& client) const override;
    // The same for those who prove who they are in another way.
    HeaderList headers_without_key(const domain::Deployment& target,
                                   domain::Protocol client_protocol,
                                   const http::Headers& client) const;
    ErrorVerdict classify_error(int status, const http::Headers& headers, std::string_view body,
                                domain::Protocol protocol) const override;

private:
    const Dialects& dialects_;
    const BetaFilter& betas_;
};

// True for the client's headers that an Anthropic-shaped provider may see.
bool passes_to_anthropic(std::string_view header_name);

}  // namespace tollgate::providers
