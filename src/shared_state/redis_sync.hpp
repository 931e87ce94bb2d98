// Carries the accounts of an instance to Redis and its leases back: one batch in flight at a time,
// numbered, and sent again until its answer has come, so that each counts exactly once.
// Runs as one task on the home loop.
#pragma once
#include <optional>

#include "shared_state/redis_core.hpp"

namespace tollgate::shared_state {

constexpr std::size_t batch_meters_max = 64;

// Runs until core.closing, with a last round after it.
net::Task<void> carry_accounts(std::shared_ptr<RedisCore> core);

}  // namespace tollgate::shared_state
