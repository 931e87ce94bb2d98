// The models that a key may use, in Anthropic's or OpenAI's shape.
#pragma once
#include "gateway/gateway.hpp"
#include "http/exchange.hpp"

namespace tollgate::api {

// The listed models that this key may use.
std::vector<const gateway::ListedModel*> allowed_models(const gateway::Snapshot& snapshot,
                                                        const gateway::KeyPolicy& policy);
// The value of a query parameter, undecoded; "" when absent.
std::string_view query_parameter(std::string_view query, std::string_view name);

net::Task<void> list_models(gateway::Worker& worker, http::Exchange& exchange);
net::Task<void> get_model(gateway::Worker& worker, http::Exchange& exchange);

}  // namespace tollgate::api
