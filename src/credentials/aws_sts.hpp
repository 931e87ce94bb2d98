// AWS Security Token Service: temporary credentials of a role.
#pragma once
#include <string>

#include "credentials/fetcher.hpp"

namespace tollgate::credentials {

struct StsPlace {
    std::string endpoint;  // a URL of the user's; "": AWS's own for the region
    std::string region;    // "": the global endpoint, signed for us-east-1
    bool fips = false;
    TlsContext tls;
};

struct RoleWanted {
    std::string role_arn;
    std::string session_name;  // "": tollgate
    std::string external_id;
    std::string duration_seconds;  // "": 3600, what every role allows
};

// "https://sts.eu-west-1.amazonaws.com".
std::string sts_url(const StsPlace& place);

// Signed by `signer`. Fails: provider with AWS's code and words, unavailable, cancelled.
net::Task<base::Result<domain::Credential>> assume_role(const FetchContext& context,
                                                        const StsPlace& place,
                                                        const RoleWanted& wanted,
                                                        const domain::Credential& signer);
// Proven by the token of a web identity (Kubernetes, CI); not signed.
net::Task<base::Result<domain::Credential>> assume_role_with_web_identity(
    const FetchContext& context, const StsPlace& place, const RoleWanted& wanted,
    const std::string& token);

// The credentials in either answer. Fails: provider when a part is missing.
base::Result<domain::Credential> parse_sts_answer(std::string_view xml, const std::string& what);

}  // namespace tollgate::credentials
