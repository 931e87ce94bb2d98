#include "commands/import_litellm_plan.hpp"

#include <algorithm>

#include "base/sha256.hpp"
#include "commands/import_litellm_planner.hpp"

namespace tollgate::commands::litellm {
namespace {

using domain::SubjectKind;

constexpr std::size_t id_bytes_max = 100;

domain::AccessRole role_of(const std::string& role) {
    if (role == "proxy_admin") return domain::AccessRole::platform_admin;
    if (role == "org_admin") return domain::AccessRole::tenant_admin;
    return domain::AccessRole::member;
}

}  // namespace

Terms Planner::terms_of(const Row& row) const {
    Terms terms = row.terms;
    const Row* shared = find(budgets_, row.budget_id);
    if (shared == nullptr) return terms;
    const Terms& other = shared->terms;
    if (!terms.max_budget) terms.max_budget = other.max_budget;
    if (!terms.soft_budget) terms.soft_budget = other.soft_budget;
    if (terms.duration.empty()) terms.duration = other.duration;
    if (terms.reset == 0) terms.reset = other.reset;
    const auto take = [](auto& mine, const auto& theirs) {
        if (!mine) mine = theirs;
    };
    take(terms.limits.requests_per_minute, other.limits.requests_per_minute);
    take(terms.limits.tokens_per_minute, other.limits.tokens_per_minute);
    take(terms.limits.concurrent_requests, other.limits.concurrent_requests);
    return terms;
}

void Planner::add_money(const std::string& subject, const Row& row, SubjectKind kind,
                        CarriedSpend whose) {
    const Terms terms = terms_of(row);
    if (terms.max_budget || terms.soft_budget) {
        MadeBudget made = make_budget(terms, kind, whose.tenant, whose.subject);
        if (!made.approximation.empty()) {
            leave(subject, "budget_duration", Fate::approximated, made.approximation);
        }
        plan_.budgets.push_back(std::move(made.budget));
    }
    if (const Row* shared = find(budgets_, row.budget_id)) {
        for (const Leftover& one : shared->leftovers) {
            leave(subject, "budget " + row.budget_id + ": " + one.field, Fate::unsupported,
                  one.advice);
        }
    }
    if (kind == SubjectKind::tenant && terms.spend == 0) return;
    const CarriedSpend when = carried_spend(terms, row.created, options_.now);
    whose.kind = kind;
    whose.spent = when.spent;
    whose.since = when.since;
    whose.at = when.at;
    // Keys' records are a part of what their team, user and tenant have spent, and may be more.
    whose.may_lower = when.may_lower || kind != SubjectKind::key;
    auto& list = kind == SubjectKind::key    ? plan_.spends
                 : kind == SubjectKind::team ? team_spends_
                 : kind == SubjectKind::user ? user_spends_
                                             : tenant_spends_;
    list.push_back(std::move(whose));
}

std::vector<std::string> Planner::models_of(const Row& row) {
    std::vector<std::string> models;
    for (const std::string& name : row.models) {
        if (name == "all-proxy-models" || name == "all-team-models" || name == "*") return {};
        models.push_back(name);
    }
    return models;
}

const std::string& Planner::default_tenant() {
    for (const domain::Tenant& tenant : plan_.tenants) {
        if (tenant.id == default_tenant_) return default_tenant_;
    }
    domain::Tenant tenant;
    tenant.id = tenant.name = default_tenant_;
    plan_.tenants.push_back(std::move(tenant));
    return default_tenant_;
}

const std::string& Planner::tenant_of(const std::string& organization) const {
    if (!options_.tenant.empty()) return default_tenant_;
    const Organization* found = find(organizations_, organization);
    return found != nullptr && found->id.size() <= id_bytes_max ? found->id : default_tenant_;
}

std::string Planner::tenant_of_team(const std::string& team) const {
    const Team* found = find(teams_, team);
    return tenant_of(found != nullptr ? found->organization : "");
}

std::string Planner::tenant_of_user(const User& user) const {
    if (!user.organization.empty()) return tenant_of(user.organization);
    for (const std::string& team : user.teams) {
        if (find(teams_, team) != nullptr) return tenant_of_team(team);
    }
    return tenant_of("");
}

void Planner::add_tenants() {
    if (!options_.tenant.empty()) {
        default_tenant_ = options_.tenant;
        default_tenant();
        for (const Organization& one : from_.organizations) {
            const std::string subject = "organization " + (one.alias.empty() ? one.id : one.alias);
            leave(subject, "", Fate::approximated, "its members are in tenant " + options_.tenant);
            const Terms terms = terms_of(one);
            if (terms.max_budget || terms.limits.any()) {
                leave(subject, "budget and limits", Fate::unsupported,
                      "it is no tenant of its own: import without --tenant, or give its teams "
                      "budgets");
            }
        }
        return;
    }
    for (const Organization& one : from_.organizations) {
        domain::Tenant tenant;
        if (one.id.size() > id_bytes_max) {
            leave("organization " + one.alias, "", Fate::unsupported,
                  "its id is longer than 100 bytes: its teams are in tenant " + default_tenant_);
            continue;
        }
        tenant.id = one.id;
        tenant.name = one.alias.empty() ? one.id : one.alias;
        tenant.allowed_models = models_of(one);
        tenant.limits = terms_of(one).limits;
        tenant.metadata = one.metadata;
        tenant.created = one.created;
        const std::string subject = subject_of(tenant);
        leave_all(subject, one);
        CarriedSpend whose;
        whose.tenant = whose.subject = tenant.id;
        add_money(subject, one, SubjectKind::tenant, whose);
        plan_.tenants.push_back(std::move(tenant));
    }
}

void Planner::add_teams() {
    for (const Team& one : from_.teams) {
        domain::Team team;
        team.id = one.id;
        team.name = one.alias.empty() ? one.id : one.alias;
        if (one.id.empty() || one.id.size() > id_bytes_max) {
            leave(subject_of(team), "", Fate::unsupported,
                  "its id is empty or longer than 100 bytes");
            continue;
        }
        team.tenant = tenant_of(one.organization);
        if (team.tenant == default_tenant_) default_tenant();
        team.enabled = !one.blocked;
        team.allowed_models = models_of(one);
        team.aliases = one.aliases;
        team.limits = terms_of(one).limits;
        team.metadata = one.metadata;
        team.created = one.created;
        const std::string subject = subject_of(team);
        leave_all(subject, one);
        if (!one.admins.empty()) {
            leave(subject, "admins", Fate::approximated,
                  "they are members: teams are administered with a tenant_admin's key");
        }
        CarriedSpend whose;
        whose.tenant = team.tenant;
        whose.subject = team.id;
        add_money(subject, one, SubjectKind::team, whose);
        plan_.teams.push_back(std::move(team));
    }
}

void Planner::add_users() {
    for (const Key& key : from_.keys) {
        if (key.user.empty() || key.team == dashboard_team) continue;
        (key.team.empty() ? users_with_own_keys_ : users_with_team_keys_).insert(key.user);
    }
    for (const User& one : from_.users) add_user(one);
    // LiteLLM lets keys name users that it has no row of.
    for (const Key& key : from_.keys) {
        if (key.user.empty() || tenant_of_user_.contains(key.user)) continue;
        if (key.team == dashboard_team) continue;
        User user;
        user.id = key.user;
        user.organization = key.organization;
        if (!key.team.empty()) user.teams.push_back(key.team);
        add_user(user);
    }
}

void Planner::add_user(const User& one) {
    domain::User user;
    user.external_id = one.id;
    user.name = one.alias;
    user.email = one.email;
    const std::string subject = subject_of(user);
    if (one.id.empty() || one.id.size() > id_bytes_max) {
        leave(subject, "", Fate::unsupported, "its id is empty or longer than 100 bytes");
        return;
    }
    user.id = one.id;
    user.tenant = tenant_of_user(one);
    if (user.tenant == default_tenant_) default_tenant();
    user.role = role_of(one.role);
    if (one.role == "proxy_admin_viewer") {
        leave(subject, "user_role", Fate::approximated,
              "a member: give an auditor's role in the tenants it should see");
    }
    user.limits = terms_of(one).limits;
    user.metadata = one.metadata;
    user.created = one.created;
    // A user's models bound its own keys only, ours all of its keys.
    if (!users_with_team_keys_.contains(one.id)) user.allowed_models = models_of(one);
    std::vector<std::string> teams;
    for (const std::string& team : one.teams) {
        if (find(teams_, team) != nullptr && !contains(teams, team)) teams.push_back(team);
    }
    for (const Team& team : from_.teams) {
        if (contains(team.members, one.id) && !contains(teams, team.id)) teams.push_back(team.id);
    }
    if (teams.size() == 1 && !users_with_own_keys_.contains(one.id) &&
        tenant_of_team(teams[0]) == user.tenant) {
        user.team = teams[0];
    } else if (!teams.empty()) {
        leave(subject, "teams", Fate::approximated,
              teams.size() > 1 ? "a user has one team at most: its keys keep theirs"
                               : "no member of its team, so that its own keys do not count there");
    }
    leave_all(subject, one);
    const Terms terms = terms_of(one);
    if ((terms.max_budget || terms.limits.any()) && users_with_team_keys_.contains(one.id)) {
        leave(subject, "budget and limits", Fate::approximated,
              "they count for its keys of teams too");
    }
    CarriedSpend whose;
    whose.tenant = user.tenant;
    whose.subject = user.id;
    add_money(subject, one, SubjectKind::user, whose);
    tenant_of_user_[one.id] = user.tenant;
    plan_.users.push_back(std::move(user));
}

void Planner::add_others() {
    for (const OtherTable& table : from_.others) {
        leave("table LiteLLM_" + table.name, std::to_string(table.rows) + " rows",
              Fate::unsupported, table.advice);
    }
}

Plan Planner::make() {
    add_tenants();
    add_teams();
    add_users();
    add_memberships();
    add_keys();
    add_others();
    for (auto* list : {&team_spends_, &user_spends_, &tenant_spends_}) {
        for (CarriedSpend& spend : *list) plan_.spends.push_back(std::move(spend));
    }
    plan_.shared_tenant = default_tenant_;
    return std::move(plan_);
}

std::string subject_of(const domain::Tenant& tenant) { return "tenant " + tenant.name; }

std::string subject_of(const domain::Team& team) { return "team " + team.name; }

std::string subject_of(const domain::User& user) {
    return "user " + (user.external_id.empty() ? user.id : user.external_id);
}

std::string subject_of(const domain::Key& key) { return "key " + key.name; }

std::string key_id_of(std::string_view token) {
    constexpr std::size_t bytes = 16;
    return "litellm-" + base::hex(base::sha256("litellm key " + std::string(token)), bytes);
}

Plan make_plan(const Database& from, const PlanOptions& options, ImportReport& report) {
    return Planner(from, options, report).make();
}

}  // namespace tollgate::commands::litellm
