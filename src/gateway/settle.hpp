// What happens once a request is over, whichever way it ended: one access line, the metrics.
#pragma once
#include "gateway/gateway.hpp"
#include "gateway/record.hpp"

namespace tollgate::gateway {

// Any thread. Called exactly once per request of model traffic.
void settle(Gateway& gateway, const Snapshot& snapshot, const RequestRecord& record);

}  // namespace tollgate::gateway
