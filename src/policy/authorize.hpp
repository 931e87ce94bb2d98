// Who may do what: one table of role, resource and verb, and the one function that reads it. Every
// route of administration asks here and nowhere else. Pure; any thread.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "domain/principal.hpp"

namespace tollgate::policy {

enum class Resource : std::uint8_t {
    tenants,
    teams,
    users,
    keys,
    budgets,
    limits,
    tiers,
    credits,
    settings,  // of a user
    byok,      // a user's own provider keys
    providers,
    models,
    routing,
    usage,
    requests,
    reports,
    alerts,
    audit,
    config,
    experiments,
    events,
};
constexpr std::size_t resource_count = 21;

enum class Verb : std::uint8_t {
    read,  // get, list, export, verify, validate
    create,
    update,       // rotate, block, reload and acknowledge too
    remove,       // revoke too
    use,          // test a provider or model, explain a route, spend with a key of BYOK
    disable,      // of BYOK: to switch off what one may not set; anywhere else that is an update
    list = read,  // of many: the same right
};
constexpr std::size_t verb_count = 6;

// Whose objects. Each includes the ones before it.
enum class Reach : std::uint8_t {
    none,
    own,     // of the caller's user, or the caller's own key
    tenant,  // of the caller's tenant
    shared,  // those, and the platform's (of no tenant)
    all,
};

// The table. For lists: which rows to ask the store for.
Reach reach(domain::AccessRole role, Resource resource, Verb verb);

// Whom the object belongs to, as far as it has such an owner.
struct Owner {
    std::string_view tenant;  // "" : the platform's
    std::string_view user = {};
    std::string_view key_id = {};
};
// Fails: permission, naming role, verb and resource, and who may.
base::Result<void> authorize(const domain::Principal& who, Resource resource, Verb verb,
                             const Owner& owner);
// Without an object: whether the role may do it at all (to list, before rows are known).
base::Result<Reach> authorize(const domain::Principal& who, Resource resource, Verb verb);

// Whether `who` may give that role to a user or a key: none that may more than its own.
// Fails: permission.
base::Result<void> authorize_grant(const domain::Principal& who, domain::AccessRole granted);

const char* to_string(Resource resource);
const char* to_string(Verb verb);
const char* to_string(Reach reach);

}  // namespace tollgate::policy
