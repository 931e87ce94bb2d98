// AWS credentials from what the machine runs on: a container's agent (ECS, EKS Pod Identity,
// Greengrass) and the EC2 instance metadata service, version 2.
#pragma once
#include <optional>
#include <string>

#include "credentials/fetcher.hpp"

namespace tollgate::credentials {

// `{"AccessKeyId":..,"SecretAccessKey":..,"Token":..,"Expiration":..}`; `token_name` is "Token", or
// "SessionToken" for credential_process. Without Expiration they do not end. Fails: provider with
// the answer's Code and Message, or what is missing.
base::Result<domain::Credential> parse_aws_credentials(std::string_view text,
                                                       std::string_view token_name,
                                                       const std::string& what);

// True when AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI is set.
bool container_configured(const Variables& variables);
// `container_host` is where the relative address is: "http://169.254.170.2" everywhere but in
// tests. Fails: invalid_request for an address that must not see the token; as ask_for_body.
net::Task<base::Result<domain::Credential>> container_credential(const FetchContext& context,
                                                                 const Variables& variables,
                                                                 const std::string& container_host,
                                                                 const TlsContext& tls);
// The full address may be https, or http to this machine or to the agents' own addresses: the token
// that goes with it must not travel in the clear. Fails: invalid_request.
base::Result<void> check_container_address(const std::string& url);

// False when AWS_EC2_METADATA_DISABLED says so.
bool instance_enabled(const Variables& variables);
net::Task<base::Result<domain::Credential>> instance_credential(const FetchContext& context,
                                                                const Variables& variables);
net::Task<base::Result<std::string>> instance_region(const FetchContext& context,
                                                     const Variables& variables);

}  // namespace tollgate::credentials
