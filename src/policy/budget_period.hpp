// The periods of budgets on the calendar. Pure; any thread.
#pragma once
#include <cstdint>
#include <string>

#include "domain/tenancy.hpp"
#include "policy/time_zone.hpp"

namespace tollgate::policy {

// from <= now < until, in Unix seconds. A rolling period's bounds are those of the present day; its
// earlier days begin at `earlier_from` (== from otherwise). A total one never ends (until: max).
struct PeriodBounds {
    std::int64_t from = 0, until = 0, earlier_from = 0;
    std::string label;  // "m:2026-11-01": names the period in keys of meters; "" : total
    friend bool operator==(const PeriodBounds&, const PeriodBounds&) = default;
};
// REQUIRES: rolling_days >= 1 for a rolling period. Weeks begin on Monday.
PeriodBounds period_at(domain::BudgetPeriod period, std::int64_t rolling_days, const TimeZone& zone,
                       std::int64_t unix_seconds);
// "per month", "in 30 days", "in total": for messages.
std::string period_words(domain::BudgetPeriod period, std::int64_t rolling_days);

}  // namespace tollgate::policy
