// Cohere by its own chat interface, version 2. Stateless, thread-safe; borrows the dialects.
#pragma once
#include "providers/provider.hpp"

namespace tollgate::providers {

struct Dialects;

class Cohere final : public Provider {
public:
    explicit Cohere(const Dialects& dialects) : dialects_(dialects) {}
    Description describe() const override;
    domain::Protocol protocol_for(const domain::Deployment& target,
                                  const dialect::Outline& outline,
                                  domain::Protocol client) const override;
    const dialect::ProviderDialect& dialect(domain::Protocol protocol) const override;
    // A base URL that ends in /v2 is understood.
    std::string relay_path(const domain::Deployment& target, domain::Protocol protocol,
                           std::string_view client_query, bool stream) const override;
    HeaderList headers(const domain::Deployment& target, domain::Protocol client_protocol,
                       const http::Headers& client) const override;
    ErrorVerdict classify_error(int status, const http::Headers& headers, std::string_view body,
                                domain::Protocol protocol) const override;

private:
    const Dialects& dialects_;
};

}  // namespace tollgate::providers
