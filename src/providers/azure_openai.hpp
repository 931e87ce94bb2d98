// Azure OpenAI: OpenAI's protocols at a customer's own resource, where a model is a deployment.
// Two forms of URL: the classic one with a dated api-version and the deployment in the path, and
// /openai/v1, where the deployment is the body's model. Stateless, thread-safe.
#pragma once
#include "providers/openai_compatible.hpp"

namespace tollgate::providers {

// Where below a resource's URL a call goes. `base_url` may name the resource alone, or end in
// /openai, /openai/v1, /openai/deployments/NAME or in the whole path of an operation.
struct AzurePath {
    enum class Form : std::uint8_t { classic, v1, whole };
    Form form = Form::v1;
    std::string version;  // the query's api-version, "" when none is sent
};
// api_version: a date is the classic form; `v1`, `latest` and none are /openai/v1; `preview` is
// /openai/v1 with ?api-version=preview.
AzurePath azure_form(std::string_view base_url, std::string_view api_version);

class AzureOpenAi final : public OpenAiCompatible {
public:
    using OpenAiCompatible::OpenAiCompatible;
    Description describe() const override;
    // Always fails, naming the settings: each customer has a resource of their own.
    base::Result<std::string> default_base_url(const domain::Deployment& target) const override;
    // Chat where the URL names the path of a deployment, which has no Responses below it.
    domain::Protocol protocol_for(const domain::Deployment& target,
                                  const dialect::Outline& outline,
                                  domain::Protocol client) const override;
    std::string relay_path(const domain::Deployment& target, domain::Protocol protocol,
                           std::string_view client_query, bool stream) const override;
    // Adds what to do about an unknown deployment.
    ErrorVerdict classify_error(int status, const http::Headers& headers, std::string_view body,
                                domain::Protocol protocol) const override;
};

}  // namespace tollgate::providers
