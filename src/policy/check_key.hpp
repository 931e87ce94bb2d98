// Whether a key that is in force may be used in this way: from this address, on this route. Pure;
// any thread. What it may be used for (models, providers, regions) is decided where they are
// chosen.
#pragma once
#include <string_view>

#include "base/result.hpp"
#include "domain/tenancy.hpp"
#include "policy/address_range.hpp"
#include "policy/route_list.hpp"

namespace tollgate::policy {

// The rules of one key; many keys have none, and share the empty one.
struct KeyRules {
    RouteList routes;
    AddressList addresses;
    bool empty() const { return routes.everything() && addresses.everything(); }
};
// Fails: invalid_request naming the field (allowed_routes, allowed_addresses).
base::Result<KeyRules> key_rules(const domain::Key& key);

struct KeyUse {
    std::string_view path;            // without its query
    std::string_view client_address;  // "10.0.0.7:5123"
};
// Fails: permission, naming route or address and what to change.
base::Result<void> check_key(const KeyRules& rules, const KeyUse& use);

}  // namespace tollgate::policy
