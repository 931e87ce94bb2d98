// The words of limits and budgets that stop a request: which, how large, and until when. Pure.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "policy/governor.hpp"

namespace tollgate::policy {

// A limit as it stood when it refused.
struct RefusedLimit {
    const LimitUse* use = nullptr;
    std::int64_t limit = 0;  // in force: less than use->limit while throttled
    std::int64_t used = 0;
    std::int64_t asked = 0;
    std::chrono::milliseconds wait{0};  // 0: nobody knows
};
base::Error limit_refusal(const RefusedLimit& refused);
// The request alone is more than the limit: waiting does not help.
base::Error never_fits(const LimitUse& use, std::int64_t asked);

// `estimate` negative: not known, or the budget is spent whatever it costs. Gives billing, with
// retry_after set to the period's end.
base::Error budget_refusal(const LiveBudget& budget, const LiveBudget::Period& period,
                           domain::NanoUsd estimate, domain::UnixMicros now);
// The same for a provider's budget: rate_limited, since another provider may serve.
base::Error provider_budget_refusal(const LiveBudget& budget, const LiveBudget::Period& period,
                                    domain::NanoUsd estimate, domain::UnixMicros now);

// "12 s", "5 minutes", "3 hours", "9 days": rounded up.
std::string duration_words(std::chrono::seconds duration);

}  // namespace tollgate::policy
