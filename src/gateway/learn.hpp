// What attempts teach about the deployments they went to: circuits, latency, errors, rate limits.
#pragma once
#include <optional>

#include "gateway/failure.hpp"
#include "gateway/generation.hpp"
#include "routing/health.hpp"

namespace tollgate::gateway {

// After an attempt at `endpoint` that began at `begun`: updates its health, and tells the log, the
// metrics and the other instances when its circuit has opened or closed.
void learn(Generation& generation, const Endpoint& endpoint, routing::Flight flight,
           const AttemptFailure* failure, net::Instant begun);

// What the head of an answer says of the provider's rate limits.
void learn_limits(const Endpoint& endpoint, const http::Headers& headers);

}  // namespace tollgate::gateway
