#include "policy/governor.hpp"

#include <algorithm>
#include <array>
#include <memory_resource>

#include "base/clock.hpp"
#include "policy/refusal.hpp"

namespace tollgate::policy {
namespace {

using shared_state::Ask;
using shared_state::Refusal;
using shared_state::SharedState;

// "Throttle" leaves a tenth of requests and of concurrency, and always one.
constexpr std::int64_t throttle_divisor = 10;

// Periods are of days: the last tick's time will do.
domain::UnixMicros system_micros() { return base::coarse_unix_micros(); }

bool counts_requests(LimitUnit unit) {
    return unit == LimitUnit::requests || unit == LimitUnit::concurrent;
}

std::int64_t limit_in_force(const LimitUse& use, domain::BudgetAction action) {
    if (action != domain::BudgetAction::throttle || !counts_requests(use.unit)) return use.limit;
    return std::min(use.limit, std::max<std::int64_t>(use.limit / throttle_divisor, 1));
}

std::int64_t tokens_used(LimitUnit unit, const domain::Usage& usage) {
    const std::int64_t output = domain::Usage::or_zero(usage.output);
    switch (unit) {
        case LimitUnit::input_tokens: return usage.prompt();
        case LimitUnit::output_tokens: return output;
        default: return usage.prompt() + output;
    }
}

// The amount a limit is asked for. What may come out is reserved as far as the limit allows, since
// max_tokens is often far more than what is said; what goes in is known.
base::Result<std::int64_t> amount_for(const LimitUse& use, std::int64_t input,
                                      std::int64_t output_max) {
    if (counts_requests(use.unit)) return 1;
    const std::int64_t sure = use.unit == LimitUnit::output_tokens ? 0 : input;
    const std::int64_t possible = use.unit == LimitUnit::input_tokens ? 0 : output_max;
    if (sure > use.limit) return never_fits(use, sure);
    return sure + std::clamp<std::int64_t>(possible, 0, use.limit - sure);
}

domain::BudgetAction strictest_action(const Governance& governance,
                                      const Governor::WallClock& clock) {
    domain::BudgetAction action = domain::BudgetAction::notify;
    for (const LiveBudgetPointer& budget : governance.budgets) {
        if (budget->strictest_action() <= action) continue;
        const domain::NanoUsd spent = budget->standing(budget->period(clock())).spent;
        action = std::max(action, budget->action_at(spent));
    }
    return action;
}

// Throttling is looked for by itself: a budget that asks for a downgrade does not undo another's
// throttle.
bool throttled(const Governance& governance, const Governor::WallClock& clock) {
    for (const LiveBudgetPointer& budget : governance.budgets) {
        if (!budget->may_throttle()) continue;
        const domain::NanoUsd spent = budget->standing(budget->period(clock())).spent;
        if (budget->throttled_at(spent)) return true;
    }
    return false;
}

// The first budget that is spent whatever the request costs.
std::optional<base::Error> spent_budget(const Governance& governance, domain::UnixMicros now) {
    for (const LiveBudgetPointer& budget : governance.budgets) {
        if (!budget->stop_at()) continue;
        LiveBudget::Period& period = budget->period(now);
        if (budget->standing(period).spent < *budget->stop_at()) continue;
        return budget_refusal(*budget, period, -1, now);
    }
    return std::nullopt;
}

// Collects settlements and passes them on by the handful, without allocating.
class Settlements {
public:
    Settlements(SharedState& state, std::string_view owner) : state_(state), owner_(owner) {}
    ~Settlements() { flush(); }
    Settlements(const Settlements&) = delete;
    Settlements& operator=(const Settlements&) = delete;
    void add(const SharedState::Settlement& one) {
        if (count_ == list_.size()) flush();
        list_[count_++] = one;
    }
    void flush() {
        if (count_ > 0) state_.settle({list_.data(), count_}, owner_);
        count_ = 0;
    }

private:
    SharedState& state_;
    std::string_view owner_;
    std::array<SharedState::Settlement, 16> list_;
    std::size_t count_ = 0;
};

}  // namespace

struct Ticket::Held {
    struct Taken {
        const LimitUse* use;
        std::int64_t amount;
        shared_state::Moment at;
        std::size_t attempt;  // of a candidate's; 0 for the caller's own
    };
    struct Hold {
        LiveBudget* budget;
        LiveBudget::Period* period;
        domain::NanoUsd amount;
        std::size_t attempt;
    };

    Held(Governor& of, const Governance& by, const Entry& entry)
        : governor(of),
          governance(by),
          owner(entry.request_id, &memory),
          input(entry.input_tokens),
          output_max(entry.output_tokens_max),
          spends(entry.spends) {}

