#include "credentials/aws_sts.hpp"

#include "base/clock.hpp"
#include "credentials/timestamp.hpp"
#include "credentials/token_call.hpp"
#include "crypto/digest.hpp"
#include "crypto/sigv4.hpp"

namespace tollgate::credentials {
namespace {

constexpr const char* api_version = "2011-06-15";
constexpr const char* default_duration = "3600";

Pairs fields_of(const char* action, const RoleWanted& wanted) {
    Pairs fields = {
        {"Action", action},
        {"Version", api_version},
        {"RoleArn", wanted.role_arn},
        {"RoleSessionName", wanted.session_name.empty() ? "tollgate" : wanted.session_name},
        {"DurationSeconds",
         wanted.duration_seconds.empty() ? default_duration : wanted.duration_seconds}};
    if (!wanted.external_id.empty()) fields.emplace_back("ExternalId", wanted.external_id);
    return fields;
}

TokenCall call_of(const char* action, const StsPlace& place, const RoleWanted& wanted) {
    TokenCall call;
    call.what = std::string("STS ") + action + " of " + wanted.role_arn;
    call.method = "POST";
    call.url = sts_url(place) + "/";
    call.headers = {{"content-type", form_type}};
    call.body = form(fields_of(action, wanted));
    call.tls = place.tls;
    return call;
}

// Host and path as they will be sent.
base::Result<std::pair<std::string, std::string>> sent_as(const std::string& url) {
    const std::size_t slash = url.find('/', url.find("://") + 3);
    TRY(const http::Origin origin, http::parse_origin(url.substr(0, slash)));
    return std::pair(origin.authority, url.substr(slash));
}

}  // namespace

std::string sts_url(const StsPlace& place) {
    std::string url = place.endpoint;
    while (!url.empty() && url.back() == '/') url.pop_back();
    if (!url.empty()) return url;
    if (place.region.empty()) return "https://sts.amazonaws.com";
    const bool china = place.region.starts_with("cn-");
    return "https://sts" + std::string(place.fips ? "-fips" : "") + "." + place.region +
           ".amazonaws.com" + (china ? ".cn" : "");
}

net::Task<base::Result<domain::Credential>> assume_role(const FetchContext& context,
                                                        const StsPlace& place,
                                                        const RoleWanted& wanted,
                                                        const domain::Credential& signer) {
    TokenCall call = call_of("AssumeRole", place, wanted);
    call.secrets = {signer.secret_access_key, signer.session_token};
    CO_TRY(const auto address, sent_as(call.url));
    const std::string digest = crypto::hex(crypto::sha256(call.body));
    crypto::SigV4Request request;
    request.method = call.method;
    request.authority = address.first;
    request.target = address.second;
    request.headers = call.headers;
    request.body_sha256 = digest;
    const crypto::SigV4Credentials keys{signer.access_key_id, signer.secret_access_key,
                                        signer.session_token};
    crypto::SigV4Scope scope;
    scope.region = place.region.empty() ? std::string_view("us-east-1") : place.region;
    scope.service = "sts";
    scope.unix_seconds = base::unix_seconds();
    const Pairs added = crypto::sigv4_sign(request, keys, scope);
    call.headers.insert(call.headers.end(), added.begin(), added.end());
    CO_TRY(const std::string answer, co_await ask_for_body(context, call));
    co_return parse_sts_answer(answer, call.what);
}

net::Task<base::Result<domain::Credential>> assume_role_with_web_identity(
    const FetchContext& context, const StsPlace& place, const RoleWanted& wanted,
    const std::string& token) {
    TokenCall call = call_of("AssumeRoleWithWebIdentity", place, wanted);
    call.body += "&" + form({{"WebIdentityToken", token}});
    call.secrets = {token};
    CO_TRY(const std::string answer, co_await ask_for_body(context, call));
    co_return parse_sts_answer(answer, call.what);
}

base::Result<domain::Credential> parse_sts_answer(std::string_view xml, const std::string& what) {
    domain::Credential credential;
    credential.access_key_id = xml_element(xml, "AccessKeyId");
    credential.secret_access_key = xml_element(xml, "SecretAccessKey");
    credential.session_token = xml_element(xml, "SessionToken");
    const auto expires = parse_rfc3339(xml_element(xml, "Expiration"));
    if (credential.access_key_id.empty() || credential.secret_access_key.empty() ||
        credential.session_token.empty() || !expires) {
        return base::Error{base::ErrorCode::provider,
                           what + " gave an answer without AccessKeyId, SecretAccessKey, "
                                  "SessionToken and Expiration"};
    }
    credential.expires = *expires;
    return credential;
}

}  // namespace tollgate::credentials
