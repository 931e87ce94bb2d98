// The neutral request as a body for Ollama's POST /api/chat. Pure; one call, one body.
#pragma once
#include "dialect/dialect.hpp"

namespace tollgate::dialect {

// Fails: as ProviderDialect::encode_request; images must be base64.
base::Result<EncodedRequest> encode_ollama_request(const domain::Request& request,
                                                   const domain::Deployment& target);

}  // namespace tollgate::dialect
