// What the name that a client sent leads to once the caller's own aliases have renamed it, and
// which name its lists of models are held against. Pure functions.
#pragma once
#include <string_view>

#include "gateway/directory.hpp"
#include "gateway/snapshot.hpp"

namespace tollgate::gateway {

struct AskedName {
    std::string_view wanted;  // after the aliases of key, team and tenant
    // Held against the lists. An alias for a name that nobody serves is a name like others, which a
    // list may have. One of a key, a team or the interface that covers a served name opens nothing:
    // what it leads to must be allowed itself, since the list was written with the model of that
    // name in mind. Names that a tenant's row or file defines are the tenant's models.
    std::string_view held;
};
// Views of `model` or of what the policy and the snapshot hold.
AskedName asked_name(const Snapshot& snapshot, const KeyPolicy& policy, std::string_view model);

// `auto` and `claude-eco` may be names of somebody's own; a guess for an unknown Claude is not one.
bool is_configured(const routing::Names& names, std::string_view name);

}  // namespace tollgate::gateway
