// The attempts loop: tries the plan's candidates until one answers, and delivers that answer.
#pragma once
#include "gateway/generation.hpp"

namespace tollgate::gateway {

// Answers the client, with an answer or an error; fills generation.record.
// REQUIRES: a plan with candidates.
net::Task<void> call_provider(Generation& generation);

}  // namespace tollgate::gateway
