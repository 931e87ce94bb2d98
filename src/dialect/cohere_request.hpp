// The neutral request as a body for Cohere's POST /v2/chat. Pure; one call, one body.
#pragma once
#include "dialect/dialect.hpp"

namespace tollgate::dialect {

// Fails: as ProviderDialect::encode_request.
base::Result<EncodedRequest> encode_cohere_request(const domain::Request& request,
                                                   const domain::Deployment& target);

}  // namespace tollgate::dialect
