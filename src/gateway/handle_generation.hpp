// The story of a request of model traffic, from its head to its settlement.
#pragma once
#include "gateway/generation.hpp"

namespace tollgate::gateway {

// Answers a generation request spoken in `client`. Always answers, unless the client has left.
// `by_path`: what the path named, for clients of a cloud; must outlive the task.
net::Task<void> handle_generation(Worker& worker, http::Exchange& exchange,
                                  const dialect::ClientDialect& client,
                                  const PathRequest* by_path = nullptr);

// Answers POST /v1/messages/count_tokens: by the provider where it counts, else here.
net::Task<void> handle_count_tokens(Worker& worker, http::Exchange& exchange,
                                    const PathRequest* by_path = nullptr);

}  // namespace tollgate::gateway
