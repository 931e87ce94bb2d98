// What is worth telling people about money: thresholds that were reached, a budget that will not
// last, an hour that is out of the ordinary. The decisions are pure functions over numbers; any
// thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "domain/money.hpp"
#include "domain/tenancy.hpp"
#include "net/task.hpp"
#include "policy/live_budget.hpp"
#include "shared_state/shared_state.hpp"

namespace tollgate::policy {

// By the trend of the period: what will be spent at its end. nullopt while too little of it has
// gone to tell (a tenth, or an hour), and of periods that have no end. Unix seconds.
std::optional<domain::NanoUsd> projected_spend(domain::NanoUsd spent, std::int64_t from,
                                               std::int64_t until, std::int64_t now);

struct Anomaly {
    double mean = 0, deviation = 0;  // of the hours before, nano-dollars
    double bound = 0;                // mean + 4 deviations
};
constexpr std::size_t anomaly_hours_min = 24;
// Whether `hour` stands out from the whole hours before it. nullopt also with fewer than
// anomaly_hours_min of them, and below `least`, where a first coffee would be an anomaly.
std::optional<Anomaly> anomaly_of(std::span<const domain::NanoUsd> hours_before,
                                  domain::NanoUsd hour, domain::NanoUsd least);

// The alerts, with a `unique` text that is the same on every instance: once per budget, period,
// limit and threshold; once per budget and period; once per subject and hour.
domain::Alert threshold_alert(const LiveBudget& budget, const PeriodBounds& period,
                              const domain::BudgetThreshold& threshold, domain::NanoUsd spent,
                              domain::UnixMicros now);
domain::Alert projection_alert(const LiveBudget& budget, const PeriodBounds& period,
                               domain::NanoUsd spent, domain::NanoUsd projected,
                               domain::UnixMicros now);
// `subject` as alerts name it: "tenant/acme", "key/0193..".
domain::Alert anomaly_alert(const std::string& tenant, const std::string& subject,
                            const Anomaly& anomaly, domain::NanoUsd spent,
                            domain::UnixMicros hour_start, domain::UnixMicros now);

// Tells thresholds once over all instances: the first to ask shared state passes the alert on.
// Handed to Governor::on_threshold(); called on loop threads. Borrows the state.
class ThresholdAnnouncer {
public:
    // `raise` stores the alert for delivery (store::raise_alert, in the background): called on the
    // loop thread, must not block.
    using Raise = std::function<void(const domain::Alert& alert)>;
    ThresholdAnnouncer(shared_state::SharedState& state, Raise raise)
        : state_(&state), raise_(std::make_shared<const Raise>(std::move(raise))) {}
    void operator()(const LiveBudget& budget, const PeriodBounds& period,
                    const domain::BudgetThreshold& threshold, domain::NanoUsd spent) const;

private:
    shared_state::SharedState* state_;
    std::shared_ptr<const Raise> raise_;
};

}  // namespace tollgate::policy
