#include "policy/live_budget.hpp"

#include <algorithm>
#include <limits>

namespace tollgate::policy {
namespace {

constexpr std::int64_t micros_per_second = 1'000'000;
constexpr std::int64_t percent_max = std::numeric_limits<std::int64_t>::max() / 100;
const std::vector<domain::BudgetThreshold> usual_thresholds = {{50, domain::BudgetAction::notify},
                                                               {80, domain::BudgetAction::notify},
                                                               {100, domain::BudgetAction::notify}};

}  // namespace

domain::NanoUsd percent_of(domain::NanoUsd amount, std::int64_t percent) {
    std::int64_t whole = 0, sum = 0;
    const std::int64_t rest = amount % 100 * std::min(percent, percent_max) / 100;
    if (__builtin_mul_overflow(amount / 100, percent, &whole) ||
        __builtin_add_overflow(whole, rest, &sum)) {
        return std::numeric_limits<domain::NanoUsd>::max();
    }
    return sum;
}

LiveBudgetSpec credits_budget(std::string tenant, std::string user, std::string subject,
                              domain::NanoUsd added) {
    LiveBudgetSpec spec;
    spec.credits = true;
    spec.subject = std::move(subject);
    domain::Budget& budget = spec.budget;
    budget.kind = user.empty() ? domain::SubjectKind::tenant : domain::SubjectKind::user;
    budget.id = user.empty() ? tenant : tenant + ":" + user;
    budget.name = "credits";
    budget.subject = user.empty() ? tenant : std::move(user);
    budget.tenant = std::move(tenant);
    budget.limit = added;
    budget.period = domain::BudgetPeriod::total;
    return spec;
}

LiveBudget::LiveBudget(LiveBudgetSpec spec, shared_state::SharedState& state, PeriodOpened opened)
    : spec_(std::move(spec)), state_(state), opened_(std::move(opened)) {
    const domain::Budget& budget = spec_.budget;
    if (spec_.zone == nullptr) spec_.zone = TimeZone::utc();
    if (budget.hard) stop_at_ = budget.limit;
    const auto& thresholds = budget.thresholds.empty() ? usual_thresholds : budget.thresholds;
    for (const domain::BudgetThreshold& threshold : thresholds) {
        const domain::NanoUsd amount = percent_of(budget.limit, threshold.percent);
        thresholds_.push_back({threshold, amount});
        if (threshold.action == domain::BudgetAction::block) {
            stop_at_ = std::min(stop_at_.value_or(amount), amount);
        }
    }
    std::sort(thresholds_.begin(), thresholds_.end(), [](const auto& a, const auto& b) {
        return a.threshold.percent < b.threshold.percent;
    });
    strictest_ = action_at(std::numeric_limits<domain::NanoUsd>::max());
    may_throttle_ = throttled_at(std::numeric_limits<domain::NanoUsd>::max());
}

std::string LiveBudget::meter_key(const PeriodBounds& bounds) const {
    if (spec_.credits) return "credits:" + spec_.budget.id;
    return "budget:" + spec_.budget.id + (bounds.label.empty() ? ":total" : ":" + bounds.label);
}

LiveBudget::Period& LiveBudget::period(domain::UnixMicros now) {
    Period* current = current_.load(std::memory_order_acquire);
    const std::int64_t seconds = now / micros_per_second;
    if (current != nullptr && seconds >= current->bounds.from && seconds < current->bounds.until) {
        return *current;
    }
    return open(now);
}

LiveBudget::Period& LiveBudget::open(domain::UnixMicros now) {
    const domain::Budget& budget = spec_.budget;
    const PeriodBounds bounds =
        period_at(budget.period, std::max<std::int64_t>(budget.rolling_days, 1), *spec_.zone,
                  now / micros_per_second);
    Period* opened = nullptr;
    {
        const std::lock_guard lock(mutex_);
        // A clock that was set back may ask for one that was left.
        for (const auto& known : periods_) {
            if (known->bounds.from == bounds.from) {
                current_.store(known.get(), std::memory_order_release);
                return *known;
            }
        }
        auto made = std::make_unique<Period>();
        made->bounds = bounds;
        made->meter = state_.meter({meter_key(bounds), shared_state::MeterKind::money,
                                    std::chrono::milliseconds(0), stop_at_.value_or(0)});
        if (budget.period == domain::BudgetPeriod::rolling && !periods_.empty()) {
            // Too much by the day that has just left, until the database answers: a moment of too
            // little rather than a hole in the limit.
            const Period& before = *periods_.back();
            made->earlier = standing(before).spent;
        }
        opened = made.get();
        periods_.push_back(std::move(made));
        current_.store(opened, std::memory_order_release);
    }
    if (opened_) opened_(*this, bounds);
    return *opened;
}

void LiveBudget::spent_so_far(const PeriodBounds& bounds, domain::NanoUsd in_period,
                              domain::NanoUsd earlier) {
    Period* found = nullptr;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& known : periods_) {
            if (known->bounds.from == bounds.from) found = known.get();
        }
    }
    if (found == nullptr) return;  // never seen: it will be asked for when it is
    found->earlier.store(earlier, std::memory_order_relaxed);
    if (found->seeded.exchange(true)) {
        state_.raise(*found->meter, in_period);
    } else {
        state_.seed(*found->meter, in_period);
    }
}

LiveBudget::Standing LiveBudget::standing(const Period& period) const {
    const shared_state::Level level = state_.level(*period.meter);
    return {level.used - level.held + period.earlier.load(std::memory_order_relaxed), level.held};
}

std::int64_t LiveBudget::meter_limit(const Period& period) const {
    if (!stop_at_) return -1;
    return std::max<std::int64_t>(*stop_at_ - period.earlier.load(std::memory_order_relaxed), 0);
}

domain::BudgetAction LiveBudget::action_at(domain::NanoUsd spent) const {
    domain::BudgetAction action = domain::BudgetAction::notify;
    for (const Threshold& each : thresholds_) {
        if (spent >= each.amount) action = std::max(action, each.threshold.action);
    }
    return action;
}

bool LiveBudget::throttled_at(domain::NanoUsd spent) const {
    return std::any_of(thresholds_.begin(), thresholds_.end(), [spent](const Threshold& each) {
        return each.threshold.action == domain::BudgetAction::throttle && spent >= each.amount;
    });
}

std::vector<domain::BudgetThreshold> LiveBudget::newly_reached(Period& period,
                                                               domain::NanoUsd spent) const {
    std::vector<domain::BudgetThreshold> reached;
    std::int64_t told = period.reached.load(std::memory_order_relaxed);
    for (const Threshold& each : thresholds_) {
        if (each.threshold.percent <= told || spent < each.amount) continue;
        reached.push_back(each.threshold);
    }
    if (reached.empty()) return reached;
    // Two requests may pass the same threshold at once; one of them tells it.
    while (!period.reached.compare_exchange_weak(told, reached.back().percent)) {
        std::erase_if(reached, [told](const auto& one) { return one.percent <= told; });
        if (reached.empty()) break;
    }
    return reached;
}

}  // namespace tollgate::policy
