#include "gateway/caller.hpp"

#include "policy/authenticate.hpp"

namespace tollgate::gateway {

base::Result<const domain::Principal*> authenticate_caller(const Directory& directory,
                                                           const http::Headers& headers) {
    return policy::authenticate(directory.keys, headers);
}

base::Result<void> check_caller(const Directory& directory, const domain::Principal& who,
                                std::string_view address, std::string_view path) {
    const policy::KeyRules& rules = directory.policy_of(who).rules;
    if (rules.empty()) return {};
    if (!path.empty()) return policy::check_key(rules, {path, address});
    policy::KeyRules of_address;
    of_address.addresses = rules.addresses;
    return policy::check_key(of_address, {path, address});
}

base::Result<const domain::Principal*> admit_caller(const Directory& directory,
                                                    const http::Headers& headers,
                                                    std::string_view address,
                                                    std::string_view path) {
    TRY(const domain::Principal* who, authenticate_caller(directory, headers));
    TRY_VOID(check_caller(directory, *who, address, path));
    return who;
}

}  // namespace tollgate::gateway
