// The paths of model traffic, health and probes: one table. Built per worker at start.
#pragma once
#include "gateway/gateway.hpp"
#include "http/router.hpp"

namespace tollgate::api {

// Adds every route; handlers borrow `worker`, which must outlive the router.
void add_routes(http::Router& router, gateway::Worker& worker);

}  // namespace tollgate::api
