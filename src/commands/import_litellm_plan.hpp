// LiteLLM's rows as ours, and what becomes of each. Pure.
//
// An organization is a tenant; what has none goes to the tenant of `tenant`, or to "default". Teams
// keep their ids, users theirs as external ids, so that scripts that name them go on working. A key
// is known by the SHA-256 that LiteLLM keeps of it: its holder notices nothing.
#pragma once
#include <string>
#include <vector>

#include "commands/import_litellm_money.hpp"
#include "commands/import_litellm_report.hpp"
#include "commands/import_litellm_rows.hpp"
#include "domain/tenancy.hpp"

namespace tollgate::commands::litellm {

struct PlanOptions {
    std::string tenant;   // name or id: everything goes there; "" : by organization
    UnixMicros now = 0;
};

struct Plan {
    std::vector<domain::Tenant> tenants;
    std::string shared_tenant;  // the id of the one for what has no organization
    std::vector<domain::Team> teams;
    std::vector<domain::User> users;
    std::vector<domain::Key> keys;
    std::vector<domain::Budget> budgets;
    // Keys first, then teams, users and tenants: each is completed by the next.
    std::vector<CarriedSpend> spends;
};

// What cannot be taken over is added to the report here; what the plan holds is reported when it is
// written, with the names of subject_of().
Plan make_plan(const Database& from, const PlanOptions& options, ImportReport& report);

std::string subject_of(const domain::Tenant& tenant);
std::string subject_of(const domain::Team& team);
std::string subject_of(const domain::User& user);
std::string subject_of(const domain::Key& key);
// The id of the key whose SHA-256 (hexadecimal) that is. It does not show the hash.
std::string key_id_of(std::string_view token);

}  // namespace tollgate::commands::litellm
