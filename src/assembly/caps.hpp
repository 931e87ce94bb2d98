// Budgets that no row of budgets describes: what users set for themselves, what tiers allow, and
// what the configuration says of the whole gateway. Pure.
#pragma once
#include <string>

#include "config/config.hpp"
#include "domain/tenancy.hpp"

namespace tollgate::assembly {

// A user's own monthly cap. REQUIRES: one is set.
domain::Budget cap_of(const domain::UserSettings& settings);

struct CapOwner {
    std::string id;      // of the budget
    std::string tenant;
    domain::SubjectKind kind = domain::SubjectKind::tenant;
    std::string subject;
};
// The monthly cap of a tier for one of those who have it. REQUIRES: the tier has one.
domain::Budget cap_of_tier(const domain::Tier& tier, const CapOwner& owner);

// litellm_settings.max_budget. REQUIRES: it is set.
domain::Budget budget_of_gateway(const config::Config& config);

}  // namespace tollgate::assembly
