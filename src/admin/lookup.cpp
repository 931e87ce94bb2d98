#include "admin/lookup.hpp"

#include "policy/time_zone.hpp"
#include "store/keys.hpp"
#include "store/teams.hpp"
#include "store/tenants.hpp"
#include "store/tiers.hpp"
#include "store/users.hpp"

namespace tollgate::admin {
namespace {

bool absent(const base::Error& error) { return error.code == base::ErrorCode::not_found; }

// What a reference that leads nowhere is: the request's fault, naming the field.
base::Error dangling(const std::string& field, const std::string& name) {
    return invalid(field + " " + name + " does not exist", field);
}

}  // namespace

base::Result<domain::Team> find_team(Call& call, store::Session& session,
                                     const std::string& what) {
    call.query().skip("tenant");  // known, whether it is needed or not
    auto team = store::team_by_id(session, call.access, what);
    if (!team.ok() && absent(team.error())) {
        TRY(const std::string tenant, call.tenant_filter(session));
        if (!tenant.empty()) team = store::team_by_name(session, call.access, tenant, what);
    }
    if (!team.ok()) return team;
    TRY_VOID(call.check_reach({team->tenant}, "team " + what));
    return team;
}

base::Result<domain::User> find_user(Call& call, store::Session& session,
                                     const std::string& what) {
    const std::string& wanted = what == "me" ? call.caller.user : what;
    if (wanted.empty()) return store::not_found("user behind this key; name one by id");
    TRY(const domain::User user, store::find_user(session, call.access, wanted));
    TRY_VOID(call.check_reach({user.tenant, user.id}, "user " + wanted));
    return user;
}

base::Result<domain::Key> find_key(Call& call, store::Session& session, const std::string& what) {
    call.query().skip("tenant");
    auto key = store::key_by_id(session, call.access, what);
    if (!key.ok() && absent(key.error())) {
        TRY(const std::string tenant, call.tenant_filter(session));
        if (!tenant.empty()) key = store::key_by_name(session, call.access, tenant, what);
    }
    if (!key.ok()) return key;
    TRY_VOID(call.check_reach({key->tenant, key->user, key->id}, "key " + what));
    return key;
}

base::Result<void> check_tier(store::Session& session, const std::string& tier) {
    if (tier.empty()) return {};
    const auto found = store::tier_by_name(session, tier);
    if (found.ok()) return {};
    return absent(found.error()) ? dangling("tier", tier) : found.error();
}

base::Result<void> check_time_zone(const std::string& zone) {
    if (zone.empty()) return {};
    const auto loaded = policy::TimeZone::load(zone);
    if (loaded.ok()) return {};
    return invalid("time_zone: " + loaded.error().message, "time_zone");
}

base::Result<void> take_owners(Call& call, store::Session& session, const std::string& tenant,
                               std::string& team, std::string& user) {
    if (!team.empty() && !store::team_by_id(session, call.access, team).ok()) {
        const auto named = store::team_by_name(session, call.access, tenant, team);
        if (!named.ok() && !absent(named.error())) return named.error();
        if (!named.ok()) return dangling("team", team);
        team = named->id;
    }
    if (user.empty()) return {};
    const auto called = store::user_called(session, call.access, tenant, user);
    if (!called.ok()) return absent(called.error()) ? dangling("user", user) : called.error();
    user = called->id;
    return {};
}

base::Result<void> check_owners(Call& call, store::Session& session, const std::string& tenant,
                                const std::string& team, const std::string& user) {
    if (!team.empty()) {
        const auto found = store::team_by_id(session, call.access, team);
        if (!found.ok() && !absent(found.error())) return found.error();
        if (!found.ok() || found.value().tenant != tenant) return dangling("team", team);
    }
    if (!user.empty()) {
        const auto found = store::user_by_id(session, call.access, user);
        if (!found.ok() && !absent(found.error())) return found.error();
        if (!found.ok() || found.value().tenant != tenant) return dangling("user", user);
    }
    return {};
}

}  // namespace tollgate::admin
