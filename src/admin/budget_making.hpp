// Making budgets, for our own interface and LiteLLM's, and how one stands now. Blocking.
#pragma once
#include <optional>
#include <string>

#include "admin/call.hpp"

namespace tollgate::admin {

constexpr std::int64_t budgets_per_subject_max = 32;
// Inserts it after checking that its subject exists in its tenant, and records the act. Fails
// besides: store::conflict() with field "subject" when it has budgets_per_subject_max.
base::Result<domain::Budget> make_budget(Call& call, store::Session& session,
                                         domain::Budget budget);
base::Result<domain::Budget> change_budget(Call& call, store::Session& session,
                                           const domain::Budget& stored, domain::Budget changed);

struct BudgetState {
    domain::NanoUsd spent = 0;      // in the period, for good
    domain::NanoUsd held = 0;       // by requests in flight
    domain::UnixMicros period_start = 0;  // 0: total, it has none
    domain::UnixMicros reset = 0;         // 0: never
    // Spent by the period's end if it goes on as it did (accounting/projections.hpp); only of
    // periods on the calendar.
    std::optional<domain::NanoUsd> projected;
};
// nullopt: not counted yet (made a moment ago) or not counted at all (disabled).
base::Result<std::optional<BudgetState>> state_of(const Call& call, store::Session& session,
                                                  const domain::Budget& budget);
// "state": {...} or null.
void write_state(json::Writer& writer, const domain::Budget& budget,
                 const std::optional<BudgetState>& state);

}  // namespace tollgate::admin
