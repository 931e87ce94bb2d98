// Amazon Bedrock: Claude models by InvokeModel for Anthropic clients, everything else by Converse.
// Stateless, thread-safe; borrows the dialects and the beta filter, which must outlive it.
#pragma once
#include "dialect/bedrock_model.hpp"
#include "providers/betas.hpp"
#include "providers/provider.hpp"

namespace tollgate::providers {

struct Dialects;

class Bedrock final : public Provider {
public:
    Bedrock(const Dialects& dialects, const BetaFilter& betas)
        : dialects_(dialects), betas_(betas) {}

    Description describe() const override;
    std::string catalog_names(std::string_view model_name) const override {
        return dialect::bedrock_catalog_names(model_name);
    }
    // The region's endpoint, FIPS where wanted. Fails: no region.
    base::Result<std::string> default_base_url(const domain::Deployment& target) const override;
    // `invoke/...` and `converse/...` in front of the model force one.
    domain::Protocol protocol_for(const domain::Deployment& target,
                                  const dialect::Outline& outline,
                                  domain::Protocol client) const override;
    const dialect::ProviderDialect& dialect(domain::Protocol protocol) const override;
    // The model stands in the path, as an id, a profile or an ARN; no query of a client's.
    std::string relay_path(const domain::Deployment& target, domain::Protocol protocol,
                           std::string_view client_query, bool stream) const override;
    // Refused fields go, betas come into the body.
    base::Result<std::vector<dialect::Splice>> body_splices(
        const domain::Deployment& target, domain::Protocol protocol, std::string_view body,
        const dialect::Outline& outline, const http::Headers& client,
        dialect::Translation& translation) const override;
    bool splices_translated(const domain::Deployment& target,
                            domain::Protocol protocol) const override;
    // CountTokens knows models, not profiles; nothing for an ARN that does not name its model.
    std::optional<CountTokensCall> count_tokens(const domain::Deployment& target,
                                                domain::Protocol protocol,
                                                std::string_view client_query,
                                                std::string_view body) const override;
    std::optional<std::int64_t> read_token_count(std::string_view answer) const override;
    HeaderList headers(const domain::Deployment& target, domain::Protocol client_protocol,
                       const http::Headers& client) const override;
    void authorize(const domain::Deployment& target, const domain::Credential& credential,
                   const SignableRequest& request, HeaderList& headers) const override;
    ErrorVerdict classify_error(int status, const http::Headers& headers, std::string_view body,
                                domain::Protocol protocol) const override;

private:
    const Dialects& dialects_;
    const BetaFilter& betas_;
};

}  // namespace tollgate::providers
