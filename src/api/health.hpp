// Liveness, readiness and the health of deployments (HTTP interface, section 2).
#pragma once
#include "gateway/gateway.hpp"
#include "http/exchange.hpp"

namespace tollgate::api {

net::Task<void> liveness(gateway::Worker& worker, http::Exchange& exchange);
// 503 with the reason per part while draining or without configuration.
net::Task<void> readiness(gateway::Worker& worker, http::Exchange& exchange);
// Counts for everybody, every deployment for the holder of a key.
net::Task<void> health(gateway::Worker& worker, http::Exchange& exchange);

}  // namespace tollgate::api
