// How make_plan() goes about it: one object per plan, used once. Of import_litellm_plan*.cpp alone.
#pragma once
#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "commands/import_litellm_plan.hpp"

namespace tollgate::commands::litellm {

// The team of the keys that LiteLLM's UI makes for its own sessions.
constexpr std::string_view dashboard_team = "litellm-dashboard";

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

inline bool contains(const std::vector<std::string>& list, std::string_view word) {
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
    void add_money(const std::string& subject, const Row& row, domain::SubjectKind kind,
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

}  // namespace tollgate::commands::litellm
