#include "credentials/entra_fetcher.hpp"

#include "credentials/files.hpp"
#include "credentials/oauth.hpp"
#include "crypto/sigv4.hpp"

namespace tollgate::credentials {
namespace {

using base::ErrorCode;

constexpr const char* public_authority = "https://login.microsoftonline.com";
constexpr const char* instance_address = "http://169.254.169.254";
constexpr const char* instance_version = "2018-02-01";
constexpr const char* app_service_version = "2019-08-01";
constexpr const char* assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

std::string or_default(const std::string& text, const char* otherwise) {
    std::string result = text.empty() ? otherwise : text;
    while (result.ends_with('/')) result.pop_back();
    return result;
}

// Managed identities are asked for a resource, applications for a scope.
std::string resource_of(std::string scope) {
    constexpr std::string_view suffix = "/.default";
    if (scope.ends_with(suffix)) scope.resize(scope.size() - suffix.size());
    return scope;
}

base::Error with_place(const char* place, base::Error error) {
    if (error.code == ErrorCode::cancelled) return error;
    error.message = "Entra credentials: " + std::string(place) + ": " + error.message;
    if (error.code != ErrorCode::unavailable) error.code = ErrorCode::provider;
    return error;
}

}  // namespace

EntraFetcher::EntraFetcher(EntraSettings settings) : settings_(std::move(settings)) {}

EntraFetcher::Way EntraFetcher::way() const {
    if (!settings_.token.empty()) return Way::ready;
    const bool proof =
        !settings_.client_secret.empty() || !settings_.federated_token_file.empty();
    const bool application = !settings_.tenant_id.empty() && !settings_.client_id.empty() && proof;
    return application ? Way::application : Way::managed;
}

std::string EntraFetcher::describe() const {
    switch (way()) {
        case Way::ready: return "the Entra token in azure_ad_token";
        case Way::application: return "the Entra application " + settings_.client_id;
        case Way::managed: break;
    }
    return "Azure's managed identity" +
           (settings_.client_id.empty() ? std::string() : " " + settings_.client_id);
}

net::Task<base::Result<domain::Credential>> EntraFetcher::fetch(const FetchContext& context) const {
    const Way how = way();
    if (how == Way::ready) {
        domain::Credential credential;
        credential.bearer = settings_.token;
        co_return credential;
    }
    if (how == Way::application) {
        auto token = co_await of_application(context);
        if (!token.ok()) co_return with_place("application", std::move(token).error());
        co_return token;
    }
    auto token = co_await of_managed(context);
    if (!token.ok()) {
        co_return with_place("managed identity, because there is no client_secret "
                             "(AZURE_CLIENT_SECRET) and no AZURE_FEDERATED_TOKEN_FILE",
                             std::move(token).error());
    }
    co_return token;
}

net::Task<base::Result<domain::Credential>> EntraFetcher::of_application(
    const FetchContext& context) const {
    Pairs fields = {{"grant_type", "client_credentials"},
                    {"client_id", settings_.client_id},
                    {"scope", settings_.scope.empty() ? entra_default_scope : settings_.scope}};
    std::string secret = settings_.client_secret;
    if (!secret.empty()) {
        fields.emplace_back("client_secret", secret);
    } else {
        auto text = co_await read_file(context, settings_.federated_token_file);
        if (!text.ok()) {
            text.error().message = "AZURE_FEDERATED_TOKEN_FILE: " + text.error().message;
            co_return std::move(text).error();
        }
        secret = trimmed(*text);
        fields.emplace_back("client_assertion_type", assertion_type);
        fields.emplace_back("client_assertion", secret);
    }
    TokenCall call;
    call.what = "the token endpoint of tenant " + settings_.tenant_id;
    call.method = "POST";
    call.url = or_default(settings_.authority, public_authority) + "/" +
               crypto::percent_encode(settings_.tenant_id) + "/oauth2/v2.0/token";
    call.headers = {{"content-type", form_type}};
    call.body = form(fields);
    call.tls = settings_.tls;
    call.secrets = {secret};
    CO_TRY(const std::string answer, co_await ask_for_body(context, call));
    co_return parse_token(answer, call.what, std::chrono::system_clock::now());
}

TokenCall EntraFetcher::managed_call() const {
    const bool app_service = !settings_.identity_endpoint.empty();
    TokenCall call;
    call.connect = metadata_connect_time;
    call.headers_time = metadata_headers_time;
    call.tls = settings_.tls;
    if (app_service) {
        call.what = "the managed identity endpoint";
        call.url = settings_.identity_endpoint;
        call.url += call.url.find('?') == std::string::npos ? "?" : "&";
        call.headers = {{"x-identity-header", settings_.identity_header}};
        call.secrets = {settings_.identity_header};
    } else {
        call.what = "Azure's instance metadata service";
        call.url = or_default(settings_.instance_host, instance_address) +
                   "/metadata/identity/oauth2/token?";
        call.headers = {{"metadata", "true"}};
    }
    const std::string scope = settings_.scope.empty() ? entra_default_scope : settings_.scope;
    Pairs query = {{"api-version", app_service ? app_service_version : instance_version},
                   {"resource", resource_of(scope)}};
    if (!settings_.client_id.empty()) query.emplace_back("client_id", settings_.client_id);
    call.url += form(query);
    return call;
}

net::Task<base::Result<domain::Credential>> EntraFetcher::of_managed(
    const FetchContext& context) const {
    if (!settings_.identity_endpoint.empty() && settings_.identity_header.empty()) {
        co_return base::invalid("IDENTITY_ENDPOINT is set without IDENTITY_HEADER: Azure Arc's "
                                "managed identities are not supported");
    }
    const TokenCall call = managed_call();
    CO_TRY(const std::string answer, co_await ask_for_body(context, call));
    co_return parse_token(answer, call.what, std::chrono::system_clock::now());
}

}  // namespace tollgate::credentials
