#include "credentials/aws_metadata.hpp"

#include "base/json.hpp"
#include "credentials/files.hpp"
#include "credentials/timestamp.hpp"
#include "credentials/token_call.hpp"

namespace tollgate::credentials {
namespace {

using base::ErrorCode;

constexpr const char* relative_uri = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
constexpr const char* full_uri = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
constexpr const char* roles_path = "/latest/meta-data/iam/security-credentials/";
constexpr const char* session_seconds = "21600";  // of IMDSv2's token, the most it gives

TokenCall metadata_call(std::string what, std::string url) {
    TokenCall call;
    call.what = std::move(what);
    call.url = std::move(url);
    call.connect = metadata_connect_time;
    call.headers_time = metadata_headers_time;
    return call;
}

bool loopback(const std::string& host) {
    // 127.0.0.1.example.org is a name and may be anywhere.
    const bool address = host.find_first_not_of("0123456789.") == std::string::npos;
    return host == "localhost" || host == "::1" || (address && host.starts_with("127."));
}

bool is_true(std::string_view text) { return http::iequals(text, "true"); }

// The Authorization of a container's agent: the file, which rotates, before the variable.
net::Task<base::Result<std::string>> container_token(const FetchContext& context,
                                                     const Variables& variables) {
    const std::string path = variable(variables, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    if (path.empty()) co_return variable(variables, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    auto text = co_await read_file(context, path);
    if (!text.ok()) {
        text.error().message = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: " + text.error().message;
        co_return text;
    }
    co_return trimmed(*text);
}

std::string instance_endpoint(const Variables& variables) {
    std::string url = variable(variables, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    while (!url.empty() && url.back() == '/') url.pop_back();
    if (!url.empty()) return url;
    const std::string mode = variable(variables, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    return http::iequals(mode, "IPv6") ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
}

// Opens a session of IMDSv2.
net::Task<base::Result<std::string>> instance_session(const FetchContext& context,
                                                      const std::string& endpoint) {
    TokenCall open = metadata_call("the EC2 metadata service (IMDSv2 token)",
                                   endpoint + "/latest/api/token");
    open.method = "PUT";
    open.headers = {{"x-aws-ec2-metadata-token-ttl-seconds", session_seconds}};
    auto session = co_await ask_for_body(context, open);
    if (!session.ok()) {
        if (session.error().code == ErrorCode::unavailable) {
            session.error().message +=
                " (inside a container the instance's metadata hop limit must be 2)";
        }
        co_return std::move(session).error();
    }
    co_return trimmed(*session);
}

TokenCall session_call(std::string what, std::string url, const std::string& token) {
    TokenCall call = metadata_call(std::move(what), std::move(url));
    call.headers = {{"x-aws-ec2-metadata-token", token}};
    call.secrets = {token};
    return call;
}

}  // namespace

base::Result<domain::Credential> parse_aws_credentials(std::string_view text,
                                                       std::string_view token_name,
                                                       const std::string& what) {
    const auto wrong = [&](const std::string& why) {
        return base::Error{ErrorCode::provider, what + " " + why};
    };
    json::Document document;
    auto root = document.parse(text);
    if (!root.ok() || !root->is_object()) return wrong("gave no JSON object");
    const json::Value& object = *root;
    const std::string code = object["Code"].text();
    if (!code.empty() && code != "Success") {
        return wrong("said " + code + ": " + object["Message"].text());
    }
    domain::Credential credential;
    credential.access_key_id = object["AccessKeyId"].text();
    credential.secret_access_key = object["SecretAccessKey"].text();
    credential.session_token = object[token_name].text();
    if (credential.access_key_id.empty() || credential.secret_access_key.empty()) {
        return wrong("gave no AccessKeyId and SecretAccessKey");
    }
    if (const std::string end = object["Expiration"].text(); !end.empty()) {
        const auto expires = parse_rfc3339(end);
        if (!expires) return wrong("gave an Expiration that is no RFC 3339 time: " + end);
        credential.expires = *expires;
    }
    return credential;
}

bool container_configured(const Variables& variables) {
    return !variable(variables, relative_uri).empty() || !variable(variables, full_uri).empty();
}

base::Result<void> check_container_address(const std::string& url) {
    const std::size_t scheme = url.find("://");
    const std::size_t slash = url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
    auto origin = http::parse_origin(url.substr(0, slash));
    if (!origin.ok()) {
        return base::invalid(std::string(full_uri) + ": " + origin.error().message);
    }
    const std::string& host = origin->host;
    const bool agent =
        host == "169.254.170.2" || host == "169.254.170.23" || host == "fd00:ec2::23";
    if (origin->tls || loopback(host) || agent) return {};
    return base::invalid(std::string(full_uri) + " must be https, or http to this machine, "
                         "169.254.170.2, 169.254.170.23 or [fd00:ec2::23], not to " + host);
}

net::Task<base::Result<domain::Credential>> container_credential(const FetchContext& context,
                                                                 const Variables& variables,
                                                                 const std::string& container_host,
                                                                 const TlsContext& tls) {
    const std::string relative = variable(variables, relative_uri);
    const std::string url =
        relative.empty() ? variable(variables, full_uri) : container_host + relative;
    if (relative.empty()) {
        CO_TRY_VOID(check_container_address(url));
    } else if (relative.front() != '/') {
        co_return base::invalid(std::string(relative_uri) + " must begin with '/'");
    }
    TokenCall call = metadata_call("the container's credential agent", url);
    call.tls = tls;
    CO_TRY(const std::string token, co_await container_token(context, variables));
    if (!token.empty()) call.headers.emplace_back("authorization", token);
    call.secrets = {token};
    CO_TRY(const std::string answer, co_await ask_for_body(context, call));
    co_return parse_aws_credentials(answer, "Token", call.what);
}

bool instance_enabled(const Variables& variables) {
    return !is_true(variable(variables, "AWS_EC2_METADATA_DISABLED"));
}

net::Task<base::Result<domain::Credential>> instance_credential(const FetchContext& context,
                                                                const Variables& variables) {
    const std::string endpoint = instance_endpoint(variables);
    CO_TRY(const std::string token, co_await instance_session(context, endpoint));
    const TokenCall list =
        session_call("the EC2 metadata service (role)", endpoint + roles_path, token);
    CO_TRY(const TokenAnswer roles, co_await ask(context, list));
    if (roles.status == 404) {
        co_return base::Error{ErrorCode::provider,
                              "the EC2 metadata service has no role: attach an instance profile"};
    }
    if (roles.status != 200) co_return explain(list, roles);
    const std::string role = trimmed(roles.body.substr(0, roles.body.find('\n')));
    const TokenCall take = session_call("the EC2 metadata service (credentials of " + role + ")",
                                        list.url + role, token);
    CO_TRY(const std::string answer, co_await ask_for_body(context, take));
    co_return parse_aws_credentials(answer, "Token", take.what);
}

net::Task<base::Result<std::string>> instance_region(const FetchContext& context,
                                                     const Variables& variables) {
    const std::string endpoint = instance_endpoint(variables);
    CO_TRY(const std::string token, co_await instance_session(context, endpoint));
    const TokenCall call = session_call("the EC2 metadata service (region)",
                                        endpoint + "/latest/meta-data/placement/region", token);
    CO_TRY(const std::string answer, co_await ask_for_body(context, call));
    co_return trimmed(answer);
}

}  // namespace tollgate::credentials
