// The story of an embeddings request. It is authenticated, admitted, planned, tried and settled as
// a generation is; what differs is one attempt: the texts may take several calls.
#pragma once
#include "gateway/generation.hpp"

namespace tollgate::gateway {

// Answers POST /v1/embeddings. Always answers, unless the client has left.
// `by_path`: what the path named, for clients of a cloud; must outlive the task.
net::Task<void> handle_embeddings(Worker& worker, http::Exchange& exchange,
                                  const PathRequest* by_path = nullptr);

}  // namespace tollgate::gateway
