#include "commands/import_litellm_plan.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "base/sha256.hpp"

namespace tollgate::commands::litellm {
namespace {

using domain::SubjectKind;

constexpr std::string_view dashboard_team = "litellm-dashboard";
constexpr std::string_view no_models = "no-default-models";
constexpr std::size_t hash_digits = 64;
constexpr std::size_t id_bytes_max = 100;

// Groups of routes by LiteLLM's names, which policy/route_list.hpp knows as well.
constexpr std::string_view route_groups =
    " anthropic_routes openai_routes google_routes bedrock_routes vertex_routes azure_routes "
    "llm_api_routes passthrough_routes mapped_pass_through_routes litellm_native_routes "
    "key_management_routes info_routes spend_tracking_routes global_spend_tracking_routes "
    "management_routes admin_only_routes public_routes ";

template <typename T>
std::unordered_map<std::string, const T*> by_id(const std::vector<T>& rows) {
    std::unordered_map<std::string, const T*> found;
    for (const T& row : rows) found.emplace(row.id, &row);
    return found;
}

template <typename T>
const T* find(const std::unordered_map<std::string, const T*>& rows, const std::string& id) {
    const auto found = rows.find(id);
    return found == rows.end() ? nullptr : found->second;
}

bool contains(const std::vector<std::string>& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

class Planner {
public:
    Planner(const Database& from, const PlanOptions& options, ImportReport& report)
        : from_(from), options_(options), report_(report), budgets_(by_id(from.budgets)),
          teams_(by_id(from.teams)), users_(by_id(from.users)),
          organizations_(by_id(from.organizations)) {}

    Plan make();

private:
    void add_tenants();
    void add_teams();
    void add_users();
    void add_user(const User& user);
    void add_memberships();
    void add_keys();
    void add_key(const Key& key);
    void restrict_routes(const Key& from, domain::Key& key);
    void set_owner(const Key& from, domain::Key& key);
    void add_others();

    void leave(const std::string& subject, std::string_view field, Fate fate,
               std::string words) {
        report_.add(subject + (field.empty() ? "" : ": " + std::string(field)), fate,
                    std::move(words));
    }
    void leave_all(const std::string& subject, const Row& row) {
        for (const Leftover& one : row.leftovers) {
            leave(subject, one.field, Fate::unsupported, one.advice);
        }
    }
    // Its own terms, and where they say nothing those of the budget it names.
    Terms terms_of(const Row& row) const;
    void add_money(const std::string& subject, const Row& row, SubjectKind kind,
                   CarriedSpend whose);
    // Models as we bound them; empty: no bound.
    static std::vector<std::string> models_of(const Row& row);
    const std::string& tenant_of(const std::string& organization) const;
    std::string tenant_of_team(const std::string& team) const;
    std::string tenant_of_user(const User& user) const;
    const std::string& default_tenant();

    const Database& from_;
    const PlanOptions& options_;
    ImportReport& report_;
    std::unordered_map<std::string, const Row*> budgets_;
    std::unordered_map<std::string, const Team*> teams_;
    std::unordered_map<std::string, const User*> users_;
    std::unordered_map<std::string, const Organization*> organizations_;
    std::string default_tenant_ = "default";
    std::unordered_map<std::string, std::string> tenant_of_user_;  // of users in the plan
    std::set<std::string> users_with_team_keys_, users_with_own_keys_;
    std::vector<CarriedSpend> tenant_spends_, team_spends_, user_spends_;
    Plan plan_;
};

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
    whose.may_lower = kind != SubjectKind::key;
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
    return found != nullptr ? found->id : default_tenant_;
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
        tenant.id = one.id.substr(0, id_bytes_max);
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

domain::AccessRole role_of(const std::string& role) {
    if (role == "proxy_admin") return domain::AccessRole::platform_admin;
    if (role == "org_admin") return domain::AccessRole::tenant_admin;
    return domain::AccessRole::member;
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

// A budget of a user within a team: ours are of users, so it fits who is in one team only and has
// no budget of its own.
void Planner::add_memberships() {
    std::map<std::string, int> teams;
    for (const Membership& one : from_.memberships) ++teams[one.user];
    for (const Membership& one : from_.memberships) {
        const Row* shared = find(budgets_, one.budget_id);
        if (shared == nullptr) continue;
        const Terms& terms = shared->terms;
        if (!terms.max_budget && !terms.limits.any()) continue;
        const std::string subject = "member " + one.user + " of team " + one.team;
        const User* user = find(users_, one.user);
        auto planned = std::find_if(plan_.users.begin(), plan_.users.end(),
                                    [&](const auto& row) { return row.external_id == one.user; });
        const bool fits = planned != plan_.users.end() && teams[one.user] == 1 &&
                          !users_with_own_keys_.contains(one.user) && user != nullptr &&
                          !terms_of(*user).max_budget && !planned->limits.any();
        if (!fits) {
            leave(subject, "budget and limits", Fate::unsupported,
                  "bounds of a user within one team do not exist: give the user's key in that "
                  "team a budget and limits");
            continue;
        }
        leave(subject, "budget and limits", Fate::approximated, "they are the user's");
        planned->limits = terms.limits;
        if (!terms.max_budget) continue;
        Terms own = terms;
        own.spend = one.spend;
        plan_.budgets.push_back(
            make_budget(own, SubjectKind::user, planned->tenant, planned->id).budget);
        const CarriedSpend when = carried_spend(own, shared->created, options_.now);
        for (CarriedSpend& spend : user_spends_) {
            if (spend.subject != planned->id) continue;
            spend.spent = when.spent;
            spend.since = when.since;
            spend.at = when.at;
        }
    }
}

void Planner::restrict_routes(const Key& from, domain::Key& key) {
    if (from.routes.empty()) return;
    for (const std::string& route : from.routes) {
        if (route.starts_with('/') || route == "*" ||
            route_groups.find(" " + route + " ") != std::string_view::npos) {
            key.allowed_routes.push_back(route);
        } else {
            leave(subject_of(key), "allowed_routes " + route, Fate::unsupported,
                  "neither a path nor a group of routes: name the paths");
        }
    }
    // An empty list would allow everything.
    if (key.allowed_routes.empty()) key.allowed_routes.emplace_back("/livez");
}

void Planner::set_owner(const Key& from, domain::Key& key) {
    const std::string subject = subject_of(key);
    if (!from.team.empty()) {
        const auto planned =
            std::find_if(plan_.teams.begin(), plan_.teams.end(),
                         [&](const domain::Team& team) { return team.id == from.team; });
        if (planned != plan_.teams.end()) {
            key.team = planned->id;
            key.tenant = planned->tenant;
        } else {
            leave(subject, "team_id " + from.team, Fate::approximated,
                  "that team is not imported: the key belongs to none");
        }
    }
    const auto user = tenant_of_user_.find(from.user);
    if (key.tenant.empty() && !from.organization.empty()) {
        key.tenant = tenant_of(from.organization);
    } else if (key.tenant.empty()) {
        key.tenant = user != tenant_of_user_.end() ? user->second : tenant_of("");
    }
    if (key.tenant == default_tenant_) default_tenant();
    if (user == tenant_of_user_.end()) return;
    if (user->second == key.tenant) {
        key.user = from.user;
    } else {
        leave(subject, "user_id " + from.user, Fate::approximated,
              "the user is of another tenant (" + user->second + "): the key belongs to nobody");
    }
}

std::int64_t days_of(const std::string& duration) {
    const PeriodOfDuration period = period_of_duration(duration);
    switch (period.period) {
        case domain::BudgetPeriod::daily: return 1;
        case domain::BudgetPeriod::weekly: return 7;
        case domain::BudgetPeriod::monthly: return 30;
        case domain::BudgetPeriod::rolling: return period.rolling_days;
        case domain::BudgetPeriod::total: break;
    }
    return 0;
}

void Planner::add_key(const Key& one) {
    domain::Key key;
    key.name = !one.alias.empty() ? one.alias : one.shown;
    if (key.name.empty()) key.name = "litellm " + one.id.substr(0, 8);
    const std::string subject = subject_of(key);
    if (one.id.size() != hash_digits ||
        one.id.find_first_not_of("0123456789abcdef") != std::string::npos) {
        leave(subject, "", Fate::unsupported,
              "it is not kept as a SHA-256: make a key, and give it to its holder");
        return;
    }
    key.id = key_id_of(one.id);
    key.secret_hash = one.id;
    key.hash_kind = "sha256";
    if (one.shown.size() > 4) key.last_four = one.shown.substr(one.shown.size() - 4);
    if (one.shown.starts_with("sk-")) key.prefix = "sk-";
    set_owner(one, key);
    key.enabled = !one.blocked;
    key.allowed_models = models_of(one);
    const User* user = find(users_, one.user);
    if (user != nullptr && one.team.empty() && users_with_team_keys_.contains(one.user)) {
        const std::vector<std::string> own = models_of(*user);
        if (key.allowed_models.empty() && !own.empty()) key.allowed_models = own;
    }
    if (contains(key.allowed_models, no_models) && key.allowed_models.size() > 1) {
        std::erase(key.allowed_models, no_models);
    }
    restrict_routes(one, key);
    key.aliases = one.aliases;
    key.limits = terms_of(one).limits;
    key.tags = one.tags;
    key.metadata = one.metadata;
    key.expires = one.expires;
    key.created = one.created;
    key.last_used = one.last_used;
    if (one.previous_until > options_.now) {
        key.previous_hash = one.previous;
        key.previous_until = one.previous_until;
    }
    if (one.rotates) {
        key.rotation_days = days_of(one.rotation);
        leave(subject, "auto_rotate", Fate::approximated,
              "you are reminded when it is due: tollgate keys rotate gives the new key");
    }
    if (user != nullptr && user->role == "proxy_admin") {
        leave(subject, "administration", Fate::approximated,
              "it calls models only, though its user is a proxy_admin: make a key with --role "
              "platform_admin where one is needed");
    }
    leave_all(subject, one);
    CarriedSpend whose;
    whose.tenant = key.tenant;
    whose.subject = key.id;
    whose.team = key.team;
    whose.user = key.user;
    whose.key_name = key.name;
    add_money(subject, one, SubjectKind::key, whose);
    plan_.keys.push_back(std::move(key));
}

void Planner::add_keys() {
    std::int64_t sessions = 0;
    for (const Key& key : from_.keys) {
        if (key.team != dashboard_team) {
            add_key(key);
        } else if (key.expires == 0 || key.expires > options_.now) {
            ++sessions;
        }
    }
    if (sessions > 0) {
        leave("sessions of LiteLLM's UI", "", Fate::approximated,
              std::to_string(sessions) + " keys of team " + std::string(dashboard_team) +
                  " are left: they end with that UI");
    }
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
    return std::move(plan_);
}

}  // namespace

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
