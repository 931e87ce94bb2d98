// The models that a key may use, in Anthropic's or OpenAI's shape.
#pragma once
#include "gateway/gateway.hpp"
#include "http/exchange.hpp"

namespace tollgate::api {

net::Task<void> list_models(gateway::Worker& worker, http::Exchange& exchange);
net::Task<void> get_model(gateway::Worker& worker, http::Exchange& exchange);

}  // namespace tollgate::api
