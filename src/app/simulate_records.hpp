// The records of the configured database replayed under another configuration. Blocking; main
// thread.
#pragma once
#include "base/result.hpp"
#include "commands/administration.hpp"
#include "commands/simulate.hpp"

namespace tollgate::app {

// `given` names the configuration whose database is read; nothing is written there.
// Fails: invalid_request or unavailable in words for people, not_found for the tenant.
base::Result<routing::SimulationReport> simulate_records(const commands::ConnectionArgs& given,
                                                         const commands::SimulateQuestion& asked);

}  // namespace tollgate::app
