// For handlers that wait for something outside between two transactions, or after one: a provider
// is never waited for while the database holds a transaction. Loop thread only.
#pragma once
#include <functional>
#include <memory>

#include "admin/call.hpp"
#include "http/exchange.hpp"

namespace tollgate::admin {

using Step = std::function<base::Result<void>(Call& call, store::Session& session)>;

// Runs `step` as the guard runs a handler: in one transaction, with its audit rows and the notice
// to other instances, perhaps more than once. Comes back when what was changed is in force here.
// An answer of 400 or above rolls back and is no failure.
net::Task<base::Result<void>> run_step(http::Exchange& exchange, std::shared_ptr<Call> call,
                                       bool writes, Step step);
// Sends what the last step answered, or the error.
net::Task<void> send_outcome(http::Exchange& exchange, std::shared_ptr<Call> call,
                             base::Result<void> outcome);
// Answers with that error in the interface's shape, for a status that no code of ours has.
base::Result<void> answer_refusal(Call& call, int status, std::string_view type,
                                  std::string_view code, std::string_view message);

}  // namespace tollgate::admin
