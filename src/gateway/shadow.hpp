// Shadow traffic: a rule sends a copy of a share of its requests to another model. The answer is
// dropped; what it cost and how long it took is kept as a usage record of its own (strategy
// `shadow`, the trace names the request it copies). The client waits for nothing of it and sees
// nothing of it; budgets are not charged.
#pragma once
#include "gateway/generation.hpp"

namespace tollgate::gateway {

// Sends the copy to generation.plan.shadow, if there is one, while the request goes its way. The
// body is copied; nothing of `generation` is used after the return. So many at once per worker,
// others are left out and counted. Call on the worker's thread, after authorisation.
void begin_shadow(Generation& generation);

}  // namespace tollgate::gateway