    bool looked_at(const LimitUse& use) const { return spends || counts_requests(use.unit); }
    base::Result<void> add_limits(const Governance& from, bool throttle, std::size_t attempt);
    // The limit that ask number `index` of add_limits() was of.
    const LimitUse& limit_at(const Governance& from, std::size_t index) const;
    void add_budgets(const Governance& from, domain::NanoUsd worst, std::size_t attempt,
                     domain::UnixMicros now);
    // Where `taken` and `holds` ended before the present asks were listed in them. From there on
    // they are struck off again when they are refused.
    struct Before {
        std::size_t taken = 0, holds = 0;
    };
    // Takes `asks`: at once, nullopt where that is not possible; or with waiting.
    std::optional<std::optional<Refusal>> take_now(const Before& before);
    net::Task<std::optional<Refusal>> take(Before before);
    void note(const std::optional<Refusal>& refusal, shared_state::Moment at,
              const Before& before);
    void strike_off(const Before& before);
    void settle_limit(Settlements& settlements, const Taken& one, bool counted,
                      const domain::Usage& usage) const;
    void tell_thresholds(const Hold& hold) const;

    Governor& governor;
    const Governance& governance;
    // Of the lists below: for a handful of limits and budgets they need no other.
    std::array<std::byte, 768> room;
    std::pmr::monotonic_buffer_resource memory{room.data(), room.size()};
    std::pmr::string owner;
    std::int64_t input, output_max;
    bool spends;
    std::pmr::vector<Ask> asks{&memory};
    std::pmr::vector<Taken> taken{&memory};  // limits that are still to be settled
    std::pmr::vector<Hold> holds{&memory};   // of attempts that are not done
    std::pmr::vector<std::uint8_t> open{&memory};  // by attempt number - 1: not done
    domain::Usage usage{};                   // of all attempts together
};

base::Result<void> Ticket::Held::add_limits(const Governance& from, bool throttle,
                                            std::size_t attempt) {
    const auto action = throttle ? domain::BudgetAction::throttle : domain::BudgetAction::notify;
    for (const LimitUse& use : from.limits) {
        if (!looked_at(use)) continue;
        TRY(const std::int64_t amount, amount_for(use, input, output_max));
        asks.push_back({use.meter.get(), amount, limit_in_force(use, action)});
        taken.push_back({&use, amount, 0, attempt});
    }
    return {};
}

const LimitUse& Ticket::Held::limit_at(const Governance& from, std::size_t index) const {
    auto use = from.limits.begin();
    for (;; ++use) {
        if (!looked_at(*use)) continue;
        if (index == 0) return *use;
        --index;
    }
}

void Ticket::Held::add_budgets(const Governance& from, domain::NanoUsd worst, std::size_t attempt,
                               domain::UnixMicros now) {
    for (const LiveBudgetPointer& budget : from.budgets) {
        LiveBudget::Period& period = budget->period(now);
        const domain::NanoUsd amount = std::max<domain::NanoUsd>(worst, 0);
        asks.push_back({period.meter.get(), amount, budget->meter_limit(period)});
        holds.push_back({budget.get(), &period, amount, attempt});
    }
}

void Ticket::Held::note(const std::optional<Refusal>& refusal, shared_state::Moment at,
                        const Before& before) {
    if (refusal) strike_off(before);
    for (std::size_t i = before.taken; i < taken.size(); ++i) taken[i].at = at;
}

void Ticket::Held::strike_off(const Before& before) {
    taken.resize(before.taken, Taken{});
    holds.resize(before.holds, Hold{});
}

std::optional<std::optional<Refusal>> Ticket::Held::take_now(const Before& before) {
    const auto quick = governor.state().try_take(asks, owner);
    if (!quick) return std::nullopt;
    note(quick->refusal, quick->at, before);
    return quick->refusal;
}

net::Task<std::optional<Refusal>> Ticket::Held::take(Before before) {
    shared_state::Moment at = 0;
    const auto refusal = co_await governor.state().take(asks, owner, &at);
    note(refusal, at, before);
    co_return refusal;
}

void Ticket::Held::settle_limit(Settlements& settlements, const Taken& one, bool counted,
                                const domain::Usage& of) const {
    std::int64_t used = 0;
    if (counted && one.use->unit == LimitUnit::requests) used = one.amount;
    if (counted && !counts_requests(one.use->unit)) used = tokens_used(one.use->unit, of);
    settlements.add({one.use->meter.get(), one.amount, used, one.at});
}

void Ticket::Held::tell_thresholds(const Hold& hold) const {
    if (!governor.told_) return;
    const domain::NanoUsd spent = hold.budget->standing(*hold.period).spent;
    for (const auto& threshold : hold.budget->newly_reached(*hold.period, spent)) {
        governor.told_(*hold.budget, hold.period->bounds, threshold, spent);
    }
}

Ticket::Ticket() = default;
Ticket::Ticket(std::unique_ptr<Held> held) : held_(std::move(held)) {}
Ticket::Ticket(Ticket&&) noexcept = default;
Ticket& Ticket::operator=(Ticket&& other) noexcept {
    if (this != &other) {
        finish(false);
        held_ = std::move(other.held_);
    }
    return *this;
}
Ticket::~Ticket() { finish(false); }

// What an attempt asks for, and how far it has come.
struct Ticket::Asked {
    domain::NanoUsd worst;
    const Governance* of_candidate;
    domain::UnixMicros now;
    Held::Before before;
    std::size_t own_budgets = 0, all_budgets = 0;
};

// Nobody waits where the state answers at once, and then there is no coroutine.
net::Task<base::Result<void>> Ticket::attempt(domain::NanoUsd worst,
                                              const Governance* of_candidate) {
    using Done = net::Task<base::Result<void>>;
    if (held_ == nullptr) return Done::ready();
    Held& held = *held_;
    Asked asked{worst, of_candidate, held.governor.clock_(),
                {held.taken.size(), held.holds.size()}};
    if (auto listed = list(held, asked); !listed.ok()) return Done::ready(std::move(listed));
    if (held.asks.empty()) return Done::ready(answer(held, asked, std::nullopt));
    if (const auto quick = held.take_now(asked.before)) {
        return Done::ready(answer(held, asked, *quick));
    }
    return attempt_later(held, asked);
}

net::Task<base::Result<void>> Ticket::attempt_later(Held& held, Asked asked) {
    const auto refusal = co_await held.take(asked.before);
    co_return answer(held, asked, refusal);
}

base::Result<void> Ticket::list(Held& held, Asked& asked) {
    const std::size_t number = held.open.size() + 1;
    held.asks.clear();
    held.add_budgets(held.governance, asked.worst, number, asked.now);
    asked.own_budgets = held.asks.size();
    if (asked.of_candidate != nullptr) {
        held.add_budgets(*asked.of_candidate, asked.worst, number, asked.now);
        auto fits = held.add_limits(*asked.of_candidate, false, number);
        if (!fits.ok()) {
            held.strike_off(asked.before);
            return fits;
        }
    }
    asked.all_budgets = held.holds.size() - asked.before.holds;
    return {};
}

base::Result<void> Ticket::answer(Held& held, const Asked& asked,
                                  const std::optional<Refusal>& refusal) {
    if (!refusal) {
        held.open.push_back(1);
        return {};
    }
    const std::size_t index = refusal->index;
    if (index >= asked.all_budgets) {
        const LimitUse& use = held.limit_at(*asked.of_candidate, index - asked.all_budgets);
        return limit_refusal(
            {&use, use.limit, refusal->used, held.asks[index].amount, refusal->wait});
    }
    if (index < asked.own_budgets) {
        LiveBudget& budget = *held.governance.budgets[index];
        return budget_refusal(budget, budget.period(asked.now), asked.worst, asked.now);
    }
    LiveBudget& budget = *asked.of_candidate->budgets[index - asked.own_budgets];
    return provider_budget_refusal(budget, budget.period(asked.now), asked.worst, asked.now);
}

std::size_t Ticket::attempts() const { return held_ == nullptr ? 0 : held_->open.size(); }

void Ticket::attempt_done(domain::NanoUsd cost, const domain::Usage& usage) {
    attempt_done(cost, usage, attempts());
}

void Ticket::attempt_done(domain::NanoUsd cost, const domain::Usage& usage, std::size_t number) {
    if (held_ == nullptr || number == 0 || number > held_->open.size()) return;
    Held& held = *held_;
    if (held.open[number - 1] == 0) return;
    held.open[number - 1] = 0;
    held.usage.input = domain::Usage::or_zero(held.usage.input) + usage.prompt();
    held.usage.output =
        domain::Usage::or_zero(held.usage.output) + domain::Usage::or_zero(usage.output);
    Settlements settlements(held.governor.state(), held.owner);
    for (const Held::Taken& one : held.taken) {
        if (one.attempt == number) held.settle_limit(settlements, one, true, usage);
    }
    std::erase_if(held.taken, [number](const auto& one) { return one.attempt == number; });
    for (const Held::Hold& one : held.holds) {
        if (one.attempt != number) continue;
        settlements.add(
            {one.period->meter.get(), one.amount, std::max<domain::NanoUsd>(cost, 0), 0});
    }
    settlements.flush();
    for (const Held::Hold& one : held.holds) {
        if (one.attempt == number) held.tell_thresholds(one);
    }
    std::erase_if(held.holds, [number](const auto& one) { return one.attempt == number; });
}

void Ticket::finish(bool counted) {
    if (held_ == nullptr) return;
    const std::unique_ptr<Held> held = std::move(held_);
    Settlements settlements(held->governor.state(), held->owner);
    for (const Held::Taken& one : held->taken) {
        // An attempt nobody settled was begun at least: its deployment counts the request, but
        // knows of no tokens.
        const bool own = one.attempt == 0;
        held->settle_limit(settlements, one, counted, own ? held->usage : domain::Usage{});
    }
    for (const Held::Hold& one : held->holds) {
        settlements.add({one.period->meter.get(), one.amount, 0, 0});
    }
}

namespace {

std::optional<Remaining> tightest(const Governance& governance, const SharedState& state,
                                  bool of_requests, bool throttle) {
    std::optional<Remaining> found;
    const auto action = throttle ? domain::BudgetAction::throttle : domain::BudgetAction::notify;
    for (const LimitUse& use : governance.limits) {
        if (use.unit == LimitUnit::concurrent) continue;
        if ((use.unit == LimitUnit::requests) != of_requests) continue;
        const shared_state::Level level = state.level(*use.meter);
        const std::int64_t limit = limit_in_force(use, action);
        const std::int64_t left = std::max<std::int64_t>(limit - level.used, 0);
        if (!found || left < found->remaining) found = {limit, left, level.reset};
    }
    return found;
}

}  // namespace

std::optional<Remaining> Ticket::requests() const {
    if (held_ == nullptr) return std::nullopt;
    const bool throttle = throttled(held_->governance, held_->governor.clock_);
    return tightest(held_->governance, held_->governor.state(), true, throttle);
}

std::optional<Remaining> Ticket::tokens() const {
    if (held_ == nullptr) return std::nullopt;
    return tightest(held_->governance, held_->governor.state(), false, false);
}

std::optional<CapState> Ticket::cap() const {
    if (held_ == nullptr) return std::nullopt;
    const domain::UnixMicros now = held_->governor.clock_();
    std::optional<CapState> found;
    for (const LiveBudgetPointer& budget : held_->governance.budgets) {
        const LiveBudget::Period& period = budget->period(now);
        CapState cap;
        cap.limit = budget->stop_at().value_or(budget->budget().limit);
        cap.used = budget->standing(period).spent;
        cap.period = budget->budget().period;
        cap.hard = budget->stop_at().has_value();
        if (cap.period != domain::BudgetPeriod::total) cap.reset_unix = period.bounds.until;
        if (!found || cap.utilization() > found->utilization()) found = cap;
    }
    return found;
}

domain::BudgetAction Ticket::action() const {
    if (held_ == nullptr) return domain::BudgetAction::notify;
    return strictest_action(held_->governance, held_->governor.clock_);
}

Governor::Governor(SharedState& state) : Governor(state, system_micros) {}
Governor::Governor(SharedState& state, WallClock clock) : state_(state), clock_(std::move(clock)) {}

// As attempt(): a coroutine only where somebody must wait.
net::Task<base::Result<Ticket>> Governor::enter(const Governance& governance, const Entry& entry) {
    using Entered = net::Task<base::Result<Ticket>>;
    if (governance.empty() && !entry.candidates) return Entered::ready(Ticket());
    const domain::UnixMicros now = clock_();
    bool throttle = false;
    if (entry.spends && !governance.budgets.empty()) {
        if (auto spent = spent_budget(governance, now); spent) {
            return Entered::ready(*std::move(spent));
        }
        throttle = throttled(governance, clock_);
    }
    auto held = std::make_unique<Ticket::Held>(*this, governance, entry);
    held->asks.reserve(governance.limits.size() + governance.budgets.size());
    held->taken.reserve(governance.limits.size());
    held->holds.reserve(governance.budgets.size());
    if (auto fits = held->add_limits(governance, throttle, 0); !fits.ok()) {
        return Entered::ready(std::move(fits).error());
    }
    if (held->asks.empty()) return Entered::ready(Ticket(std::move(held)));
    if (const auto quick = held->take_now({})) {
        return Entered::ready(Ticket::entered(std::move(held), *quick));
    }
    return enter_later(std::move(held));
}

net::Task<base::Result<Ticket>> Governor::enter_later(std::unique_ptr<Ticket::Held> held) {
    const auto refusal = co_await held->take({});
    co_return Ticket::entered(std::move(held), refusal);
}

base::Result<Ticket> Ticket::entered(std::unique_ptr<Held> held,
                                     const std::optional<Refusal>& refusal) {
    if (!refusal) return Ticket(std::move(held));
    const LimitUse& use = held->limit_at(held->governance, refusal->index);
    const Ask& asked = held->asks[refusal->index];
    return limit_refusal({&use, asked.limit, refusal->used, asked.amount, refusal->wait});
}

}  // namespace tollgate::policy
