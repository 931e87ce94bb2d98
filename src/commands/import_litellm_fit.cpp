// fit_plan(): what in the store stands in a plan's way, and what the plan does about it.
#include <algorithm>
#include <optional>
#include <unordered_map>

#include "commands/import_litellm_write.hpp"
#include "store/keys.hpp"
#include "store/page.hpp"
#include "store/teams.hpp"
#include "store/tenants.hpp"
#include "store/users.hpp"

namespace tollgate::commands::litellm {
namespace {

using domain::SubjectKind;
using store::Session;

class Fitting {
public:
    Fitting(Session& session, Plan& plan, UnixMicros now, ImportReport& report)
        : session_(session), plan_(plan), now_(now), report_(report) {}

    base::Result<void> run() {
        TRY_VOID(fit_tenants());
        TRY_VOID(fit_teams());
        TRY_VOID(fit_users());
        TRY_VOID(fit_keys());
        follow(SubjectKind::tenant, tenants_);
        follow(SubjectKind::team, teams_);
        follow(SubjectKind::user, users_);
        follow(SubjectKind::key, keys_);
        for (CarriedSpend& spend : plan_.spends) {
            rename(tenants_, spend.tenant);
            rename(teams_, spend.team);
            rename(users_, spend.user);
        }
        for (domain::Budget& budget : plan_.budgets) rename(tenants_, budget.tenant);
        return {};
    }

private:
    // From the plan's id to the store's; "" : it is not imported.
    using Names = std::unordered_map<std::string, std::string>;

    template <typename T>
    static base::Result<std::optional<T>> maybe(base::Result<T> found) {
        if (found.ok()) return std::optional<T>(std::move(found).value());
        if (found.error().code == base::ErrorCode::not_found) return std::optional<T>();
        return std::move(found).error();
    }
    static void rename(const Names& names, std::string& id) {
        const auto found = names.find(id);
        if (found != names.end()) id = found->second;
    }
    // Budgets and spends of a kind take the new id, or go with what is left out.
    void follow(SubjectKind kind, const Names& names) {
        const auto gone = [&](auto& one) {
            if (one.kind != kind) return false;
            rename(names, one.subject);
            return one.subject.empty();
        };
        std::erase_if(plan_.budgets, gone);
        std::erase_if(plan_.spends, gone);
        for (domain::Budget& budget : plan_.budgets) {
            if (budget.kind != kind) continue;
            budget.id = "litellm:" + std::string(domain::to_string(kind)) + ":" + budget.subject;
        }
    }

    base::Result<void> fit_tenants();
    base::Result<void> fit_teams();
    base::Result<void> fit_users();
    base::Result<void> fit_keys();

    Session& session_;
    Plan& plan_;
    UnixMicros now_;
    ImportReport& report_;
    const store::Access access_ = store::Access::everything();
    Names tenants_, teams_, users_, keys_;
};

base::Result<void> Fitting::fit_tenants() {
    for (domain::Tenant& tenant : plan_.tenants) {
        TRY(const auto by_id, maybe(store::tenant_by_id(session_, access_, tenant.id)));
        if (by_id && by_id->removed != 0) {
            return store::conflict("tenant " + tenant.id + " was deleted here and is kept for its "
                                   "usage: import into another one with --tenant", "tenant");
        }
        TRY(const auto by_name, maybe(store::tenant_by_name(session_, access_, tenant.name)));
        if (tenant.id == plan_.shared_tenant) {
            const auto& found = by_id ? by_id : by_name;
            if (!found) continue;
            tenants_[tenant.id] = found->id;
            tenant = *found;
            plan_.shared_tenant = found->id;
        } else if (by_name && by_name->id != tenant.id) {
            report_.add(subject_of(tenant) + ": name", Fate::approximated,
                        "another tenant has it: this one is `" + tenant.name + " (" + tenant.id +
                            ")`");
            tenant.name += " (" + tenant.id + ")";
        }
    }
    return {};
}

base::Result<void> Fitting::fit_teams() {
    std::vector<domain::Team> fitting;
    for (domain::Team& team : plan_.teams) {
        rename(tenants_, team.tenant);
        TRY(const auto by_id, maybe(store::team_by_id(session_, access_, team.id)));
        if (by_id && by_id->tenant != team.tenant) {
            report_.add(subject_of(team), Fate::unsupported,
                        "tenant " + by_id->tenant + " has a team with the id " + team.id);
            teams_[team.id] = "";
            continue;
        }
        TRY(const auto by_name,
            maybe(store::team_by_name(session_, access_, team.tenant, team.name)));
        const bool planned = std::any_of(fitting.begin(), fitting.end(), [&](const auto& other) {
            return other.tenant == team.tenant && other.name == team.name;
        });
        if (planned || (by_name && by_name->id != team.id)) {
            report_.add(subject_of(team) + ": team_alias", Fate::approximated,
                        "another team of the tenant has it: this one is `" + team.name + " (" +
                            team.id + ")`");
            team.name += " (" + team.id + ")";
        }
        fitting.push_back(std::move(team));
    }
    plan_.teams = std::move(fitting);
    return {};
}

base::Result<void> Fitting::fit_users() {
    std::vector<domain::User> fitting;
    for (domain::User& user : plan_.users) {
        rename(tenants_, user.tenant);
        rename(teams_, user.team);
        TRY(const auto by_external,
            maybe(store::user_by_external_id(session_, access_, user.tenant, user.external_id)));
        if (by_external) {
            users_[user.id] = by_external->id;
            user.id = by_external->id;
        } else {
            TRY(const auto by_id, maybe(store::user_by_id(session_, access_, user.id)));
            if (by_id) {
                report_.add(subject_of(user), Fate::unsupported,
                            "tenant " + by_id->tenant + " has another user with that id");
                users_[user.id] = "";
                continue;
            }
        }
        fitting.push_back(std::move(user));
    }
    plan_.users = std::move(fitting);
    return {};
}

base::Result<void> Fitting::fit_keys() {
    std::vector<domain::Key> fitting;
    for (domain::Key& key : plan_.keys) {
        rename(tenants_, key.tenant);
        rename(teams_, key.team);
        rename(users_, key.user);
        TRY(const auto by_id, maybe(store::key_by_id(session_, access_, key.id)));
        const auto leave_out = [&](Fate fate, std::string words) {
            report_.add(subject_of(key), fate, std::move(words));
            keys_[key.id] = "";
        };
        if (by_id && by_id->tenant != key.tenant) {
            leave_out(Fate::unsupported, "it was imported into tenant " + by_id->tenant);
            continue;
        }
        if (by_id && by_id->revoked != 0) {
            leave_out(Fate::unchanged, "revoked here since it was imported");
            continue;
        }
        if (!by_id) {
            TRY(const auto by_hash,
                maybe(store::key_by_hash(session_, access_, key.secret_hash, now_)));
            if (by_hash) {
                leave_out(Fate::unchanged, "it is here as key " + by_hash->name);
                continue;
            }
        }
        fitting.push_back(std::move(key));
    }
    plan_.keys = std::move(fitting);
    return {};
}

}  // namespace

base::Result<void> fit_plan(Session& session, Plan& plan, UnixMicros now, ImportReport& report) {
    return Fitting(session, plan, now, report).run();
}

}  // namespace tollgate::commands::litellm
