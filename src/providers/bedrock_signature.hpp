// What Bedrock's endpoints share: regions, and Signature Version 4 over a finished request.
// Pure functions.
#pragma once
#include <string>
#include <string_view>

#include "domain/credential.hpp"
#include "domain/target.hpp"
#include "providers/provider.hpp"

namespace tollgate::providers {

// The region of a deployment: its ARN's, else the configured one, else the one in the name of its
// host; "" when nothing says.
std::string bedrock_region(const domain::Deployment& target);

// Adds the headers that sign the request for `service`, or the token where the credential is one.
void sign_for_aws(std::string_view service, const domain::Deployment& target,
                  const domain::Credential& credential, const SignableRequest& request,
                  HeaderList& headers);

// The region for the host of `provider`. Fails: invalid_request naming the setting that is missing,
// or the field that holds no region: it would be a part of the host that gets the credential.
base::Result<std::string> aws_host_region(std::string_view provider,
                                          const domain::Deployment& target);

}  // namespace tollgate::providers
