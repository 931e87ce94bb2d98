// A budget, or a balance of credits, with its live state: the meter of the period that is running,
// what its thresholds ask for, and when it stops. Made anew at each build of the directory; what
// was spent lives in shared_state and survives.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "domain/money.hpp"
#include "domain/tenancy.hpp"
#include "policy/budget_period.hpp"
#include "policy/time_zone.hpp"
#include "shared_state/shared_state.hpp"

namespace tollgate::policy {

struct LiveBudgetSpec {
    domain::Budget budget;
    std::string subject;                   // "key ci", "tenant acme", "provider openai"
    std::shared_ptr<const TimeZone> zone;  // null: UTC
    bool credits = false;                  // see credits_budget()
};

// Credits as a budget: its limit is all that was ever added, and it never ends. `added` of the
// ledger's totals; what was taken is told by spent_so_far(). `user` "" : the tenant's own balance.
LiveBudgetSpec credits_budget(std::string tenant, std::string user, std::string subject,
                              domain::NanoUsd added);

// Thread-safe. Borrows the state, which must outlive it.
class LiveBudget {
public:
    // A period once seen stays as long as the budget, so that what was held in it finds it again.
    struct Period {
        PeriodBounds bounds;
        shared_state::MeterPointer meter;
        std::atomic<domain::NanoUsd> earlier{0};  // rolling: spent in the days before this one
        std::atomic<bool> seeded{false};
        std::atomic<std::int64_t> reached{0};  // per cent: the highest threshold told
    };
    // Called when a period is first seen, before anything is held in it, by the thread that saw it:
    // ask the database without waiting, and answer by spent_so_far(). The budget may die meanwhile.
    using PeriodOpened = std::function<void(const LiveBudget&, const PeriodBounds&)>;

    LiveBudget(LiveBudgetSpec spec, shared_state::SharedState& state, PeriodOpened opened = {});

    const domain::Budget& budget() const { return spec_.budget; }
    const std::string& subject() const { return spec_.subject; }
    bool credits() const { return spec_.credits; }
    const TimeZone& zone() const { return *spec_.zone; }

    // The period that holds `now`; opened when it is new.
    Period& period(domain::UnixMicros now);
    // What the database says of that period: spent in from..until, and (rolling) in
    // earlier_from..from. The first time it is where counting starts, later it only raises. Of
    // credits: what was ever taken, and 0.
    void spent_so_far(const PeriodBounds& bounds, domain::NanoUsd in_period,
                      domain::NanoUsd earlier);

    struct Standing {
        domain::NanoUsd spent = 0;  // for good
        domain::NanoUsd held = 0;   // by requests in flight
    };
    Standing standing(const Period& period) const;

    // From this amount on everything is refused: the limit of a hard one, or a threshold that
    // blocks; nullopt: nothing stops it.
    std::optional<domain::NanoUsd> stop_at() const { return stop_at_; }
    // What of that is left for the period's own meter, for a take: -1 when nothing stops it.
    std::int64_t meter_limit(const Period& period) const;
    // The strictest action that the thresholds reached by `spent` ask for.
    domain::BudgetAction action_at(domain::NanoUsd spent) const;
    bool throttled_at(domain::NanoUsd spent) const;
    // The same however much is spent: most budgets ask for nothing, and need not be looked at.
    domain::BudgetAction strictest_action() const { return strictest_; }
    bool may_throttle() const { return may_throttle_; }
    // Thresholds that `spent` has reached and that were not given before in this period, ascending.
    // Cheap when there are none.
    std::vector<domain::BudgetThreshold> newly_reached(Period& period, domain::NanoUsd spent) const;

private:
    struct Threshold {
        domain::BudgetThreshold threshold;
        domain::NanoUsd amount;
    };
    Period& open(domain::UnixMicros now);
    std::string meter_key(const PeriodBounds& bounds) const;

    LiveBudgetSpec spec_;
    shared_state::SharedState& state_;
    PeriodOpened opened_;
    std::vector<Threshold> thresholds_;  // ascending
    std::optional<domain::NanoUsd> stop_at_;
    domain::BudgetAction strictest_ = domain::BudgetAction::notify;
    bool may_throttle_ = false;
    std::atomic<Period*> current_{nullptr};
    std::mutex mutex_;
    std::vector<std::unique_ptr<Period>> periods_;  // guarded by mutex_
};
using LiveBudgetPointer = std::shared_ptr<LiveBudget>;

// `percent` of an amount, rounded down; what does not fit is the largest amount there is.
// REQUIRES: neither is negative.
domain::NanoUsd percent_of(domain::NanoUsd amount, std::int64_t percent);

}  // namespace tollgate::policy
