// Every provider that speaks OpenAI Chat Completions: what sets one apart from another is its row
// in data/providers.yaml (domain::ProviderTraits), not code. Stateless, thread-safe; borrows the
// dialects, which must outlive it.
#pragma once
#include "providers/provider.hpp"

namespace tollgate::providers {

struct Dialects;

class OpenAiCompatible : public Provider {
public:
    explicit OpenAiCompatible(const Dialects& dialects) : dialects_(dialects) {}

    Description describe() const override;
    // Chat, or Responses when the row serves it and the model is reachable only there or the client
    // speaks it.
    domain::Protocol protocol_for(const domain::Deployment& target,
                                  const dialect::Outline& outline,
                                  domain::Protocol client) const override;
    const dialect::ProviderDialect& dialect(domain::Protocol protocol) const override;
    std::string relay_path(const domain::Deployment& target, domain::Protocol protocol,
                           std::string_view client_query, bool stream) const override;
    HeaderList headers(const domain::Deployment& target, domain::Protocol client_protocol,
                       const http::Headers& client) const override;
    // The same for those who prove who they are in another way.
    HeaderList headers_without_key(const domain::Deployment& target) const;
    // Adds to the dialect's reading what only the status says: 402 and 498 are no faults of the
    // request, so another candidate may serve it.
    ErrorVerdict classify_error(int status, const http::Headers& headers, std::string_view body,
                                domain::Protocol protocol) const override;

private:
    const Dialects& dialects_;
};

}  // namespace tollgate::providers
