// LiteLLM's budgets as ours: which period its duration is, and what was spent in it. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "commands/import_litellm_rows.hpp"
#include "domain/tenancy.hpp"

namespace tollgate::commands::litellm {

// What was spent by somebody before the import, so that a budget goes on where it stood.
struct CarriedSpend {
    domain::SubjectKind kind = domain::SubjectKind::key;
    std::string tenant, subject;
    std::string team, user;    // of a key: whose spend it is besides
    std::string key_name;
    NanoUsd spent = 0;
    UnixMicros since = 0;      // when the period of that spend began
    UnixMicros at = 0;         // where in the period it is put
    // Whether records of the import that say more are brought down to it.
    bool may_lower = false;
};

struct PeriodOfDuration {
    domain::BudgetPeriod period = domain::BudgetPeriod::total;
    std::int64_t rolling_days = 30;
    // Of a duration below a day: the limit is that many times as high, for a whole day.
    std::int64_t times = 1;
    std::string approximation;  // how it differs; "" : LiteLLM resets at the same moments
};
// "30d", "1mo", "12h"; "" : never reset.
PeriodOfDuration period_of_duration(std::string_view duration);

// The budget of a subject by its terms. REQUIRES: max_budget or soft_budget is set.
struct MadeBudget {
    domain::Budget budget;
    std::string approximation;
};
MadeBudget make_budget(const Terms& terms, domain::SubjectKind kind, const std::string& tenant,
                       const std::string& subject);

// What of terms.spend still counts at `now`, and where it is put. `created` is the subject's.
CarriedSpend carried_spend(const Terms& terms, UnixMicros created, UnixMicros now);

}  // namespace tollgate::commands::litellm
