// The attempts loop: tries the plan's candidates until one answers, and delivers that answer.
#pragma once
#include "gateway/attempt.hpp"
#include "gateway/generation.hpp"

namespace tollgate::gateway {

// How one candidate is tried; as attempt().
using Attempt = net::Task<std::optional<AttemptFailure>> (*)(Generation&, const Endpoint&,
                                                             Delivery&, AttemptOptions);

// Answers the client, with an answer or an error; fills generation.record.
// REQUIRES: a plan with candidates.
net::Task<void> call_provider(Generation& generation, Attempt try_one = &attempt);

}  // namespace tollgate::gateway
