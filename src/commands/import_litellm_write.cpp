#include "commands/import_litellm_write.hpp"

#include "base/json.hpp"
#include "commands/import_litellm_spend.hpp"
#include "store/audit_rows.hpp"
#include "store/budgets.hpp"
#include "store/changes.hpp"
#include "store/keys.hpp"
#include "store/page.hpp"
#include "store/teams.hpp"
#include "store/tenants.hpp"
#include "store/users.hpp"

namespace tollgate::commands::litellm {
namespace {

using store::Session;

const store::Access& everything() {
    static const store::Access access = store::Access::everything();
    return access;
}

// What was found, or nothing; other failures go on.
template <typename T>
base::Result<std::optional<T>> maybe(base::Result<T> found) {
    if (found.ok()) return std::optional<T>(std::move(found).value());
    if (found.error().code == base::ErrorCode::not_found) return std::optional<T>();
    return std::move(found).error();
}

// But for white space: databases spell JSON each in their own way.
bool same_json(const std::string& a, const std::string& b) {
    std::string first, second;
    json::append_compact(first, a);
    json::append_compact(second, b);
    return first == second;
}

bool same(const domain::Tenant& a, const domain::Tenant& b) {
    return a.name == b.name && a.allowed_models == b.allowed_models && a.limits == b.limits &&
           same_json(a.metadata, b.metadata);
}

bool same(const domain::Team& a, const domain::Team& b) {
    return a.name == b.name && a.enabled == b.enabled && a.allowed_models == b.allowed_models &&
           a.aliases == b.aliases && a.limits == b.limits && same_json(a.metadata, b.metadata);
}

bool same(const domain::User& a, const domain::User& b) {
    return a.name == b.name && a.email == b.email && a.team == b.team && a.role == b.role &&
           a.enabled == b.enabled && a.allowed_models == b.allowed_models &&
           a.limits == b.limits && same_json(a.metadata, b.metadata);
}

bool same(const domain::Key& a, const domain::Key& b) {
    return a.name == b.name && a.team == b.team && a.user == b.user && a.enabled == b.enabled &&
           a.allowed_models == b.allowed_models && a.allowed_routes == b.allowed_routes &&
           a.aliases == b.aliases && a.limits == b.limits && a.tags == b.tags &&
           same_json(a.metadata, b.metadata) && a.rotation_days == b.rotation_days &&
           a.expires == b.expires;
}

bool same(const domain::Budget& a, const domain::Budget& b) {
    return a.name == b.name && a.limit == b.limit && a.period == b.period &&
           a.rolling_days == b.rolling_days && a.hard == b.hard && a.thresholds == b.thresholds;
}

// A stored row with what LiteLLM says laid over it; the rest stays as people here set it.
domain::Tenant merged(domain::Tenant stored, const domain::Tenant& from) {
    stored.name = from.name;
    stored.allowed_models = from.allowed_models;
    stored.limits = from.limits;
    stored.metadata = from.metadata;
    return stored;
}

domain::Team merged(const domain::Team& stored, domain::Team from) {
    from.created = stored.created;
    from.etag = stored.etag;
    return from;
}

domain::User merged(const domain::User& stored, domain::User from) {
    from.created = stored.created;
    from.etag = stored.etag;
    from.service = stored.service;
    from.tier = stored.tier;
    return from;
}

domain::Key merged(domain::Key stored, const domain::Key& from) {
    stored.name = from.name;
    stored.team = from.team;
    stored.user = from.user;
    stored.enabled = from.enabled;
    stored.allowed_models = from.allowed_models;
    stored.allowed_routes = from.allowed_routes;
    stored.aliases = from.aliases;
    stored.limits = from.limits;
    stored.tags = from.tags;
    stored.metadata = from.metadata;
    stored.rotation_days = from.rotation_days;
    stored.expires = from.expires;
    return stored;
}

domain::Budget merged(const domain::Budget& stored, domain::Budget from) {
    from.created = stored.created;
    from.etag = stored.etag;
    from.time_zone = stored.time_zone;
    return from;
}

// Adds the row, changes it, or leaves it as it is, and says which.
template <typename T, typename Insert, typename Update>
base::Result<Fate> put(const std::optional<T>& stored, const T& from, const Insert& insert,
                       const Update& update) {
    if (!stored) {
        TRY(const T made, insert(from));
        (void)made;
        return Fate::imported;
    }
    if (same(*stored, from)) return Fate::unchanged;
    TRY(const T written, update(merged(*stored, from)));
    (void)written;
    return Fate::imported;
}

// "budget of key ci": by the names that people know.
std::string budget_subject(const Plan& plan, const domain::Budget& budget) {
    std::string name = std::string(domain::to_string(budget.kind)) + " " + budget.subject;
    const auto look = [&](domain::SubjectKind kind, const auto& rows) {
        if (budget.kind != kind) return;
        for (const auto& row : rows) {
            if (row.id == budget.subject) name = subject_of(row);
        }
    };
    look(domain::SubjectKind::tenant, plan.tenants);
    look(domain::SubjectKind::team, plan.teams);
    look(domain::SubjectKind::user, plan.users);
    look(domain::SubjectKind::key, plan.keys);
    return "budget of " + name;
}

std::string words_of(const domain::Budget& budget) {
    std::string words = domain::dollars(budget.limit) + " USD";
    switch (budget.period) {
        case domain::BudgetPeriod::daily: words += " per day"; break;
        case domain::BudgetPeriod::weekly: words += " per week"; break;
        case domain::BudgetPeriod::monthly: words += " per month"; break;
        case domain::BudgetPeriod::rolling:
            words += " in " + std::to_string(budget.rolling_days) + " days";
            break;
        case domain::BudgetPeriod::total: words += " in total"; break;
    }
    return words + (budget.hard ? "" : ", notifies only");
}

base::Result<void> write_people(Session& session, const Plan& plan, ImportReport& report) {
    for (const domain::Tenant& from : plan.tenants) {
        TRY(const auto stored, maybe(store::tenant_by_id(session, everything(), from.id)));
        // The tenant of what has no organization is nobody's row in LiteLLM.
        Fate fate = Fate::unchanged;
        if (!stored || from.id != plan.shared_tenant) {
            TRY(fate, put(stored, from,
                          [&](domain::Tenant row) {
                              return store::insert_tenant(session, everything(), std::move(row));
                          },
                          [&](domain::Tenant row) {
                              return store::update_tenant(session, everything(), std::move(row));
                          }));
        }
        report.add(subject_of(from), fate);
    }
    for (const domain::Team& from : plan.teams) {
        TRY(const auto stored, maybe(store::team_by_id(session, everything(), from.id)));
        TRY(const Fate fate,
            put(stored, from,
                [&](domain::Team row) {
                    return store::insert_team(session, everything(), std::move(row));
                },
                [&](domain::Team row) {
                    return store::update_team(session, everything(), std::move(row));
                }));
        report.add(subject_of(from), fate, from.enabled ? "" : "blocked");
    }
    for (const domain::User& from : plan.users) {
        TRY(const auto stored, maybe(store::user_by_id(session, everything(), from.id)));
        TRY(const Fate fate,
            put(stored, from,
                [&](domain::User row) {
                    return store::insert_user(session, everything(), std::move(row));
                },
                [&](domain::User row) {
                    return store::update_user(session, everything(), std::move(row));
                }));
        report.add(subject_of(from), fate);
    }
    return {};
}

std::string words_of(const domain::Key& key, UnixMicros now) {
    if (!key.enabled) return "blocked";
    return key.expires != 0 && key.expires <= now ? "expired" : "";
}

base::Result<void> write_keys(Session& session, const Plan& plan, UnixMicros now,
                              ImportReport& report) {
    for (const domain::Key& from : plan.keys) {
        TRY(const auto stored, maybe(store::key_by_id(session, everything(), from.id)));
        TRY(const Fate fate,
            put(stored, from,
                [&](domain::Key row) {
                    return store::insert_key(session, everything(), std::move(row));
                },
                [&](domain::Key row) {
                    return store::update_key(session, everything(), std::move(row));
                }));
        report.add(subject_of(from), fate, words_of(from, now));
    }
    for (const domain::Budget& from : plan.budgets) {
        TRY(const auto stored, maybe(store::budget_by_id(session, everything(), from.id)));
        TRY(const Fate fate,
            put(stored, from,
                [&](domain::Budget row) {
                    return store::insert_budget(session, everything(), std::move(row));
                },
                [&](domain::Budget row) {
                    return store::update_budget(session, everything(), std::move(row));
                }));
        report.add(budget_subject(plan, from), fate, words_of(from));
    }
    return {};
}

}  // namespace

base::Result<void> write_plan(Session& session, const Plan& plan, UnixMicros now,
                              ImportReport& report) {
    TRY_VOID(write_people(session, plan, report));
    TRY_VOID(write_keys(session, plan, now, report));
    TRY_VOID(carry_spends(session, plan.spends, report));
    domain::AuditRow audit;
    audit.actor_type = "cli";
    audit.action = "import.litellm";
    audit.resource = "import/litellm";
    audit.outcome = "success";
    audit.details = "{\"imported\":" + std::to_string(report.count(Fate::imported)) +
                    ",\"unchanged\":" + std::to_string(report.count(Fate::unchanged)) +
                    ",\"approximated\":" + std::to_string(report.count(Fate::approximated)) +
                    ",\"unsupported\":" + std::to_string(report.count(Fate::unsupported)) + "}";
    TRY(const domain::AuditRow row, store::append_audit(session, everything(), std::move(audit)));
    (void)row;
    return store::bump(session);
}

void report_plan(const Plan& plan, ImportReport& report) {
    for (const auto& one : plan.tenants) report.add(subject_of(one), Fate::imported);
    for (const auto& one : plan.teams) report.add(subject_of(one), Fate::imported);
    for (const auto& one : plan.users) report.add(subject_of(one), Fate::imported);
    for (const auto& one : plan.keys) report.add(subject_of(one), Fate::imported);
    for (const auto& one : plan.budgets) {
        report.add(budget_subject(plan, one), Fate::imported, words_of(one));
    }
    report_spends(plan.spends, report);
}

}  // namespace tollgate::commands::litellm
