// How each provider is asked for embeddings: by which wire format, with which limits, under which
// path. Pure; a table over the provider's row and the model, not a method of providers, because
// most of them speak OpenAI's shape.
#pragma once
#include <string>

#include "base/result.hpp"
#include "dialect/embeddings.hpp"
#include "providers/provider.hpp"

namespace tollgate::providers {

// Fails: invalid_request when this provider, or this model at it, has no embeddings.
base::Result<dialect::embeddings::Target> embeddings_target(const domain::Deployment& target);

// The path below the base URL, for a call of `count` texts.
std::string embeddings_path(const Provider& provider, const domain::Deployment& target,
                            dialect::embeddings::Shape shape, std::size_t count);

}  // namespace tollgate::providers
