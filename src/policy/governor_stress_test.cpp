// What must hold however many requests come at once and however they end.
#include <mutex>
#include <random>
#include <thread>

#include "policy/governor_fixture_test.hpp"

namespace tollgate::policy {
namespace {

// The law of the house: no mix of concurrent requests passes a hard limit.
TEST_F(GovernorTest, FiveHundredAtOnceOnABudgetWorthTen) {
    auto money = budget(governance, 10 * usd);
    limit(governance, LimitUnit::concurrent, 1'000, "");
    std::mutex mutex;
    std::vector<Ticket> in_flight;  // all of them at once: nothing is settled before all have asked
    std::atomic<int> refused = 0;
    const auto ask = [&] {
        for (int i = 0; i < 125; ++i) {
            auto ticket = enter(governance);
            ASSERT_TRUE(ticket.ok());
            if (auto attempted = attempt(*ticket, usd); !attempted.ok()) {
                EXPECT_EQ(attempted.error().code, base::ErrorCode::billing);
                ++refused;
                continue;
            }
            const std::lock_guard lock(mutex);
            in_flight.push_back(std::move(*ticket));
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(ask);
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(in_flight.size(), 10U);
    EXPECT_EQ(refused, 490);
    EXPECT_EQ(used(governance), 10);
    EXPECT_EQ(held(*money), 10 * usd);
    for (Ticket& ticket : in_flight) {
        ticket.attempt_done(usd, {});
        ticket.finish(true);
    }
    EXPECT_EQ(used(governance), 0);
    EXPECT_EQ(held(*money), 0);
    EXPECT_EQ(spent(*money), 10 * usd);
    EXPECT_FALSE(enter(governance).ok());
}

TEST_F(GovernorTest, TenThousandRandomEndingsLeaveNothingHeld) {
    auto money = budget(governance, 1'000'000 * usd);
    limit(governance, LimitUnit::concurrent, 64, "");
    limit(governance, LimitUnit::tokens, 1'000'000'000);
    Governance candidate;
    limit(candidate, LimitUnit::concurrent, 8, "", "deployment d");
    auto of_provider = budget(candidate, 1'000'000 * usd);
    std::atomic<NanoUsd> truly_spent = 0;
    const auto live = [&](unsigned seed) {
        std::mt19937 random(seed);
        std::vector<Ticket> alive;
        for (int i = 0; i < 2'500; ++i) {
            if (auto ticket = enter(governance, 10, 10); ticket.ok()) {
                const unsigned tries = random() % 3;
                for (unsigned j = 0; j < tries; ++j) {
                    if (!attempt(*ticket, 100, random() % 2 == 0 ? &candidate : nullptr).ok())
                        break;
                    if (random() % 3 == 0) continue;  // its cost will never be known
                    const NanoUsd cost = random() % 100;
                    truly_spent += cost;
                    ticket->attempt_done(cost, usage(3, 4));
                }
                const unsigned end = random() % 4;
                if (end == 0) ticket->finish(true);
                if (end == 1) ticket->finish(false);
                if (end == 2) alive.push_back(std::move(*ticket));
                // end 3: the session died, the ticket is just dropped
            }
            if (!alive.empty() && (alive.size() > 8 || random() % 4 == 0)) {
                alive[random() % alive.size()] = std::move(alive.back());
                alive.pop_back();
            }
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i) threads.emplace_back(live, i + 1);
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(used(governance, 0), 0);
    EXPECT_EQ(used(candidate, 0), 0);
    EXPECT_EQ(held(*money), 0);
    EXPECT_EQ(held(*of_provider), 0);
    EXPECT_EQ(spent(*money), truly_spent.load());
    EXPECT_GT(truly_spent.load(), 0);
}

}  // namespace
}  // namespace tollgate::policy
