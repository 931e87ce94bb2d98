// The part of the plan that is about keys, and about users within teams.
#include <map>

#include "commands/import_litellm_planner.hpp"

namespace tollgate::commands::litellm {
namespace {

using domain::SubjectKind;

constexpr std::string_view no_models = "no-default-models";
constexpr std::size_t hash_digits = 64;

// Groups of routes by LiteLLM's names, which policy/route_list.hpp knows as well.
constexpr std::string_view route_groups =
    " anthropic_routes openai_routes google_routes bedrock_routes vertex_routes azure_routes "
    "llm_api_routes passthrough_routes mapped_pass_through_routes litellm_native_routes "
    "key_management_routes info_routes spend_tracking_routes global_spend_tracking_routes "
    "management_routes admin_only_routes public_routes ";

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

}  // namespace

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

}  // namespace tollgate::commands::litellm
