// AWS's credentials, looked for in the order of AWS's own tools: settings, environment, shared
// files, web identity, container, instance; then the role that settings ask for, if any.
// A place that is set up but fails ends the search: another identity is never used in its stead.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "credentials/aws_profiles.hpp"
#include "credentials/aws_sts.hpp"
#include "credentials/fetcher.hpp"

namespace tollgate::credentials {

struct AwsSettings {
    std::string access_key_id, secret_access_key, session_token;
    std::string profile;             // only this profile of the shared files then
    std::string role_arn;            // assumed with what was found
    std::string session_name, external_id;
    std::string web_identity_token;  // path of a token that role_arn is assumed with
    StsPlace sts;
    Variables variables;             // AWS_... and HOME
    bool instance = true;            // the EC2 metadata service may be asked
    std::string container_host = "http://169.254.170.2";
};

class AwsChain final : public Fetcher {
public:
    explicit AwsChain(AwsSettings settings);
    net::Task<base::Result<domain::Credential>> fetch(const FetchContext& context) const override;
    std::string describe() const override;

private:
    using Found = std::optional<domain::Credential>;  // nullopt: not set up, see notes
    using Notes = std::vector<std::string>;           // what each place said
    net::Task<base::Result<domain::Credential>> find(const FetchContext& context) const;
    Found from_environment(Notes& notes) const;
    net::Task<base::Result<Found>> from_files(const FetchContext& context, Notes& notes) const;
    net::Task<base::Result<Found>> from_web_identity(const FetchContext& context,
                                                     Notes& notes) const;
    net::Task<base::Result<Found>> from_container(const FetchContext& context, Notes& notes) const;
    net::Task<base::Result<Found>> from_instance(const FetchContext& context, Notes& notes) const;
    net::Task<base::Result<domain::Credential>> with_token_file(const FetchContext& context,
                                                                const RoleWanted& wanted,
                                                                const std::string& path) const;
    // The credentials of a profile; `used` are those whose source it is, for finding circles.
    net::Task<base::Result<domain::Credential>> of_profile(const FetchContext& context,
                                                           const AwsProfiles& all,
                                                           const std::string& name,
                                                           std::vector<std::string> used) const;
    net::Task<base::Result<domain::Credential>> of_role(const FetchContext& context,
                                                        const AwsProfiles& all,
                                                        const std::string& name,
                                                        const Profile& profile,
                                                        std::vector<std::string> used) const;
    net::Task<base::Result<domain::Credential>> of_credential_source(
        const FetchContext& context, const std::string& name, const std::string& source) const;
    StsPlace sts_place(const Profile* profile) const;

    const AwsSettings settings_;
};

}  // namespace tollgate::credentials
