#include "assembly/cloud.hpp"

#include "credentials/aws_profiles.hpp"
#include "credentials/google_key.hpp"

namespace tollgate::assembly {
namespace {

using domain::CredentialKind;

void complete(std::string& own, const std::string& general) {
    if (own.empty()) own = general;
}

void complete(config::Secret& own, const config::Secret& general) {
    if (own.empty()) own = general;
}

std::string first_set(const config::Environment& environment,
                      std::initializer_list<const char*> names) {
    for (const char* name : names) {
        if (auto value = environment.lookup(name); value && !value->empty()) return *value;
    }
    return {};
}

// AWS's own tools take the region from the profile.
std::string region_of_profile(const config::CloudSettings& settings,
                              const config::Environment& environment) {
    const auto all = credentials::load_profiles(environment.variables);
    if (!all.ok()) return {};
    const std::string name = settings.aws_profile_name.empty()
                                 ? credentials::profile_name(environment.variables)
                                 : settings.aws_profile_name;
    const credentials::Profile* profile = all->find(name);
    return profile == nullptr ? std::string() : credentials::setting(*profile, "region");
}

std::string project_of_key(const config::CloudSettings& settings,
                           const config::Environment& environment) {
    return credentials::google_project(credentials::google_key_place(
        settings.vertex_credentials.value, environment.variables));
}

}  // namespace

config::CloudSettings merged(const config::CloudSettings& entry,
                             const config::CloudSettings* account) {
    config::CloudSettings all = entry;
    if (account == nullptr) return all;
    complete(all.aws_region_name, account->aws_region_name);
    complete(all.aws_profile_name, account->aws_profile_name);
    complete(all.aws_role_name, account->aws_role_name);
    complete(all.aws_session_name, account->aws_session_name);
    complete(all.aws_external_id, account->aws_external_id);
    complete(all.aws_web_identity_token, account->aws_web_identity_token);
    complete(all.aws_sts_endpoint, account->aws_sts_endpoint);
    complete(all.aws_bedrock_runtime_endpoint, account->aws_bedrock_runtime_endpoint);
    // A key, its secret and its token belong together.
    if (all.aws_access_key_id.empty()) {
        all.aws_access_key_id = account->aws_access_key_id;
        all.aws_secret_access_key = account->aws_secret_access_key;
        all.aws_session_token = account->aws_session_token;
    }
    if (!all.aws_use_fips_endpoint) all.aws_use_fips_endpoint = account->aws_use_fips_endpoint;
    complete(all.vertex_project, account->vertex_project);
    complete(all.vertex_location, account->vertex_location);
    complete(all.vertex_credentials, account->vertex_credentials);
    complete(all.azure_ad_token, account->azure_ad_token);
    complete(all.azure_scope, account->azure_scope);
    if (all.client_id.empty()) {
        all.client_id = account->client_id;
        all.client_secret = account->client_secret;
    }
    complete(all.tenant_id, account->tenant_id);
    return all;
}

domain::CloudPlace place_of(const domain::ProviderTraits& row,
                            const config::CloudSettings& settings, const std::string& api_version,
                            const config::Environment& environment) {
    domain::CloudPlace place;
    switch (row.credential) {
        case CredentialKind::aws:
            place.region = settings.aws_region_name;
            complete(place.region, first_set(environment, {"AWS_REGION_NAME", "AWS_REGION",
                                                           "AWS_DEFAULT_REGION"}));
            if (place.region.empty()) place.region = region_of_profile(settings, environment);
            place.model_id = settings.model_id;
            place.fips = settings.aws_use_fips_endpoint.value_or(
                first_set(environment, {"AWS_USE_FIPS_ENDPOINT"}) == "true");
            break;
        case CredentialKind::google:
            place.project = settings.vertex_project;
            complete(place.project,
                     first_set(environment, {"VERTEXAI_PROJECT", "ANTHROPIC_VERTEX_PROJECT_ID",
                                             "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"}));
            if (place.project.empty()) place.project = project_of_key(settings, environment);
            place.region = settings.vertex_location;
            complete(place.region, first_set(environment, {"VERTEXAI_LOCATION", "CLOUD_ML_REGION",
                                                           "GOOGLE_CLOUD_LOCATION"}));
            break;
        case CredentialKind::entra:
            place.api_version = api_version;
            complete(place.api_version, first_set(environment, {"AZURE_API_VERSION",
                                                                "OPENAI_API_VERSION"}));
            break;
        case CredentialKind::key: break;
    }
    if (place.api_version.empty()) place.api_version = api_version;
    return place;
}

}  // namespace tollgate::assembly
