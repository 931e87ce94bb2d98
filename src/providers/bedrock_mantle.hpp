// Bedrock's second endpoint, which speaks Anthropic Messages as Anthropic does, streams included;
// signed as service `bedrock-mantle`, or with a bearer key.
// Stateless, thread-safe; borrows the dialects and the beta filter, which must outlive it.
#pragma once
#include "dialect/bedrock_model.hpp"
#include "providers/anthropic.hpp"
#include "providers/provider.hpp"

namespace tollgate::providers {

class BedrockMantle final : public Provider {
public:
    BedrockMantle(const Dialects& dialects, const BetaFilter& betas)
        : anthropic_(dialects, betas) {}

    Description describe() const override;
    std::string catalog_names(std::string_view model_name) const override {
        return dialect::bedrock_catalog_names(model_name);
    }
    base::Result<std::string> default_base_url(const domain::Deployment& target) const override;
    domain::Protocol protocol_for(const domain::Deployment& target,
                                  const dialect::Outline& outline,
                                  domain::Protocol client) const override {
        return anthropic_.protocol_for(target, outline, client);
    }
    const dialect::ProviderDialect& dialect(domain::Protocol protocol) const override {
        return anthropic_.dialect(protocol);
    }
    std::string relay_path(const domain::Deployment& target, domain::Protocol protocol,
                           std::string_view client_query, bool stream) const override {
        return anthropic_.relay_path(target, protocol, client_query, stream);
    }
    base::Result<std::vector<dialect::Splice>> body_splices(
        const domain::Deployment& target, domain::Protocol protocol, std::string_view body,
        const dialect::Outline& outline, const http::Headers& client,
        dialect::Translation& translation) const override {
        return anthropic_.body_splices(target, protocol, body, outline, client, translation);
    }
    std::optional<CountTokensCall> count_tokens(const domain::Deployment& target,
                                                domain::Protocol protocol,
                                                std::string_view client_query,
                                                std::string_view body) const override {
        return anthropic_.count_tokens(target, protocol, client_query, body);
    }
    HeaderList headers(const domain::Deployment& target, domain::Protocol client_protocol,
                       const http::Headers& client) const override {
        return anthropic_.headers(target, client_protocol, client);
    }
    void authorize(const domain::Deployment& target, const domain::Credential& credential,
                   const SignableRequest& request, HeaderList& headers) const override;
    // Anthropic's shape from the model, AWS's from what stands in front of it.
    ErrorVerdict classify_error(int status, const http::Headers& headers, std::string_view body,
                                domain::Protocol protocol) const override;

private:
    Anthropic anthropic_;
};

}  // namespace tollgate::providers
