#include "credentials/google_fetcher.hpp"

#include "base/clock.hpp"
#include "base/json.hpp"
#include "credentials/files.hpp"
#include "credentials/oauth.hpp"
#include "credentials/timestamp.hpp"
#include "crypto/jwt_sign.hpp"

namespace tollgate::credentials {
namespace {

using base::ErrorCode;

constexpr const char* cloud_scope = "https://www.googleapis.com/auth/cloud-platform";
const std::string metadata_host = "metadata.google.internal";
constexpr const char* metadata_path =
    "/computeMetadata/v1/instance/service-accounts/default/token";
constexpr std::int64_t assertion_seconds = 3600;
constexpr std::int64_t skew_seconds = 10;  // our clock may be ahead of Google's

base::Error with_place(const std::string& place, base::Error error) {
    if (error.code == ErrorCode::cancelled) return error;
    error.message = "Google credentials: " + place + ": " + error.message;
    if (error.code != ErrorCode::unavailable) error.code = ErrorCode::provider;
    return error;
}

base::Result<std::string> assertion_of(const GoogleKey& key) {
    const std::int64_t now = base::unix_seconds() - skew_seconds;
    std::string header, claims;
    json::Writer head(header);
    head.begin_object().string("alg", "RS256").string("typ", "JWT");
    if (!key.private_key_id.empty()) head.string("kid", key.private_key_id);
    head.end_object();
    json::Writer(claims)
        .begin_object()
        .string("iss", key.client_email)
        .string("scope", cloud_scope)
        .string("aud", key.token_uri)
        .integer("iat", now)
        .integer("exp", now + assertion_seconds)
        .end_object();
    return crypto::sign_jwt_rs256(header, claims, key.private_key);
}

}  // namespace

std::string google_metadata_url(const std::string& host) {
    return "http://" + (host.empty() ? metadata_host : host);
}

GoogleFetcher::GoogleFetcher(GoogleSettings settings) : settings_(std::move(settings)) {}

std::string GoogleFetcher::describe() const {
    if (settings_.key.empty()) return "Google's metadata server";
    if (settings_.key.is_json()) return "the Google key in " + settings_.key.name;
    return "the Google key " + settings_.key.value;
}

TokenCall GoogleFetcher::post_form(std::string what, const std::string& url,
                                   const Pairs& fields) const {
    TokenCall call;
    call.what = std::move(what);
    call.method = "POST";
    call.url = url;
    call.headers = {{"content-type", form_type}};
    call.body = form(fields);
    call.tls = settings_.tls;
    return call;
}

net::Task<base::Result<domain::Credential>> GoogleFetcher::fetch(
    const FetchContext& context) const {
    if (settings_.key.empty()) {
        auto token = co_await of_metadata(context);
        if (!token.ok()) {
            co_return with_place("vertex_credentials and GOOGLE_APPLICATION_CREDENTIALS are not "
                                 "set",
                                 std::move(token).error());
        }
        co_return token;
    }
    std::string text = settings_.key.value;
    if (!settings_.key.is_json()) {
        auto read = co_await read_file(context, settings_.key.value);
        if (!read.ok()) co_return with_place(settings_.key.name, std::move(read).error());
        text = std::move(read).value();
    }
    const std::string& name = settings_.key.name;
    auto key = parse_google_key(text, settings_.key.is_json() ? "the JSON" : settings_.key.value);
    if (!key.ok()) co_return with_place(name, std::move(key).error());
    auto token = co_await of_key(context, *key);
    if (!token.ok()) co_return with_place(name, std::move(token).error());
    token->quota_project = key->quota_project;
    co_return token;
}

net::Task<base::Result<domain::Credential>> GoogleFetcher::of_key(const FetchContext& context,
                                                                  const GoogleKey& key) const {
    switch (key.kind) {
        case GoogleKey::Kind::service_account: break;
        case GoogleKey::Kind::authorized_user: co_return co_await of_user(context, key);
        case GoogleKey::Kind::external_account: co_return co_await of_external(context, key);
        case GoogleKey::Kind::impersonated: co_return co_await of_impersonated(context, key);
    }
    co_return co_await of_service_account(context, key);
}

net::Task<base::Result<domain::Credential>> GoogleFetcher::of_service_account(
    const FetchContext& context, const GoogleKey& key) const {
    CO_TRY(const std::string assertion, assertion_of(key));
    const Pairs fields = {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
                          {"assertion", assertion}};
    TokenCall call = post_form("the token endpoint for " + key.client_email, key.token_uri, fields);
    call.secrets = {assertion};
    CO_TRY(const std::string answer, co_await ask_for_body(context, call));
    co_return parse_token(answer, call.what, std::chrono::system_clock::now());
}

net::Task<base::Result<domain::Credential>> GoogleFetcher::of_user(const FetchContext& context,
                                                                   const GoogleKey& key) const {
    const Pairs fields = {{"grant_type", "refresh_token"},
                          {"client_id", key.client_id},
                          {"client_secret", key.client_secret},
                          {"refresh_token", key.refresh_token}};
    TokenCall call = post_form("the token endpoint", key.token_uri, fields);
    call.secrets = {key.client_secret, key.refresh_token};
    auto answer = co_await ask_for_body(context, call);
    if (!answer.ok()) {
        if (answer.error().message.find("invalid_grant") != std::string::npos) {
            answer.error().message += " (sign in anew: gcloud auth application-default login)";
        }
        co_return std::move(answer).error();
    }
    co_return parse_token(*answer, call.what, std::chrono::system_clock::now());
}

net::Task<base::Result<std::string>> GoogleFetcher::subject_token(const FetchContext& context,
                                                                  const GoogleKey& key) const {
    std::string text;
    if (!key.subject_file.empty()) {
        CO_TRY(text, co_await read_file(context, key.subject_file));
    } else {
        TokenCall call;
        call.what = "the credential_source";
        call.url = key.subject_url;
        call.headers = key.subject_headers;
        call.tls = settings_.tls;
        CO_TRY(text, co_await ask_for_body(context, call));
    }
    if (key.subject_field.empty()) co_return trimmed(text);
    json::Document document;
    auto root = document.parse(text);
    std::string token = root.ok() ? (*root)[key.subject_field].text() : std::string();
    if (!token.empty()) co_return token;
    co_return base::Error{ErrorCode::provider,
                          "the credential_source gave no JSON with " + key.subject_field};
}

net::Task<base::Result<domain::Credential>> GoogleFetcher::of_external(const FetchContext& context,
                                                                       const GoogleKey& key) const {
    CO_TRY(const std::string subject, co_await subject_token(context, key));
    const Pairs fields = {
        {"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
        {"audience", key.audience},
        {"scope", cloud_scope},
        {"requested_token_type", "urn:ietf:params:oauth:token-type:access_token"},
        {"subject_token_type", key.subject_token_type},
        {"subject_token", subject}};
    TokenCall call = post_form("the token exchange", key.token_uri, fields);
    call.secrets = {subject};
    CO_TRY(const std::string answer, co_await ask_for_body(context, call));
    CO_TRY(domain::Credential token,
           parse_token(answer, call.what, std::chrono::system_clock::now()));
    if (key.impersonation_url.empty()) co_return token;
    co_return co_await impersonate(context, key, token.bearer);
}

net::Task<base::Result<domain::Credential>> GoogleFetcher::of_impersonated(
    const FetchContext& context, const GoogleKey& key) const {
    CO_TRY(const GoogleKey source, parse_google_key(key.source, "source_credentials"));
    if (source.kind == GoogleKey::Kind::impersonated) {
        co_return base::invalid("source_credentials must not be impersonated in turn");
    }
    CO_TRY(const domain::Credential token, co_await of_key(context, source));
    co_return co_await impersonate(context, key, token.bearer);
}

net::Task<base::Result<domain::Credential>> GoogleFetcher::impersonate(
    const FetchContext& context, const GoogleKey& key, const std::string& bearer) const {
    TokenCall call;
    call.what = "the impersonation of a service account";
    call.method = "POST";
    call.url = key.impersonation_url;
    call.headers = {{"content-type", "application/json"}, {"authorization", "Bearer " + bearer}};
    call.tls = settings_.tls;
    call.secrets = {bearer};
    json::Writer body(call.body);
    body.begin_object().key("scope").begin_array().string(cloud_scope).end_array();
    body.key("delegates").begin_array();
    for (const std::string& each : key.delegates) body.string(each);
    body.end_array().string("lifetime", "3600s").end_object();
    CO_TRY(const std::string answer, co_await ask_for_body(context, call));
    json::Document document;
    auto root = document.parse(answer);
    domain::Credential credential;
    if (root.ok()) credential.bearer = (*root)["accessToken"].text();
    const auto expires = root.ok() ? parse_rfc3339((*root)["expireTime"].text()) : std::nullopt;
    if (credential.bearer.empty() || !expires) {
        co_return base::Error{ErrorCode::provider,
                              call.what + " gave no accessToken and expireTime"};
    }
    credential.expires = *expires;
    co_return credential;
}

net::Task<base::Result<domain::Credential>> GoogleFetcher::of_metadata(
    const FetchContext& context) const {
    TokenCall call;
    call.what = "Google's metadata server";
    call.url = google_metadata_url(settings_.metadata) + metadata_path;
    call.headers = {{"metadata-flavor", "Google"}};
    call.connect = metadata_connect_time;
    call.headers_time = metadata_headers_time;
    CO_TRY(const TokenAnswer answer, co_await ask(context, call));
    // Whatever else listens at that address must not be believed.
    if (answer.header("metadata-flavor") != "Google") {
        co_return base::Error{ErrorCode::provider,
                              call.what + " answered without Metadata-Flavor: Google"};
    }
    if (answer.status == 404) {
        co_return base::Error{ErrorCode::provider,
                              call.what + " has no service account: attach one to the machine"};
    }
    if (answer.status != 200) co_return explain(call, answer);
    co_return parse_token(answer.body, call.what, std::chrono::system_clock::now());
}

}  // namespace tollgate::credentials
