#include "credentials/aws_chain.hpp"

#include "credentials/aws_metadata.hpp"
#include "credentials/files.hpp"

namespace tollgate::credentials {
namespace {

using base::ErrorCode;

std::string joined(const std::vector<std::string>& notes) {
    std::string text;
    for (const std::string& note : notes) text += (text.empty() ? "" : "; ") + note;
    return text;
}

// What a place said, with the place before it; cancelled stays what it is.
base::Error at(const std::string& place, base::Error error) {
    if (error.code == ErrorCode::cancelled) return error;
    error.message = "AWS credentials: " + place + ": " + error.message;
    // To the client it is always the provider that cannot be reached, whatever the file said.
    if (error.code != ErrorCode::unavailable) error.code = ErrorCode::provider;
    return error;
}

}  // namespace

AwsChain::AwsChain(AwsSettings settings) : settings_(std::move(settings)) {}

std::string AwsChain::describe() const {
    std::string from = "AWS credentials of the environment";
    if (!settings_.access_key_id.empty()) from = "AWS key " + settings_.access_key_id;
    else if (!settings_.profile.empty()) from = "AWS profile " + settings_.profile;
    else if (!settings_.web_identity_token.empty()) from = "web identity";
    return settings_.role_arn.empty() ? from : "role " + settings_.role_arn + " by " + from;
}

StsPlace AwsChain::sts_place(const Profile* profile) const {
    StsPlace place = settings_.sts;
    if (place.endpoint.empty()) place.endpoint = variable(settings_.variables,
                                                          "AWS_ENDPOINT_URL_STS");
    if (place.region.empty() && profile != nullptr) place.region = setting(*profile, "region");
    return place;
}

net::Task<base::Result<domain::Credential>> AwsChain::fetch(const FetchContext& context) const {
    const RoleWanted wanted{settings_.role_arn, settings_.session_name, settings_.external_id, ""};
    if (!settings_.web_identity_token.empty()) {
        auto taken = co_await with_token_file(context, wanted, settings_.web_identity_token);
        if (!taken.ok()) co_return at("aws_web_identity_token", std::move(taken).error());
        co_return taken;
    }
    CO_TRY(domain::Credential found, co_await find(context));
    if (wanted.role_arn.empty()) co_return found;
    const StsPlace place = sts_place(nullptr);
    auto assumed = co_await assume_role(context, place, wanted, found);
    if (!assumed.ok()) co_return at("aws_role_name", std::move(assumed).error());
    co_return assumed;
}

net::Task<base::Result<domain::Credential>> AwsChain::find(const FetchContext& context) const {
    if (!settings_.access_key_id.empty()) {
        domain::Credential credential;
        credential.access_key_id = settings_.access_key_id;
        credential.secret_access_key = settings_.secret_access_key;
        credential.session_token = settings_.session_token;
        co_return credential;
    }
    Notes notes;
    if (settings_.profile.empty()) {
        if (Found found = from_environment(notes)) co_return *std::move(found);
    }
    CO_TRY(Found found, co_await from_files(context, notes));
    if (!found && settings_.profile.empty()) {
        CO_TRY(found, co_await from_web_identity(context, notes));
        if (!found) {
            CO_TRY(found, co_await from_container(context, notes));
        }
        if (!found) {
            CO_TRY(found, co_await from_instance(context, notes));
        }
    }
    if (found) co_return *std::move(found);
    co_return base::Error{ErrorCode::provider,
                          "no AWS credentials were found: " + joined(notes)};
}

AwsChain::Found AwsChain::from_environment(Notes& notes) const {
    if (const std::string profile = variable(settings_.variables, "AWS_PROFILE");
        !profile.empty()) {
        notes.push_back("the environment is passed over because AWS_PROFILE is set");
        return std::nullopt;
    }
    domain::Credential credential;
    credential.access_key_id = variable(settings_.variables, "AWS_ACCESS_KEY_ID");
    credential.secret_access_key = variable(settings_.variables, "AWS_SECRET_ACCESS_KEY");
    credential.session_token = variable(settings_.variables, "AWS_SESSION_TOKEN");
    if (!credential.access_key_id.empty() && !credential.secret_access_key.empty()) {
        return credential;
    }
    notes.push_back("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set");
    return std::nullopt;
}

net::Task<base::Result<AwsChain::Found>> AwsChain::from_files(const FetchContext& context,
                                                              Notes& notes) const {
    const bool named = !settings_.profile.empty() ||
                       !variable(settings_.variables, "AWS_PROFILE").empty() ||
                       !variable(settings_.variables, "AWS_DEFAULT_PROFILE").empty();
    const std::string name =
        settings_.profile.empty() ? profile_name(settings_.variables) : settings_.profile;
    const Variables variables = settings_.variables;
    std::function<base::Result<AwsProfiles>()> work = [variables] {
        return load_profiles(variables);
    };
    auto all = co_await blocking(context, "reading AWS's files", std::move(work));
    if (!all.ok()) co_return at("profile " + name, std::move(all).error());
    const Profile* profile = all->find(name);
    if (!named && (profile == nullptr || !has_credentials(*profile))) {
        notes.push_back("no profile " + name + " with credentials in " + all->files);
        co_return Found();
    }
    std::vector<std::string> used;
    auto credential = co_await of_profile(context, *all, name, std::move(used));
    if (!credential.ok()) co_return at("profile " + name, std::move(credential).error());
    co_return Found(std::move(credential).value());
}

net::Task<base::Result<domain::Credential>> AwsChain::with_token_file(
    const FetchContext& context, const RoleWanted& wanted, const std::string& path) const {
    if (wanted.role_arn.empty()) {
        co_return base::invalid("a web identity token needs a role (aws_role_name, AWS_ROLE_ARN)");
    }
    CO_TRY(const std::string text, co_await read_file(context, path));
    const std::string token = trimmed(text);
    const StsPlace place = sts_place(nullptr);
    co_return co_await assume_role_with_web_identity(context, place, wanted, token);
}

net::Task<base::Result<AwsChain::Found>> AwsChain::from_web_identity(const FetchContext& context,
                                                                     Notes& notes) const {
    const std::string path = variable(settings_.variables, "AWS_WEB_IDENTITY_TOKEN_FILE");
    if (path.empty()) {
        notes.push_back("AWS_WEB_IDENTITY_TOKEN_FILE is not set");
        co_return Found();
    }
    const RoleWanted wanted{variable(settings_.variables, "AWS_ROLE_ARN"),
                            variable(settings_.variables, "AWS_ROLE_SESSION_NAME"), "", ""};
    auto credential = co_await with_token_file(context, wanted, path);
    if (!credential.ok()) {
        co_return at("AWS_WEB_IDENTITY_TOKEN_FILE", std::move(credential).error());
    }
    co_return Found(std::move(credential).value());
}

net::Task<base::Result<AwsChain::Found>> AwsChain::from_container(const FetchContext& context,
                                                                  Notes& notes) const {
    if (!container_configured(settings_.variables)) {
        notes.push_back("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set");
        co_return Found();
    }
    auto credential = co_await container_credential(context, settings_.variables,
                                                    settings_.container_host, settings_.sts.tls);
    if (!credential.ok()) co_return at("container", std::move(credential).error());
    co_return Found(std::move(credential).value());
}

net::Task<base::Result<AwsChain::Found>> AwsChain::from_instance(const FetchContext& context,
                                                                 Notes& notes) const {
    if (!settings_.instance || !instance_enabled(settings_.variables)) {
        notes.push_back(settings_.instance ? "AWS_EC2_METADATA_DISABLED is true"
                                           : "this is no EC2 instance");
        co_return Found();
    }
    auto credential = co_await instance_credential(context, settings_.variables);
    if (credential.ok()) co_return Found(std::move(credential).value());
    if (credential.error().code == ErrorCode::cancelled) co_return std::move(credential).error();
    notes.push_back(credential.error().message);
    co_return Found();
}

}  // namespace tollgate::credentials
