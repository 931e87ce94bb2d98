// Instances that die, and a server that dies, forgets or drops connections under use.
#include <algorithm>
#include <random>

#include "shared_state/redis_fixture_test.hpp"

namespace tollgate::shared_state {
namespace {

using std::chrono::milliseconds;
using Settlement = SharedState::Settlement;

class RedisFaultTest : public RedisTest {};

TEST_F(RedisFaultTest, WhatADeadInstanceHeldIsFreeAfterItsTime) {
    RedisOptions mortal = options();
    mortal.hold_life = milliseconds(400);
    Clients alive;
    RedisState& state = alive.add(mortal);
    const auto budget = state.meter(money("budget"));
    const auto concurrent = state.meter(slots("concurrent"));
    const auto rich = state.meter(money("rich"));
    // Its loop is turned no more after the takes: as if killed, but the test can clean up.
    Clients dead;
    RedisState& killed = dead.add(mortal);
    auto takes = [&]() -> net::Task<void> {
        const MeterPointer poor = killed.meter(money("budget"));
        const Refused money_refused = co_await take(killed, poor, 100, 100);
        EXPECT_FALSE(money_refused);
        const Refused slot_refused = co_await take(killed, killed.meter(slots("concurrent")), 2, 2);
        EXPECT_FALSE(slot_refused);
        const MeterPointer leased = killed.meter(money("rich"));
        for (int i = 0; i < 20; ++i) {
            (void)co_await take(killed, leased, 10, 1'000'000);
            co_await net::sleep_for(milliseconds(5));
        }
    };
    dead.run(takes());
    const auto died = net::Clock::now();
    auto watch = [&]() -> net::Task<void> {
        const Refused at_first = co_await take(state, budget, 1, 100);
        EXPECT_TRUE(at_first) << "it may still be alive";
        const bool money_free = co_await granted_in_time(state, budget, 100, 100);
        EXPECT_TRUE(money_free);
        EXPECT_LT(net::Clock::now() - died, milliseconds(1500));
        const bool slots_free = co_await granted_in_time(state, concurrent, 2, 2);
        EXPECT_TRUE(slots_free);
        const bool lease_free = co_await granted_in_time(state, rich, 1'000'000, 1'000'000);
        EXPECT_TRUE(lease_free);
    };
    alive.run(watch());
}

TEST_F(RedisFaultTest, WhatALivingInstanceHoldsStaysBeyondItsTime) {
    RedisOptions mortal = options();
    mortal.hold_life = milliseconds(800);
    Clients clients;
    RedisState& state = clients.add(mortal);
    RedisState& other = clients.add(mortal);
    const auto concurrent = state.meter(slots("concurrent"));
    auto work = [&]() -> net::Task<void> {
        const Refused first = co_await take(state, concurrent, 1, 1, "long");
        EXPECT_FALSE(first);
        co_await net::sleep_for(milliseconds(2000));
        const Refused second = co_await take(other, other.meter(slots("concurrent")), 1, 1);
        EXPECT_TRUE(second) << "the first request is still running";
        settle(state, concurrent, 1, 0, "long");
        const bool freed = co_await granted_in_time(other, other.meter(slots("concurrent")), 1, 1);
        EXPECT_TRUE(freed);
    };
    clients.run(work());
}

TEST_F(RedisFaultTest, AFlushedRedisLearnsEverythingAgain) {
    Clients clients;
    RedisState& one = clients.add(options());
    RedisState& two = clients.add(options());
    const auto budget = one.meter(money("budget"));
    const auto same_budget = two.meter(money("budget"));
    const auto concurrent = one.meter(slots("concurrent"));
    const auto requests = one.meter(window("rpm", milliseconds(60'000)));
    auto work = [&]() -> net::Task<void> {
        const Refused first = co_await take(one, budget, 600, 1000, "a");
        EXPECT_FALSE(first);
        settle(one, budget, 600, 500, "a");
        const Refused held = co_await take(one, budget, 300, 1000, "held");
        EXPECT_FALSE(held);
        const Refused slot = co_await take(one, concurrent, 3, 3, "slot");
        EXPECT_FALSE(slot);
        const Refused eight = co_await take(one, requests, 8, 10, "r");
        EXPECT_FALSE(eight);
        co_await net::sleep_for(milliseconds(100));
        server->command("FLUSHALL");
        server->command("SCRIPT FLUSH");
        // At once: what was spent comes back with the next question.
        const Refused over = co_await take(one, budget, 501, 1000, "b");
        EXPECT_TRUE(over);
        // With the next accounts: holds, and what the windows counted.
        settle(one, budget, 0, 0, "nudge");
        co_await net::sleep_for(milliseconds(300));
        const Refused others = co_await take(two, same_budget, 201, 1000, "c");
        EXPECT_TRUE(others) << "500 spent and 300 held are known again, to everybody";
        const Refused fits = co_await take(two, same_budget, 200, 1000, "c");
        EXPECT_FALSE(fits);
        const Refused slots_full = co_await take(two, two.meter(slots("concurrent")), 1, 3);
        EXPECT_TRUE(slots_full);
        const Refused three = co_await take(two, two.meter(window("rpm", milliseconds(60'000))),
                                            3, 10);
        EXPECT_TRUE(three);
        const Refused too = co_await take(two, two.meter(window("rpm", milliseconds(60'000))),
                                          2, 10);
        EXPECT_FALSE(too);
    };
    clients.run(work());
}

// Money and slots stay within their limits while Redis goes and comes back, nothing spent is lost,
// and nobody waits long for an answer.
TEST_F(RedisFaultTest, RedisStoppedAndStartedUnderUse) {
    Clients clients;
    constexpr std::int64_t limit = 10'000'000;
    std::vector<RedisState*> states;
    std::vector<MeterPointer> budgets, slot_meters;
    for (int i = 0; i < 3; ++i) {
        states.push_back(&clients.add(options()));
        budgets.push_back(states.back()->meter(money("budget")));
        slot_meters.push_back(states.back()->meter(slots("concurrent")));
    }
    std::int64_t spent = 0;
    int finished = 0, alone = 0, granted = 0;
    bool stop = false;
    milliseconds slowest{0};
    auto worker = [&](std::size_t number) -> net::Task<void> {
        std::mt19937 random(static_cast<unsigned>(number));
        const std::size_t i = number % 3;
        int round = 0;
        while (!stop) {
            const std::string owner = std::to_string(number) + "/" + std::to_string(++round);
            const auto cost = static_cast<std::int64_t>(random() % 100);
            const std::array asks{Ask{budgets[i].get(), 100, limit},
                                  Ask{slot_meters[i].get(), 1, 30}};
            const auto before = net::Clock::now();
            const Refused refused = co_await states[i]->take(asks, owner);
            slowest = std::max(slowest, std::chrono::duration_cast<milliseconds>(
                                            net::Clock::now() - before));
            if (!states[i]->trouble().empty()) ++alone;
            co_await net::sleep_for(milliseconds(1 + random() % 5));
            if (refused) continue;
            ++granted;
            spent += cost;
            const std::array done{Settlement{budgets[i].get(), 100, cost},
                                  Settlement{slot_meters[i].get(), 1, 0}};
            states[i]->settle(done, owner);
        }
        ++finished;
    };
    for (std::size_t i = 0; i < 24; ++i) net::spawn(worker(i), "worker");
    auto faults = [&]() -> net::Task<void> {
        co_await net::sleep_for(milliseconds(300));
        server->stop();
        co_await net::sleep_for(milliseconds(500));
        for (RedisState* state : states) {
            EXPECT_NE(state->trouble().find("redis 127.0.0.1:"), std::string::npos)
                << state->trouble();
        }
        server->start();
        co_await net::sleep_for(milliseconds(700));
        stop = true;
    };
    clients.run(faults());
    ASSERT_TRUE(clients.eventually([&] { return finished == 24; }));
    for (RedisState* state : states) {
        EXPECT_TRUE(clients.eventually([&] { return state->trouble().empty(); }));
    }
    EXPECT_GT(alone, 20) << "requests went on without Redis";
    EXPECT_GT(granted, 300);
    EXPECT_LT(slowest, milliseconds(1000)) << "a dead Redis is noticed at once";
    auto home = [&]() -> net::Task<void> {
        const bool all_slots = co_await granted_in_time(*states[0], slot_meters[0], 30, 30);
        EXPECT_TRUE(all_slots);
        // The server came back empty: what it knows is what the instances remembered.
        const bool exact = co_await granted_in_time(*states[1], budgets[1], 1, spent + 1);
        EXPECT_TRUE(exact) << "more is counted than was spent";
    };
    clients.run(home());
    EXPECT_GE(states[1]->level(*budgets[1]).used, spent * 95 / 100);
}

TEST_F(RedisFaultTest, WhatTheDatabaseKnowsCountsForEverybodyOnceTold) {
    Clients clients;
    RedisState& one = clients.add(options());
    RedisState& two = clients.add(options());
    const auto budget = one.meter(money("budget"));
    const auto same_budget = two.meter(money("budget"));
    auto work = [&]() -> net::Task<void> {
        const Refused first = co_await take(one, budget, 100, 1000, "a");
        EXPECT_FALSE(first);
        settle(one, budget, 100, 100, "a");
        co_await net::sleep_for(milliseconds(100));
        server->command("FLUSHALL");
        one.raise(*budget, 700);
        const Refused told = co_await take(one, budget, 301, 1000, "b");
        EXPECT_TRUE(told);
        const Refused heard = co_await take(two, same_budget, 301, 1000, "c");
        EXPECT_TRUE(heard);
        const Refused fits = co_await take(two, same_budget, 300, 1000, "d");
        EXPECT_FALSE(fits);
    };
    clients.run(work());
}

TEST_F(RedisFaultTest, AloneEachInstanceKeepsToItsShare) {
    Clients clients;
    std::vector<RedisState*> states;
    for (int i = 0; i < 2; ++i) states.push_back(&clients.add(options()));
    clients.get_ready();
    auto work = [&]() -> net::Task<void> {
        for (RedisState* state : states) {
            const Refused refused = co_await take(*state, state->meter(money("budget")), 100, 1000);
            EXPECT_FALSE(refused);
        }
        // Leases are home, and each knows what the other bought.
        for (int i = 0; i < 200; ++i) {
            bool known = true;
            for (RedisState* state : states) {
                const Level level = state->level(*state->meter(money("budget")));
                known = known && level.used == 200;
            }
            if (known) break;
            co_await net::sleep_for(milliseconds(20));
        }
        server->stop();
        std::int64_t bought = 200, inside = 0, requests = 0;
        for (int i = 0; i < 40; ++i) {
            for (RedisState* state : states) {
                const Refused poor = co_await take(*state, state->meter(money("budget")), 50, 1000);
                if (!poor) bought += 50;
                const Refused full = co_await take(*state, state->meter(slots("s")), 1, 10);
                if (!full) ++inside;
                const MeterPointer rpm = state->meter(window("rpm", milliseconds(60'000)));
                const Refused many = co_await take(*state, rpm, 1, 20);
                if (!many) ++requests;
            }
        }
        EXPECT_LE(bought, 1000);
        EXPECT_GE(bought, 800);
        EXPECT_EQ(inside, 10);
        EXPECT_EQ(requests, 20);
    };
    clients.run(work());
    server->start();
}

// What requests hold that were let in without Redis is held for everybody when it is back.
TEST_F(RedisFaultTest, HoldsTakenAlone_AreToldWhenRedisIsBack) {
    Clients clients;
    RedisState& one = clients.add(options());
    RedisState& two = clients.add(options());
    clients.get_ready();
    const auto budget = one.meter(money("budget"));
    const auto concurrent = one.meter(slots("concurrent"));
    const auto requests = one.meter(window("rpm", milliseconds(60'000)));
    auto work = [&]() -> net::Task<void> {
        server->stop();
        const Refused held = co_await take(one, budget, 400, 1000, "alone");
        EXPECT_FALSE(held);
        const Refused slot = co_await take(one, concurrent, 2, 4, "alone");
        EXPECT_FALSE(slot);
        const Refused some = co_await take(one, requests, 4, 10, "alone");
        EXPECT_FALSE(some);
        EXPECT_FALSE(one.trouble().empty());
        server->start();
        for (int i = 0; i < 200 && !(one.trouble().empty() && two.trouble().empty()); ++i) {
            co_await net::sleep_for(milliseconds(20));
        }
        co_await net::sleep_for(milliseconds(100));
        // The request is still running.
        const Refused poor = co_await take(two, two.meter(money("budget")), 601, 1000, "b");
        EXPECT_TRUE(poor);
        const Refused full = co_await take(two, two.meter(slots("concurrent")), 3, 4, "b");
        EXPECT_TRUE(full);
        const Refused many = co_await take(two, two.meter(window("rpm", milliseconds(60'000))),
                                           7, 10, "b");
        EXPECT_TRUE(many);
        const Refused fits = co_await take(two, two.meter(money("budget")), 600, 1000, "c");
        EXPECT_FALSE(fits);
        settle(one, budget, 400, 0, "alone");
        settle(one, concurrent, 2, 0, "alone");
        const bool free = co_await granted_in_time(two, two.meter(slots("concurrent")), 4, 4);
        EXPECT_TRUE(free);
        const auto same = two.meter(money("budget"));
        const bool money_free = co_await granted_in_time(two, same, 400, 1000);
        EXPECT_TRUE(money_free);
    };
    clients.run(work());
}

// Connections are cut at random: a batch whose answer is lost is sent again and counts once.
TEST_F(RedisFaultTest, CutConnectionsCountNothingTwice) {
    Clients clients;
    RedisState& state = clients.add(options());
    const auto budget = state.meter(money("budget"));
    std::int64_t spent = 0;
    auto work = [&]() -> net::Task<void> {
        std::mt19937 random(5);
        for (int i = 0; i < 3000; ++i) {
            const auto amount = static_cast<std::int64_t>(1 + random() % 100);
            const std::string owner = std::to_string(i);
            const Refused refused = co_await take(state, budget, amount, 1'000'000'000, owner);
            EXPECT_FALSE(refused);
            if (refused) continue;
            settle(state, budget, amount, amount, owner);
            spent += amount;
            if (i % 100 == 50) server->command("CLIENT KILL TYPE normal");
            if (i % 10 == 0) co_await net::sleep_for(milliseconds(1));
        }
        co_await expect_spent(state, budget, spent);
    };
    clients.run(work());
    EXPECT_EQ(state.trouble(), "");
}

}  // namespace
}  // namespace tollgate::shared_state
