// The money side of a request: what may be spent before each attempt, what was spent after it, and
// the usage records, which are in the journal before the client sees its answer end.
// Loop thread only; on the request's own frame.
#pragma once
#include <optional>

#include "gateway/failure.hpp"
#include "gateway/generation.hpp"

namespace tollgate::gateway {

// The key's tags and those of x-tollgate-tags, each once, bounded in number and length.
std::vector<std::string> tags_of(const Generation& generation);

// Fails: unavailable while the journal of usage records is full. Otherwise whether the caller or
// what it asks for has limits or budgets, so that enter() has something to do.
base::Result<bool> accept(const Generation& generation);
// Takes the limits and checks the budgets of the caller. REQUIRES: accept() said so. Fails:
// rate_limited, billing.
net::Task<base::Result<void>> enter(Generation& generation);

// The most output tokens that billing.output_tokens_clamp leaves this request, where it has a
// budget, or its rule; 0: as many as it asks for. Thinking that was asked for fits always.
std::int64_t output_clamp(const Generation& generation);

// Before an attempt: holds its worst cost. Nothing when it may go on; else a failure of our own,
// which the next candidate may not share. `begun`: when the attempt began.
net::Task<std::optional<AttemptFailure>> reserve(Generation& generation, const Endpoint& endpoint,
                                                 net::Instant begun);

// The same for an attempt that begins beside the present one: `attempt` is filled, and belongs to
// the caller until it is taken up or ended. `number`: among the request's attempts.
net::Task<std::optional<AttemptFailure>> reserve_beside(Generation& generation,
                                                        const Endpoint& endpoint,
                                                        std::int64_t number,
                                                        AttemptRecord& attempt);
// It is the present one from now on. REQUIRES: the one before was ended.
void take_up(Generation& generation, AttemptRecord attempt);
// It is over without having been that: bills attempt.usage and keeps its record.
void end_beside(Generation& generation, AttemptRecord attempt, const AttemptFailure& failure);

// The present attempt is over: prices what it used, ends its hold and keeps its record. Later calls
// for the same attempt do nothing. `failure`: null when the client got its answer.
void end_attempt(Generation& generation, const AttemptFailure* failure);

// The request is over, or its last bytes are about to leave: everything held is settled and the
// records are written. REQUIRES: record.status and record.usage say how it ended. Later calls do
// nothing.
void conclude(Generation& generation);

// What is left of the caller's limits and budgets at this moment.
Generation::Bounds standing_bounds(const policy::Ticket& ticket);
// x-ratelimit-*, anthropic-ratelimit-unified-* of the caller's own bounds, x-tollgate-cost where it
// is known already. Before the answer's head leaves.
void add_governance_headers(Generation& generation);

// The status of a budget stop on this path, and what keeps a client from trying again.
int billing_status(const Generation& generation);

}  // namespace tollgate::gateway
