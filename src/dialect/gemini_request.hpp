// A neutral request as a generateContent body. Internal to dialect/gemini*.cpp.
#pragma once
#include "dialect/dialect.hpp"

namespace tollgate::dialect::gemini {

// Configured fields (extra_body, default_body) may be written in OpenAI's words or Google's:
// temperature, max_tokens and their kin find their place in generationConfig, every other name
// stands at the top of the body.
// Fails: as ProviderDialect::encode_request().
base::Result<EncodedRequest> encode_request(const domain::Request& request,
                                            const domain::Deployment& target);

}  // namespace tollgate::dialect::gemini
