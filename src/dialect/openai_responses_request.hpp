// The neutral request as a body for OpenAI's POST /responses. Pure; one call, one body.
// Nothing is stored at the provider (store: false): reasoning travels encrypted in the signatures
// of thinking blocks and comes back with the next turn.
#pragma once
#include "dialect/dialect.hpp"

namespace tollgate::dialect {

// Fails: as ProviderDialect::encode_request.
base::Result<EncodedRequest> encode_responses_request(const domain::Request& request,
                                                      const domain::Deployment& target);

}  // namespace tollgate::dialect
