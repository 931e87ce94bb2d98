#include "providers/bedrock_mantle.hpp"

#include "dialect/bedrock_failure.hpp"
#include "providers/bedrock_signature.hpp"
#include "providers/registry.hpp"
#include "providers/retry_after.hpp"

namespace tollgate::providers {

Description BedrockMantle::describe() const {
    return {"bedrock_mantle",
            "Amazon Bedrock (Anthropic endpoint)",
            {"aws_region_name", "aws_access_key_id", "aws_secret_access_key", "aws_session_token",
             "aws_profile_name", "aws_role_name", "api_key", "api_base"}};
}

base::Result<std::string> BedrockMantle::default_base_url(const domain::Deployment& target) const {
    TRY(const std::string region, aws_host_region("bedrock_mantle", target));
    return "https://bedrock-mantle." + region + ".api.aws/anthropic";
}

void BedrockMantle::authorize(const domain::Deployment& target,
                              const domain::Credential& credential,
                              const SignableRequest& request, HeaderList& headers) const {
    sign_for_aws("bedrock-mantle", target, credential, request, headers);
}

ErrorVerdict BedrockMantle::classify_error(int status, const http::Headers& headers,
                                           std::string_view body,
                                           domain::Protocol protocol) const {
    const std::string_view type = headers.get("x-amzn-errortype");
    if (type.empty() || body.find("\"error\"") != std::string_view::npos) {
        return anthropic_.classify_error(status, headers, body, protocol);
    }
    ErrorVerdict verdict;
    verdict.failure =
        dialect::bedrock_failure(status, type, dialect::read_bedrock_problem(body).message);
    verdict.retry_after = retry_after(status, headers);
    verdict.foreign_body = true;
    return verdict;
}

}  // namespace tollgate::providers
