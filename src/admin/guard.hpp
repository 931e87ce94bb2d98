// The way of every administrative request: who asks, whether the one table of policy/authorize lets
// them, a body of bounded size, the handler in a transaction together with its audit rows and the
// notice to other instances, and one shape for every error. Loop thread only.
#pragma once
#include "admin/call.hpp"
#include "http/exchange.hpp"

namespace tollgate::admin {

// Answers one request. Borrows `services` and `operation`, which outlive it.
net::Task<void> serve(const Services& services, const Operation& operation,
                      http::Exchange& exchange);

// The status that an error has here.
int status_of(const base::Error& error);
// {"error":{"message","type","code"}}; on LiteLLM's face with "param" and the status as code.
std::string error_body(const base::Error& error, Face face);
// Sends an error in that shape; for handlers that answer by themselves.
net::Task<void> refuse(http::Exchange& exchange, base::Error error, Face face);

}  // namespace tollgate::admin
