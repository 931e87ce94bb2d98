// Which candidates a key may use at all: its providers and its regions. Pure functions.
#pragma once
#include <string_view>

#include "base/result.hpp"
#include "gateway/directory.hpp"
#include "gateway/generation.hpp"

namespace tollgate::gateway {

// Whether a key of this policy may be served there.
bool reaches(const KeyPolicy& policy, const domain::Deployment& target);

// Whether somebody whom the key may reach serves the name. Names that routing alone gives a meaning
// to (auto, claude-eco) lead to whatever the key has.
bool reaches_name(const Snapshot& snapshot, const KeyPolicy& policy, std::string_view name);

// What the key is told when it may not: its own providers and regions, and those of the target.
base::Error out_of_reach(const KeyPolicy& policy, const domain::Deployment& target);

// Takes away the candidates that the key may not reach, of the special chains too.
// Fails: permission, naming the key's providers and regions and those of the candidates, when none
// is left.
base::Result<void> keep_reached(const KeyPolicy& policy, std::string_view model, Plan& plan);

}  // namespace tollgate::gateway
