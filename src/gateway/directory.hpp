// Who may use the gateway and how much: keys, what each may do, and the bounds that hold for it.
// Built by assembly from the store and the files, then immutable; replaced as a whole when any of
// it changes, apart from the snapshot, so that a new key needs no new routes. A request pins one
// directory from its first byte to its end. Shared between threads as const.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/metrics.hpp"
#include "domain/principal.hpp"
#include "domain/routing.hpp"
#include "domain/tenancy.hpp"
#include "policy/check_key.hpp"
#include "policy/governor.hpp"
#include "policy/key_index.hpp"
#include "policy/own_keys.hpp"
#include "routing/allowed.hpp"

namespace tollgate::gateway {

struct Endpoint;

// The counters that a tenant's requests touch, looked up once. Null members: not counted (tests).
struct TenantMetrics {
    base::Counter* requests = nullptr;
    base::Counter* input = nullptr;
    base::Counter* output = nullptr;
    base::Counter* cost = nullptr;  // nano-dollars
};

// What one key may do; Principal::policy is the index.
struct KeyPolicy {
    // Of the key, its user, team, tier and tenant, those that say anything: all must allow.
    std::vector<routing::AllowedModels> allowed = {};
    std::size_t platform_lists = 0;  // so many at its end are of the tenant and the tier
    // Names of the key, then of its team, then of its tenant: the first that fits counts.
    std::vector<std::pair<std::string, std::string>> aliases = {};
    std::size_t own_aliases = 0;  // so many in front are of the key and its team
    policy::KeyRules rules = {};
    policy::Governance governance = {};
    std::vector<std::string> allowed_providers = {};  // types; empty: all
    std::vector<std::string> allowed_regions = {};    // see policy/residency.hpp; empty: all
    std::vector<std::string> tags = {};               // of every request
    std::string team = {}, user = {}, key_id = {};
    std::string tenant = {};
    // Provider keys that the user brought, by type of provider; null: none, or they are not wanted.
    std::shared_ptr<const policy::OwnKeys> own_keys = {};
    std::string tier = {};
    // What people call them; "" : there is none.
    std::string tenant_name = {}, team_name = {}, user_name = {};
    // What the user set for all requests; null: nothing.
    std::shared_ptr<const domain::UserSettings> settings = {};
    // Levels that the key, its user and its tenant are set to.
    std::optional<domain::PowerLevel> key_level = {}, user_level = {}, tenant_level = {};
    std::optional<bool> response_cache = {};          // what the tenant says of it, if anything
    std::string baseline_model = {};                  // of savings, "" : the default
    TenantMetrics metrics = {};

    bool allows(std::string_view requested, std::string_view group) const {
        for (const routing::AllowedModels& list : allowed) {
            if (!list.allows(requested, group)) return false;
        }
        return true;
    }
    // What the platform's own lists say, which nobody of the tenant may widen.
    bool platform_allows(std::string_view requested, std::string_view group) const {
        const auto own = allowed.size() - platform_lists;
        for (std::size_t i = own; i < allowed.size(); ++i) {
            if (!allowed[i].allows(requested, group)) return false;
        }
        return true;
    }
    std::string_view alias_target(std::string_view name) const {
        for (const auto& [alias, target] : aliases) {
            if (alias == name) return target;
        }
        return name;
    }
};

struct Directory {
    std::uint64_t version = 0;
    policy::KeyIndex keys;
    std::vector<KeyPolicy> policies;
    // Limits of deployments and models and budgets of providers, by deployment id, then by
    // provider/model, then by model, then by provider type: the first that is there holds what
    // applies.
    using Candidates = std::unordered_map<std::string, policy::Governance>;
    Candidates candidates;
    // The same for tenants that have bounds of their own there: the platform's and theirs.
    std::unordered_map<std::string, Candidates> candidates_of_tenants;
    bool candidates_count_tokens = false;  // some candidate's bounds need the input's estimate

    // REQUIRES: `who` is of this directory.
    const KeyPolicy& policy_of(const domain::Principal& who) const { return policies[who.policy]; }
    // What bounds this candidate for that tenant; null: nothing.
    const policy::Governance* bounds_of(const Endpoint& endpoint,
                                        const std::string& tenant = {}) const;
    bool bounds_candidates() const { return !candidates.empty() || !candidates_of_tenants.empty(); }
};

}  // namespace tollgate::gateway
