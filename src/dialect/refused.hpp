// What a target cannot carry: a clear 400, or, where the operator wants it so, dropped with a note.
// Pure functions.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "dialect/dialect.hpp"

namespace tollgate::dialect {

// Something that would change the answer. With target.drop_unsupported it is noted as dropped
// (`what`, in the client's words) and the caller leaves it out; else an invalid_request that names
// `field`, says `why`, and how to go on.
base::Result<void> cannot_carry(const domain::Deployment& target, Translation& translation,
                                std::string_view what, std::string_view field,
                                std::string_view why);

// The same of a provider-run tool that the target has no counterpart of; one that the client offers
// wherever it goes is always left out.
base::Result<void> cannot_carry_tool(const domain::Deployment& target, Translation& translation,
                                     const domain::Tool& tool, std::string_view what,
                                     std::string_view field, std::string_view why);

// Fields of an OpenAI Chat body that no other protocol can answer: n > 1, logprobs and their kin.
// Called by the encoders of other protocols. A field set to its neutral value (n: 1, logprobs:
// false, null) passes. Fails: invalid_request naming the field.
base::Result<void> refuse_untranslatable(const domain::Request& request);

}  // namespace tollgate::dialect
