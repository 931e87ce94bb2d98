// What clients ask besides: Claude Code's warm-up probes, its telemetry, and unknown paths.
#pragma once
#include "gateway/gateway.hpp"
#include "http/exchange.hpp"

namespace tollgate::api {

net::Task<void> greet(gateway::Worker& worker, http::Exchange& exchange);
// Takes a body and forgets it.
net::Task<void> discard(gateway::Worker& worker, http::Exchange& exchange);
// 404, or 405 where the path exists with another method.
net::Task<void> unknown_path(gateway::Worker& worker, http::Exchange& exchange);

}  // namespace tollgate::api
