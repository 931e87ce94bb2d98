// The story of an embeddings request. It is authenticated, admitted, planned, tried and settled as
// a generation is; what differs is one attempt: the texts may take several calls.
#pragma once
#include "gateway/generation.hpp"

namespace tollgate::gateway {

// Answers POST /v1/embeddings. Always answers, unless the client has left.
net::Task<void> handle_embeddings(Worker& worker, http::Exchange& exchange);

}  // namespace tollgate::gateway
