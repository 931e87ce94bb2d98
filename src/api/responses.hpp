// What clients of OpenAI Responses ask besides POST. Loop thread only.
#pragma once
#include "gateway/gateway.hpp"
#include "http/exchange.hpp"

namespace tollgate::api {

// GET on the path of Responses. A WebSocket is refused with 426, which Codex takes as "go on over
// HTTP" at once (other statuses it tries again for seconds); anything else is a 405.
net::Task<void> refuse_socket(gateway::Worker& worker, http::Exchange& exchange);

}  // namespace tollgate::api
