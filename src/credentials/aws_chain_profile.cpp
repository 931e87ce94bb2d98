// The part of AWS's chain that follows profiles to their sources.
#include <algorithm>

#include "credentials/aws_chain.hpp"
#include "credentials/aws_metadata.hpp"
#include "credentials/credential_process.hpp"
#include "credentials/files.hpp"

namespace tollgate::credentials {
namespace {

using base::ErrorCode;

domain::Credential keys_of(const Profile& profile) {
    domain::Credential credential;
    credential.access_key_id = setting(profile, "aws_access_key_id");
    credential.secret_access_key = setting(profile, "aws_secret_access_key");
    credential.session_token = setting(profile, "aws_session_token");
    return credential;
}

bool whole(const domain::Credential& credential) {
    return !credential.access_key_id.empty() && !credential.secret_access_key.empty();
}

bool wants_sign_in(const Profile& profile) {
    return !setting(profile, "sso_session").empty() || !setting(profile, "sso_start_url").empty() ||
           !setting(profile, "login_session").empty();
}

net::Task<base::Result<domain::Credential>> of_process(const FetchContext& context,
                                                       std::string command) {
    CO_TRY(const std::vector<std::string> words, split_command(command));
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(context.deadline -
                                                                            net::Clock::now());
    const auto time = std::min(left, process_time_max);
    std::function<base::Result<std::string>()> work = [words, time] {
        return run_command(words, time);
    };
    const std::string what = "credential_process " + words.front();
    CO_TRY(const std::string output, co_await blocking(context, what, std::move(work)));
    co_return parse_aws_credentials(output, "SessionToken", what);
}

}  // namespace

net::Task<base::Result<domain::Credential>> AwsChain::of_profile(
    const FetchContext& context, const AwsProfiles& all, const std::string& name,
    std::vector<std::string> used) const {
    const Profile* profile = all.find(name);
    if (profile == nullptr) {
        co_return base::Error{ErrorCode::not_found,
                              "there is no profile " + name + " in " + all.files};
    }
    const domain::Credential keys = keys_of(*profile);
    const bool circle = std::find(used.begin(), used.end(), name) != used.end();
    // A role may name its own profile as the source: its keys are meant then.
    if (circle && used.back() == name && whole(keys)) co_return keys;
    if (circle) {
        co_return base::invalid("the source_profile of " + used.back() + " leads back to " + name);
    }
    if (!setting(*profile, "role_arn").empty()) {
        used.push_back(name);
        co_return co_await of_role(context, all, name, *profile, std::move(used));
    }
    if (whole(keys)) co_return keys;
    if (!keys.access_key_id.empty()) {
        co_return base::invalid("profile " + name + " has no aws_secret_access_key");
    }
    const std::string command = setting(*profile, "credential_process");
    if (!command.empty()) co_return co_await of_process(context, command);
    if (wants_sign_in(*profile)) {
        co_return base::invalid("profile " + name +
                                " signs in by a browser, which a gateway cannot: use "
                                "credential_process = aws configure export-credentials "
                                "--profile " + name + ", or a role");
    }
    co_return base::invalid("profile " + name + " in " + all.files +
                            " has neither keys nor role_arn nor credential_process");
}

net::Task<base::Result<domain::Credential>> AwsChain::of_role(const FetchContext& context,
                                                              const AwsProfiles& all,
                                                              const std::string& name,
                                                              const Profile& profile,
                                                              std::vector<std::string> used) const {
    const RoleWanted wanted{setting(profile, "role_arn"), setting(profile, "role_session_name"),
                            setting(profile, "external_id"), setting(profile, "duration_seconds")};
    const std::string token_file = setting(profile, "web_identity_token_file");
    const StsPlace place = sts_place(&profile);
    if (!token_file.empty()) {
        CO_TRY(const std::string text, co_await read_file(context, token_file));
        const std::string token = trimmed(text);
        co_return co_await assume_role_with_web_identity(context, place, wanted, token);
    }
    if (!setting(profile, "mfa_serial").empty()) {
        co_return base::invalid("profile " + name +
                                " wants a code (mfa_serial), which a gateway cannot type");
    }
    const std::string from = setting(profile, "source_profile");
    const std::string source = setting(profile, "credential_source");
    if (from.empty() == source.empty()) {
        co_return base::invalid("profile " + name +
                                " has role_arn: it needs either source_profile or "
                                "credential_source");
    }
    domain::Credential signer;
    if (from.empty()) {
        CO_TRY(signer, co_await of_credential_source(context, name, source));
    } else {
        CO_TRY(signer, co_await of_profile(context, all, from, std::move(used)));
    }
    co_return co_await assume_role(context, place, wanted, signer);
}

net::Task<base::Result<domain::Credential>> AwsChain::of_credential_source(
    const FetchContext& context, const std::string& name, const std::string& source) const {
    if (source == "Environment") {
        domain::Credential credential;
        credential.access_key_id = variable(settings_.variables, "AWS_ACCESS_KEY_ID");
        credential.secret_access_key = variable(settings_.variables, "AWS_SECRET_ACCESS_KEY");
        credential.session_token = variable(settings_.variables, "AWS_SESSION_TOKEN");
        if (whole(credential)) co_return credential;
        co_return base::invalid("profile " + name + " takes AWS_ACCESS_KEY_ID and "
                                "AWS_SECRET_ACCESS_KEY, which are not both set");
    }
    if (source == "Ec2InstanceMetadata") {
        co_return co_await instance_credential(context, settings_.variables);
    }
    if (source == "EcsContainer") {
        if (!container_configured(settings_.variables)) {
            co_return base::invalid("profile " + name + " takes the container's credentials: "
                                    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set");
        }
        co_return co_await container_credential(context, settings_.variables,
                                                settings_.container_host, settings_.sts.tls);
    }
    co_return base::invalid("profile " + name + " has credential_source " + source +
                            ": Environment, Ec2InstanceMetadata and EcsContainer are known");
}

}  // namespace tollgate::credentials
