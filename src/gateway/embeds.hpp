// Which deployments make embeddings. Pure but for endpoints that are made for a name.
#pragma once
#include <string>
#include <vector>

#include "gateway/snapshot.hpp"

namespace tollgate::gateway {

// Why this one cannot, in words; "" : it can, as far as anybody knows: a model that is not in the
// catalog may be anything.
std::string cannot_embed(const domain::Deployment& target);

// Whether one of these names leads to a model that is known to make embeddings.
bool any_embeds(const Snapshot& snapshot, const std::vector<std::string>& names);

}  // namespace tollgate::gateway
