#include "policy/check_key.hpp"

#include <string>

namespace tollgate::policy {

base::Result<KeyRules> key_rules(const domain::Key& key) {
    KeyRules rules;
    TRY(rules.routes, RouteList::of(key.allowed_routes));
    auto addresses = AddressList::of(key.allowed_addresses);
    if (!addresses.ok()) {
        return base::invalid("allowed_addresses: " + addresses.error().message,
                             "allowed_addresses");
    }
    rules.addresses = std::move(addresses).value();
    return rules;
}

base::Result<void> check_key(const KeyRules& rules, const KeyUse& use) {
    if (!rules.addresses.allows(use.client_address)) {
        return base::Error{base::ErrorCode::permission,
                           "this key may not be used from " + std::string(use.client_address) +
                               ": ask your administrator to add the address to the key's "
                               "allowed_addresses"};
    }
    if (!rules.routes.allows(use.path)) {
        return base::Error{base::ErrorCode::permission,
                           "this key may not use " + std::string(use.path) +
                               ": ask your administrator to add the route to the key's "
                               "allowed_routes"};
    }
    return {};
}

}  // namespace tollgate::policy
