#include "policy/authorize.hpp"

#include <optional>
#include <string>

namespace tollgate::policy {
namespace {

using domain::AccessRole;

// One letter per verb, in their order: read, create, update, remove, use, disable.
// - none, o own, t tenant, s shared, a all. A role may what the one before it may.
struct Row {
    std::string_view resource;
    std::string_view member, tenant_auditor, tenant_admin, platform_admin;
};
constexpr std::array<Row, resource_count> table = {{
    // Tenants come and go by the platform alone.
    {"tenants", "------", "t-----", "t-t---", "aaaa--"},
    {"teams", "------", "t-----", "tttt--", "aaaa--"},
    {"users", "o-----", "t-----", "tttt--", "aaaa--"},
    // Whoever holds a key may see and revoke it; changing it could lift its bounds.
    {"keys", "o--o--", "t--o--", "tttt--", "aaaa--"},
    {"budgets", "o-----", "t-----", "tttt--", "aaaa--"},
    {"limits", "o-----", "t-----", "tttt--", "aaaa--"},
    // Tiers and credits are what the platform sells; a movement of credits is never changed.
    {"tiers", "s-----", "s-----", "s-----", "aaaa--"},
    {"credits", "o-----", "t-----", "t-----", "aa----"},
    {"settings", "o-o---", "t-o---", "t-t---", "a-a---"},
    // Nobody sets or uses a key that somebody else brought; admins may list (masked), switch off
    // and remove it.
    {"byok", "oooooo", "tooooo", "tootot", "aooaoa"},
    {"providers", "------", "s-----", "stttt-", "aaaaa-"},
    {"models", "s-----", "s-----", "stttt-", "aaaaa-"},
    {"routing", "------", "s-----", "stttt-", "aaaaa-"},
    {"usage", "o-----", "t-----", "t-----", "a-----"},
    // Updating a request is giving feedback on it.
    {"requests", "o-o---", "t-o---", "t-t---", "a-a---"},
    {"reports", "------", "t-----", "t-----", "a-----"},
    {"alerts", "------", "t-----", "tttt--", "aaaa--"},
    // Nobody changes what was written; reading a body of a request is asked of the policy besides.
    {"audit", "------", "t-----", "t-----", "a-----"},
    {"config", "------", "------", "------", "a-a---"},
    {"experiments", "------", "t-----", "tttt--", "aaaa--"},
    {"events", "------", "t-----", "t-----", "a-----"},
}};

constexpr Scope scope_of_letter(char letter) {
    switch (letter) {
        case 'o': return Scope::own;
        case 't': return Scope::tenant;
        case 's': return Scope::shared;
        case 'a': return Scope::all;
        default: return Scope::none;
    }
}

std::string_view cell(const Row& row, AccessRole role) {
    switch (role) {
        case AccessRole::member: return row.member;
        case AccessRole::tenant_auditor: return row.tenant_auditor;
        case AccessRole::tenant_admin: return row.tenant_admin;
        case AccessRole::platform_admin: break;
    }
    return row.platform_admin;
}

bool reaches(const domain::Principal& who, Scope scope, const Owner& owner) {
    // A tenant's role reaches into no other tenant, and without a tenant it has none.
    const bool own_tenant = !who.tenant.empty() && owner.tenant == who.tenant;
    switch (scope) {
        case Scope::none: return false;
        case Scope::own: {
            const bool own_user = !who.user.empty() && owner.user == who.user;
            const bool own_key = !who.key_id.empty() && owner.key_id == who.key_id;
            // A platform admin's user may live in no tenant at all.
            return owner.tenant == who.tenant && (own_user || own_key);
        }
        case Scope::tenant: return own_tenant;
        case Scope::shared: return own_tenant || owner.tenant.empty();
        case Scope::all: break;
    }
    return true;
}

// The first role that may, for the refusal's words; nullopt: nobody may.
std::optional<AccessRole> first_that_may(Resource resource, Verb verb, Scope at_least) {
    for (const AccessRole role : {AccessRole::member, AccessRole::tenant_auditor,
                                  AccessRole::tenant_admin, AccessRole::platform_admin}) {
        const Scope scope = scope_of(role, resource, verb);
        if (scope != Scope::none && scope >= at_least) return role;
    }
    return std::nullopt;
}

base::Error refusal(const domain::Principal& who, Resource resource, Verb verb, Scope needed) {
    const AccessRole role = who.access_role();
    std::string message = std::string("the role ") + domain::to_string(role) + " may not " +
                          std::string(to_string(verb)) + " " + std::string(to_string(resource));
    const Scope has = scope_of(role, resource, verb);
    if (has == Scope::own) message += " of others";
    if (has == Scope::tenant || has == Scope::shared) message += " outside its tenant";
    const auto other = first_that_may(resource, verb, needed);
    if (!other || *other == role) {
        message += ", and no other role may";
    } else {
        message += std::string(": ask a ") + domain::to_string(*other);
    }
    return {base::ErrorCode::permission, std::move(message)};
}

}  // namespace

Scope scope_of(AccessRole role, Resource resource, Verb verb) {
    const Row& row = table[static_cast<std::size_t>(resource)];
    return scope_of_letter(cell(row, role)[static_cast<std::size_t>(verb)]);
}

base::Result<Scope> authorize(const domain::Principal& who, Resource resource, Verb verb) {
    const Scope scope = scope_of(who.access_role(), resource, verb);
    if (scope == Scope::none) return refusal(who, resource, verb, Scope::own);
    return scope;
}

base::Result<void> authorize(const domain::Principal& who, Resource resource, Verb verb,
                             const Owner& owner) {
    const Scope scope = scope_of(who.access_role(), resource, verb);
    if (reaches(who, scope, owner)) return {};
    const bool own_tenant = !who.tenant.empty() && owner.tenant == who.tenant;
    return refusal(who, resource, verb, own_tenant ? Scope::tenant : Scope::all);
}

base::Result<void> authorize_grant(const domain::Principal& who, AccessRole granted) {
    const AccessRole role = who.access_role();
    if (granted <= role) return {};
    return base::Error{base::ErrorCode::permission,
                       std::string("role: the role ") + domain::to_string(role) +
                           " may not give the role " + domain::to_string(granted) +
                           ", which may more than itself",
                       "role"};
}

std::string_view to_string(Resource resource) {
    return table[static_cast<std::size_t>(resource)].resource;
}

std::string_view to_string(Verb verb) {
    constexpr std::array<std::string_view, verb_count> names = {"read",   "create", "update",
                                                                "remove", "use",    "disable"};
    return names[static_cast<std::size_t>(verb)];
}

std::string_view to_string(Scope scope) {
    constexpr std::array<std::string_view, 5> names = {"none", "own", "tenant", "shared", "all"};
    return names[static_cast<std::size_t>(scope)];
}

}  // namespace tollgate::policy
