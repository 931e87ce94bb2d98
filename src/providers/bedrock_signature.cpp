#include "providers/bedrock_signature.hpp"

#include <algorithm>

#include "crypto/digest.hpp"
#include "crypto/sigv4.hpp"
#include "dialect/bedrock_model.hpp"
#include "providers/header_list.hpp"

namespace tollgate::providers {
namespace {

constexpr std::string_view default_region = "us-east-1";

// "us-east-1" of "arn:aws:bedrock:us-east-1:123456789012:inference-profile/..."
std::string_view region_of_arn(std::string_view arn) {
    if (!arn.starts_with("arn:")) return {};
    for (int field = 0; field < 3; ++field) {
        const auto colon = arn.find(':');
        if (colon == std::string_view::npos) return {};
        arn.remove_prefix(colon + 1);
    }
    return arn.substr(0, arn.find(':'));
}

// "us-east-1" of "https://bedrock-runtime.us-east-1.amazonaws.com" and of private endpoints, in
// whose names the service stands in the middle.
std::string_view region_of_host(std::string_view url) {
    for (const std::string_view service :
         {"bedrock-runtime.", "bedrock-runtime-fips.", "bedrock-mantle."}) {
        const auto at = url.find(service);
        if (at == std::string_view::npos) continue;
        const auto region = url.substr(at + service.size());
        return region.substr(0, region.find_first_of("./:"));
    }
    return {};
}

}  // namespace

std::string bedrock_region(const domain::Deployment& target) {
    const std::string_view named = dialect::bedrock_name(target.model_name).model;
    for (const std::string_view model : {std::string_view(target.place.model_id), named}) {
        if (const auto region = region_of_arn(model); !region.empty()) return std::string(region);
    }
    if (!target.place.region.empty()) return target.place.region;
    return std::string(region_of_host(target.base_url));
}

void sign_for_aws(std::string_view service, const domain::Deployment& target,
                  const domain::Credential& credential, const SignableRequest& request,
                  HeaderList& headers) {
    if (!credential.bearer.empty()) {
        headers.set("authorization", headers.keep("Bearer " + credential.bearer));
        return;
    }
    // Only what no proxy on the way changes is signed.
    std::vector<std::pair<std::string, std::string>> signed_headers;
    for (const http::Header& header : headers) {
        if (!http::iequals(header.name, "content-type")) continue;
        signed_headers.emplace_back("content-type", header.value);
    }
    const std::string hash = crypto::hex(crypto::sha256(request.body));
    const std::string region = bedrock_region(target);
    const crypto::SigV4Request described{request.method, request.authority, request.target,
                                         signed_headers, hash};
    crypto::SigV4Scope scope;
    scope.region = region.empty() ? default_region : std::string_view(region);
    scope.service = service;
    scope.unix_seconds = request.unix_seconds;
    const crypto::SigV4Credentials keys{credential.access_key_id, credential.secret_access_key,
                                        credential.session_token};
    for (auto& [name, value] : crypto::sigv4_sign(described, keys, scope)) {
        headers.set(headers.keep(std::move(name)), headers.keep(std::move(value)));
    }
}

base::Result<std::string> aws_host_region(std::string_view provider,
                                          const domain::Deployment& target) {
    const std::string region = bedrock_region(target);
    if (region.empty()) {
        return base::invalid(std::string(provider) +
                                 " needs a region: set aws_region_name, or the variable AWS_REGION",
                             "aws_region_name");
    }
    const bool plain = std::ranges::all_of(region, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
    if (plain) return region;
    const bool of_setting = region == target.place.region;
    const std::string field = of_setting ? "aws_region_name" : "model";
    return base::invalid(field + ": \"" + region + "\" is no AWS region (us-east-1, eu-west-3)" +
                             (of_setting ? "" : ", and stands in the ARN as one"),
                         field);
}

}  // namespace tollgate::providers
