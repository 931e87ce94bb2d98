// The usage records of a request: one of its own, and one per attempt where there were several.
// They are in the journal before the client sees its answer end. Loop thread only.
#pragma once
#include "domain/usage_record.hpp"
#include "gateway/generation.hpp"

namespace tollgate::gateway {

// Writes them. REQUIRES: the attempts have ended; record.status and record.usage say how it went.
// `now`: the request's end.
void write_rows(Generation& generation, net::Instant now);

// The record of a copy of this request that `shadow` is asked with: who, when and why; not how it
// went.
domain::UsageRecord shadow_row(Generation& generation, const Endpoint& shadow);

}  // namespace tollgate::gateway
