// A governor over state of the process, with clocks that tests turn. Any thread may run tasks.
#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "net/loop.hpp"
#include "policy/governor.hpp"
#include "shared_state/in_process.hpp"

namespace tollgate::policy {

using domain::BudgetAction;
using domain::BudgetPeriod;
using domain::NanoUsd;
using shared_state::MeterKind;

inline constexpr NanoUsd usd = domain::nano_per_usd;
inline constexpr std::int64_t second = 1'000'000;
// 2026-11-21T12:00:00Z.
inline constexpr std::int64_t noon = 1'795'262'400 * second;

// Runs a task that never waits for anybody, as all do whose state is in the process.
template <typename T>
net::Task<void> store_result(net::Task<T> task, std::optional<T>& into) {
    into.emplace(co_await std::move(task));
}
template <typename T>
T run(net::Task<T> task) {
    std::optional<T> result;
    net::spawn(store_result(std::move(task), result), "test");
    EXPECT_TRUE(result.has_value());
    return std::move(*result);
}

class GovernorTest : public ::testing::Test {
protected:
    GovernorTest()
        : state([this] { return steady; }), governor(state, [this] { return now.load(); }) {}

    void limit(Governance& to, LimitUnit unit, std::int64_t size, const char* window = "minute",
               const char* subject = "key ci") {
        const bool slots = unit == LimitUnit::concurrent;
        const std::string key = std::string(subject) + window + std::to_string(int(unit));
        to.limits.push_back(
            {state.meter({key, slots ? MeterKind::slots : MeterKind::window,
                          slots ? std::chrono::milliseconds(0) : std::chrono::minutes(1), size}),
             unit, size, subject, slots ? "" : window});
    }
    LiveBudgetPointer budget(Governance& to, NanoUsd size,
                             std::vector<domain::BudgetThreshold> thresholds = {}, bool hard = true,
                             BudgetPeriod period = BudgetPeriod::monthly) {
        LiveBudgetSpec spec;
        spec.budget.id = "b" + std::to_string(++budgets_made);
        spec.budget.name = "team money";
        spec.budget.limit = size;
        spec.budget.thresholds = std::move(thresholds);
        spec.budget.hard = hard;
        spec.budget.period = period;
        spec.budget.rolling_days = 7;
        spec.subject = "key ci";
        auto made = std::make_shared<LiveBudget>(std::move(spec), state);
        to.budgets.push_back(made);
        return made;
    }
    base::Result<Ticket> enter(const Governance& by, std::int64_t input = 0,
                               std::int64_t output = 0) {
        Entry entry;
        entry.request_id = "r1";
        entry.input_tokens = input;
        entry.output_tokens_max = output;
        return run(governor.enter(by, entry));
    }
    base::Result<void> attempt(Ticket& ticket, NanoUsd worst, const Governance* candidate = {}) {
        return run(ticket.attempt(worst, candidate));
    }
    // A request that costs what was held for it.
    base::Result<void> spend(const Governance& by, NanoUsd cost) {
        auto ticket = enter(by);
        if (!ticket.ok()) return ticket.error();
        TRY_VOID(attempt(*ticket, cost));
        ticket->attempt_done(cost, {});
        ticket->finish(true);
        return {};
    }
    NanoUsd spent(LiveBudget& budget) { return budget.standing(budget.period(now)).spent; }
    NanoUsd held(LiveBudget& budget) { return budget.standing(budget.period(now)).held; }
    std::int64_t used(const Governance& of, std::size_t index = 0) {
        return state.level(*of.limits[index].meter).used;
    }
    static domain::Usage usage(std::int64_t input, std::int64_t output) {
        domain::Usage tokens;
        tokens.input = input;
        tokens.output = output;
        return tokens;
    }

    std::int64_t steady = 1'000 * second;
    std::atomic<std::int64_t> now = noon;
    int budgets_made = 0;
    shared_state::InProcess state;
    Governor governor;
    Governance governance;
};

}  // namespace tollgate::policy
