// Puts an obtained credential on a prepared request: a bearer token, or a signature.
#pragma once
#include "gateway/prepared.hpp"

namespace tollgate::gateway {

// Null where the credential is configured and stands in the headers already. The wait belongs to
// `scope`. Fails: as credentials::Source::get.
net::Task<base::Result<credentials::CredentialPointer>> authorize(http::Client& client,
                                                                  const Endpoint& endpoint,
                                                                  Prepared& prepared,
                                                                  net::CancelScope* scope);

}  // namespace tollgate::gateway
