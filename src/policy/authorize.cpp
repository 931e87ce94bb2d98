#include "policy/authorize.hpp"

#include <optional>
#include <string>

namespace tollgate::policy {
namespace {

using domain::AccessRole;

// One letter per verb, in their order: read, create, update, remove, use, disable.
// - none, o own, t tenant, s shared, a all. A role may what the one before it may.
struct Row {
    const char* resource;
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

constexpr Reach reach_of_letter(char letter) {
    switch (letter) {
        case 'o': return Reach::own;
        case 't': return Reach::tenant;
        case 's': return Reach::shared;
        case 'a': return Reach::all;
        default: return Reach::none;
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

bool reaches(const domain::Principal& who, Reach granted, const Owner& owner) {
    // A tenant's role reaches into no other tenant, and without a tenant it has none.
    const bool own_tenant = !who.tenant.empty() && owner.tenant == who.tenant;
    switch (granted) {
        case Reach::none: return false;
        case Reach::own: {
            const bool own_user = !who.user.empty() && owner.user == who.user;
            const bool own_key = !who.key_id.empty() && owner.key_id == who.key_id;
            // A platform admin's user may live in no tenant at all.
            return owner.tenant == who.tenant && (own_user || own_key);
        }
        case Reach::tenant: return own_tenant;
        case Reach::shared: return own_tenant || owner.tenant.empty();
        case Reach::all: break;
    }
    return true;
}

// The first role that may, for the refusal's words; nullopt: nobody may.
std::optional<AccessRole> first_that_may(Resource resource, Verb verb, Reach at_least) {
    for (const AccessRole role : {AccessRole::member, AccessRole::tenant_auditor,
                                  AccessRole::tenant_admin, AccessRole::platform_admin}) {
        const Reach granted = reach(role, resource, verb);
        if (granted != Reach::none && granted >= at_least) return role;
    }
    return std::nullopt;
}

base::Error refusal(const domain::Principal& who, Resource resource, Verb verb, Reach needed) {
    const AccessRole role = who.access_role();
    std::string message = std::string("the role ") + domain::to_string(role) + " may not " +
                          to_string(verb) + " " + to_string(resource);
    const Reach has = reach(role, resource, verb);
    if (has == Reach::own) message += " of others";
    if (has == Reach::tenant || has == Reach::shared) message += " outside its tenant";
    const auto other = first_that_may(resource, verb, needed);
    if (!other || *other == role) {
        message += ", and no other role may";
    } else {
        message += std::string(": ask a ") + domain::to_string(*other);
    }
    return {base::ErrorCode::permission, std::move(message)};
}

}  // namespace

Reach reach(AccessRole role, Resource resource, Verb verb) {
    const Row& row = table[static_cast<std::size_t>(resource)];
    return reach_of_letter(cell(row, role)[static_cast<std::size_t>(verb)]);
}

base::Result<Reach> authorize(const domain::Principal& who, Resource resource, Verb verb) {
    const Reach granted = reach(who.access_role(), resource, verb);
    if (granted == Reach::none) return refusal(who, resource, verb, Reach::own);
    return granted;
}

base::Result<void> authorize(const domain::Principal& who, Resource resource, Verb verb,
                             const Owner& owner) {
    const Reach granted = reach(who.access_role(), resource, verb);
    if (reaches(who, granted, owner)) return {};
    const bool own_tenant = !who.tenant.empty() && owner.tenant == who.tenant;
    return refusal(who, resource, verb, own_tenant ? Reach::tenant : Reach::all);
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

const char* to_string(Resource resource) {
    return table[static_cast<std::size_t>(resource)].resource;
}

const char* to_string(Verb verb) {
    constexpr std::array<const char*, verb_count> names = {"read",   "create", "update",
                                                           "remove", "use",    "disable"};
    return names[static_cast<std::size_t>(verb)];
}

const char* to_string(Reach reach) {
    constexpr std::array<const char*, 5> names = {"none", "own", "tenant", "shared", "all"};
    return names[static_cast<std::size_t>(reach)];
}

}  // namespace tollgate::policy
