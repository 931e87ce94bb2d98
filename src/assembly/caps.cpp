#include "assembly/caps.hpp"

#include <algorithm>
#include <cstdlib>

namespace tollgate::assembly {

domain::Budget cap_of(const domain::UserSettings& settings) {
    domain::Budget cap;
    cap.id = "cap:" + settings.user;
    cap.tenant = settings.tenant;
    cap.name = "monthly cap of user " + settings.user;
    cap.kind = domain::SubjectKind::user;
    cap.subject = settings.user;
    cap.limit = settings.monthly_cap.value_or(0);
    cap.hard = settings.cap_hard;
    cap.by_admin = false;
    return cap;
}

domain::Budget cap_of_tier(const domain::Tier& tier, const CapOwner& owner) {
    domain::Budget cap;
    cap.id = owner.id;
    cap.tenant = owner.tenant;
    cap.name = "monthly cap of tier " + tier.name;
    cap.kind = owner.kind;
    cap.subject = owner.subject;
    cap.limit = tier.monthly_cap.value_or(0);
    return cap;
}

domain::Budget budget_of_gateway(const config::Config& config) {
    domain::Budget all;
    all.id = "config:max_budget";
    all.name = "litellm_settings.max_budget";
    all.limit = domain::from_dollars(config.max_budget.value_or(0));
    all.period = domain::BudgetPeriod::total;
    const std::string& duration = config.budget_duration;
    if (duration.empty()) return all;
    // "30d", "1d", "24h": days, at least one.
    const std::int64_t number = std::max(std::atoll(duration.c_str()), 1LL);
    const bool days = duration.ends_with('d') || duration.ends_with("mo");
    all.period = domain::BudgetPeriod::rolling;
    all.rolling_days = duration.ends_with("mo") ? number * 30
                       : days                   ? number
                                                : std::max<std::int64_t>(number / 24, 1);
    return all;
}

}  // namespace tollgate::assembly
