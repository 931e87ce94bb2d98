// Which source a cloud's settings and variables mean; see credential_source().
#include "assembly/cloud.hpp"
#include "credentials/aws_chain.hpp"
#include "credentials/aws_metadata.hpp"
#include "credentials/cached_source.hpp"
#include "credentials/entra_fetcher.hpp"
#include "credentials/files.hpp"
#include "credentials/google_fetcher.hpp"
#include "credentials/machine_place.hpp"
#include "crypto/digest.hpp"

namespace tollgate::assembly {
namespace {

using base::ErrorCode;
using credentials::Machine;
using credentials::SourcePointer;
using credentials::variable;
using credentials::Variables;
using domain::CredentialKind;

base::Error permission(std::string message) { return {ErrorCode::permission, std::move(message)}; }

// The variables that begin with one of `prefixes`, HOME, and those of `secrets`, which may stand
// in a file that NAME_FILE names.
Variables chosen(const config::Environment& environment,
                 std::initializer_list<std::string_view> prefixes,
                 std::initializer_list<const char*> secrets) {
    Variables variables;
    for (const auto& [name, value] : environment.variables) {
        bool wanted = name == "HOME";
        for (const std::string_view prefix : prefixes) wanted |= name.starts_with(prefix);
        if (wanted) variables.emplace(name, value);
    }
    for (const char* name : secrets) {
        if (auto value = environment.lookup(name)) variables[name] = *std::move(value);
    }
    return variables;
}

// What distinguishes a source, without its secrets being legible.
std::string key_of(std::initializer_list<std::string_view> fields, const Variables& variables) {
    std::string text;
    const auto add = [&](std::string_view field) {
        text += std::to_string(field.size()) + ":";
        text += field;
    };
    for (const std::string_view field : fields) add(field);
    for (const auto& [name, value] : variables) {
        add(name);
        add(value);
    }
    return crypto::hex(crypto::sha256(text));
}

template <typename FetcherType, typename Settings>
SourcePointer shared_source(Shared& shared, const std::string& key, Settings settings) {
    return shared.source(key, [&]() -> SourcePointer {
        return std::make_shared<credentials::CachedSource>(
            std::make_unique<const FetcherType>(std::move(settings)));
    });
}

// --- AWS -----------------------------------------------------------------------------------------

bool names_aws(const config::CloudSettings& settings) {
    return !settings.aws_access_key_id.empty() || !settings.aws_profile_name.empty() ||
           !settings.aws_role_name.empty() || !settings.aws_web_identity_token.empty();
}

bool environment_names_aws(const Variables& variables) {
    const bool keys = !variable(variables, "AWS_ACCESS_KEY_ID").empty() &&
                      !variable(variables, "AWS_SECRET_ACCESS_KEY").empty();
    if (keys || !variable(variables, "AWS_PROFILE").empty() ||
        !variable(variables, "AWS_DEFAULT_PROFILE").empty() ||
        !variable(variables, "AWS_WEB_IDENTITY_TOKEN_FILE").empty() ||
        credentials::container_configured(variables)) {
        return true;
    }
    const auto files = credentials::load_profiles(variables);
    const credentials::Profile* profile = files.ok() ? files->find("default") : nullptr;
    return profile != nullptr && credentials::has_credentials(*profile);
}

bool instance_pointed_to(const Variables& variables, const Shared& shared, Asked asked) {
    if (!credentials::instance_enabled(variables)) return false;
    const bool by_variable =
        !variable(variables, "AWS_EC2_METADATA_SERVICE_ENDPOINT").empty() ||
        http::iequals(variable(variables, "AWS_EC2_METADATA_DISABLED"), "false");
    if (by_variable) return true;
    return asked == Asked::by_configuration && shared.machine() == Machine::aws;
}

bool instance_meant(const config::CloudSettings& settings, const Variables& variables,
                    const Shared& shared, Asked asked) {
    const bool role = !settings.aws_role_name.empty() && credentials::instance_enabled(variables);
    return role || instance_pointed_to(variables, shared, asked);
}

base::Result<void> check_aws(const config::CloudSettings& settings, const Variables& variables,
                             bool there) {
    if (settings.aws_access_key_id.empty() != settings.aws_secret_access_key.empty()) {
        return permission("aws_access_key_id and aws_secret_access_key belong together: one of "
                          "them is missing");
    }
    if (!settings.aws_web_identity_token.empty() && settings.aws_role_name.empty()) {
        return permission("aws_web_identity_token needs aws_role_name");
    }
    const bool half = variable(variables, "AWS_ACCESS_KEY_ID").empty() !=
                      variable(variables, "AWS_SECRET_ACCESS_KEY").empty();
    if (half && !there) {
        return permission("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together: one of "
                          "them is not set");
    }
    return {};
}

base::Result<SourcePointer> aws_source(const config::CloudSettings& settings,
                                       const domain::CloudPlace& place,
                                       const config::Environment& environment, Shared& shared,
                                       Asked asked) {
    credentials::AwsSettings aws;
    aws.variables = chosen(environment, {"AWS_"},
                           {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"});
    aws.instance = instance_meant(settings, aws.variables, shared, asked);
    const bool there = names_aws(settings) || environment_names_aws(aws.variables) || aws.instance;
    TRY_VOID(check_aws(settings, aws.variables, there));
    if (!there) return SourcePointer();
    aws.access_key_id = settings.aws_access_key_id.value;
    aws.secret_access_key = settings.aws_secret_access_key.value;
    aws.session_token = settings.aws_session_token.value;
    aws.profile = settings.aws_profile_name;
    aws.role_arn = settings.aws_role_name;
    aws.session_name = settings.aws_session_name;
    aws.external_id = settings.aws_external_id;
    aws.web_identity_token = settings.aws_web_identity_token;
    aws.sts.endpoint = settings.aws_sts_endpoint;
    aws.sts.region = place.region;
    aws.sts.fips = place.fips;
    TRY(aws.sts.tls, shared.tls(true, ""));
    const std::string key = key_of(
        {"aws", aws.access_key_id, aws.secret_access_key, aws.session_token, aws.profile,
         aws.role_arn, aws.session_name, aws.external_id, aws.web_identity_token, aws.sts.endpoint,
         aws.sts.region, aws.sts.fips ? "fips" : "", aws.instance ? "instance" : ""},
        aws.variables);
    return shared_source<credentials::AwsChain>(shared, key, std::move(aws));
}

// --- Google --------------------------------------------------------------------------------------

Variables google_variables(const config::Environment& environment) {
    return chosen(environment, {"GOOGLE_", "GCE_", "CLOUDSDK_CONFIG", "K_SERVICE", "GAE_SERVICE"},
                  {"VERTEXAI_CREDENTIALS"});
}

bool google_metadata_meant(const Variables& variables, const Shared& shared, Asked asked) {
    if (!variable(variables, "GCE_METADATA_HOST").empty()) return true;
    // Cloud Run and App Engine hide the machine and set these.
    const bool runtime = !variable(variables, "K_SERVICE").empty() ||
                         !variable(variables, "GAE_SERVICE").empty();
    return asked == Asked::by_configuration && (runtime || shared.machine() == Machine::google);
}

// A key that cannot work is told now rather than with the first request.
base::Result<void> check_key(const credentials::GoogleKeyPlace& place) {
    std::string text = place.value;
    const bool configured = place.name == "vertex_credentials";
    const ErrorCode code = configured ? ErrorCode::invalid_request : ErrorCode::permission;
    if (!place.is_json()) {
        auto read = credentials::read_text_file(place.value);
        if (!read.ok()) return base::Error{code, place.name + ": " + read.error().message};
        text = std::move(read).value();
    }
    auto key = credentials::parse_google_key(text, place.name);
    if (!key.ok()) return base::Error{code, key.error().message};
    return {};
}

base::Result<SourcePointer> google_source(const config::CloudSettings& settings,
                                          const config::Environment& environment, Shared& shared,
                                          Asked asked) {
    const Variables variables = google_variables(environment);
    credentials::GoogleSettings google;
    google.key = credentials::google_key_place(settings.vertex_credentials.value, variables);
    google.metadata = variable(variables, "GCE_METADATA_HOST");
    if (!google.key.empty()) {
        TRY_VOID(check_key(google.key));
    } else if (!google_metadata_meant(variables, shared, asked)) {
        return SourcePointer();
    }
    TRY(google.tls, shared.tls(true, ""));
    const std::string key =
        key_of({"google", google.key.name, google.key.value, google.metadata}, {});
    return shared_source<credentials::GoogleFetcher>(shared, key, std::move(google));
}

// --- Entra ---------------------------------------------------------------------------------------

bool names_entra(const config::CloudSettings& settings) {
    return !settings.azure_ad_token.empty() || !settings.client_id.empty() ||
           !settings.client_secret.empty();
}

std::string or_variable(const std::string& setting, const Variables& variables, const char* name) {
    return setting.empty() ? variable(variables, name) : setting;
}

credentials::EntraSettings entra_settings(const config::CloudSettings& settings,
                                          const Variables& variables) {
    credentials::EntraSettings entra;
    entra.tenant_id = or_variable(settings.tenant_id, variables, "AZURE_TENANT_ID");
    entra.client_id = or_variable(settings.client_id, variables, "AZURE_CLIENT_ID");
    entra.client_secret = settings.client_secret.value;
    entra.token = settings.azure_ad_token.value;
    // Secrets of the environment are its application's, not those of another one in the settings.
    const std::string own = variable(variables, "AZURE_CLIENT_ID");
    if (own.empty() || own == entra.client_id) {
        if (entra.client_secret.empty()) {
            entra.client_secret = variable(variables, "AZURE_CLIENT_SECRET");
        }
        entra.federated_token_file = variable(variables, "AZURE_FEDERATED_TOKEN_FILE");
    }
    if (!names_entra(settings)) entra.token = variable(variables, "AZURE_AD_TOKEN");
    entra.authority = variable(variables, "AZURE_AUTHORITY_HOST");
    if (!entra.authority.empty() && entra.authority.find("://") == std::string::npos) {
        entra.authority.insert(0, "https://");
    }
    entra.scope = or_variable(settings.azure_scope, variables, "AZURE_SCOPE");
    entra.identity_endpoint = variable(variables, "IDENTITY_ENDPOINT");
    entra.identity_header = variable(variables, "IDENTITY_HEADER");
    entra.instance_host = variable(variables, "AZURE_POD_IDENTITY_AUTHORITY_HOST");
    return entra;
}

// Whether the settings lead anywhere. Fails: permission naming what is missing.
base::Result<bool> entra_there(const credentials::EntraSettings& entra,
                               const config::CloudSettings& settings, const Shared& shared,
                               Asked asked) {
    if (!entra.token.empty()) return true;
    const bool proof = !entra.client_secret.empty() || !entra.federated_token_file.empty();
    if (proof && !entra.client_id.empty() && !entra.tenant_id.empty()) return true;
    const bool secret = !entra.client_secret.empty();
    if (secret || (!settings.client_id.empty() && !entra.tenant_id.empty())) {
        const auto unless = [](bool there, const char* name) {
            return there ? std::string() : std::string(" ") + name;
        };
        return permission(
            "an Entra application needs tenant_id, client_id and client_secret; missing:" +
            unless(!entra.tenant_id.empty(), "tenant_id (AZURE_TENANT_ID)") +
            unless(!entra.client_id.empty(), "client_id (AZURE_CLIENT_ID)") +
            unless(proof, "client_secret (AZURE_CLIENT_SECRET or AZURE_FEDERATED_TOKEN_FILE)"));
    }
    const bool pointed_to = !entra.identity_endpoint.empty() || !entra.instance_host.empty();
    // A client_id alone names one of the machine's own identities.
    if (pointed_to || !settings.client_id.empty()) return true;
    return asked == Asked::by_configuration && shared.machine() == Machine::azure;
}

base::Result<SourcePointer> entra_source(const config::CloudSettings& settings,
                                         const config::Environment& environment, Shared& shared,
                                         Asked asked) {
    const Variables variables = chosen(environment, {"AZURE_", "IDENTITY_"},
                                       {"AZURE_CLIENT_SECRET", "AZURE_AD_TOKEN"});
    credentials::EntraSettings entra = entra_settings(settings, variables);
    TRY(const bool there, entra_there(entra, settings, shared, asked));
    if (!there) return SourcePointer();
    TRY(entra.tls, shared.tls(true, ""));
    const std::string key =
        key_of({"entra", entra.token, entra.tenant_id, entra.client_id, entra.client_secret,
                entra.federated_token_file, entra.authority, entra.scope, entra.identity_endpoint,
                entra.identity_header, entra.instance_host},
               {});
    return shared_source<credentials::EntraFetcher>(shared, key, std::move(entra));
}

}  // namespace

bool names_credential(const domain::ProviderTraits& row, const config::CloudSettings& settings) {
    switch (row.credential) {
        case CredentialKind::aws: return names_aws(settings);
        case CredentialKind::google: return !settings.vertex_credentials.empty();
        case CredentialKind::entra: return names_entra(settings);
        case CredentialKind::key: break;
    }
    return false;
}

base::Result<SourcePointer> credential_source(const domain::ProviderTraits& row,
                                              const config::CloudSettings& settings,
                                              const domain::CloudPlace& place,
                                              const config::Environment& environment,
                                              Shared& shared, Asked asked) {
    switch (row.credential) {
        case CredentialKind::aws:
            return aws_source(settings, place, environment, shared, asked);
        case CredentialKind::google: return google_source(settings, environment, shared, asked);
        case CredentialKind::entra: return entra_source(settings, environment, shared, asked);
        case CredentialKind::key: break;
    }
    return SourcePointer();
}

void complete_place(const domain::ProviderTraits& row, const config::CloudSettings& settings,
                    const config::Environment& environment, Shared& shared, Asking asking,
                    domain::CloudPlace& place) {
    if (row.credential == CredentialKind::google && place.project.empty()) {
        const Variables variables = google_variables(environment);
        const bool key =
            !credentials::google_key_place(settings.vertex_credentials.value, variables).empty();
        if (key || !google_metadata_meant(variables, shared, asking.asked)) return;
        const std::string host = variable(variables, "GCE_METADATA_HOST");
        place.project = shared.place(
            "google " + host, [host] { return credentials::metadata_project(host); },
            asking.waiting);
    }
    if (row.credential == CredentialKind::aws && place.region.empty()) {
        const Variables variables = chosen(environment, {"AWS_"}, {});
        if (!instance_pointed_to(variables, shared, asking.asked)) return;
        const std::string key =
            "aws " + variable(variables, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
        place.region = shared.place(
            key, [variables] { return credentials::instance_region(variables); }, asking.waiting);
    }
}

std::string other_ways(CredentialKind kind) {
    switch (kind) {
        case CredentialKind::aws:
            return ", or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or aws_... "
                   "settings";
        case CredentialKind::google:
            return ", or GOOGLE_APPLICATION_CREDENTIALS, or vertex_credentials";
        case CredentialKind::entra:
            return ", or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET";
        case CredentialKind::key: break;
    }
    return {};
}

}  // namespace tollgate::assembly
