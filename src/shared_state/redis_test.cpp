// What only Redis brings: leases, instances that die, and a server that dies, forgets or drops
// connections under use.
#include "shared_state/redis.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <random>

#include "shared_state/clients_test.hpp"

namespace tollgate::shared_state {
namespace {

using std::chrono::milliseconds;
using Settlement = SharedState::Settlement;
using Refused = std::optional<Refusal>;

class RedisTest : public ::testing::Test {
protected:
    void SetUp() override {
        TOLLGATE_NEEDS_REDIS();
        server = std::make_unique<RedisServer>();
    }
    RedisOptions options() const {
        RedisOptions made;
        made.url = server->url();
        made.sync_every = milliseconds(20);
        return made;
    }
    static MeterSpec money(const char* key) {
        return {key, MeterKind::money, milliseconds(0), 0};
    }
    static MeterSpec slots(const char* key) {
        return {key, MeterKind::slots, milliseconds(0), 0};
    }
    static MeterSpec window(const char* key, milliseconds length) {
        return {key, MeterKind::window, length, 0};
    }
    static net::Task<Refused> take(SharedState& state, const MeterPointer& meter,
                                   std::int64_t amount, std::int64_t limit,
                                   std::string owner = "r", Moment* at = nullptr) {
        const std::array asks{Ask{meter.get(), amount, limit}};
        co_return co_await state.take(asks, owner, at);
    }
    static void settle(SharedState& state, const MeterPointer& meter, std::int64_t taken,
                       std::int64_t used, const std::string& owner = "r", Moment at = 0) {
        const std::array done{Settlement{meter.get(), taken, used, at}};
        state.settle(done, owner);
    }
    // Asks until it is granted, five seconds long.
    static net::Task<bool> granted_in_time(SharedState& state, const MeterPointer& meter,
                                           std::int64_t amount, std::int64_t limit) {
        for (int tries = 0; tries < 500; ++tries) {
            const Refused refused = co_await take(state, meter, amount, limit, "in time");
            if (!refused) co_return true;
            co_await net::sleep_for(milliseconds(10));
        }
        co_return false;
    }
    // Exactly so much is counted as spent, once every lease and account is home.
    static net::Task<void> expect_spent(SharedState& state, const MeterPointer& meter,
                                        std::int64_t spent) {
        if (!co_await granted_in_time(state, meter, 1, spent + 1)) {
            const Refused refused = co_await take(state, meter, 1, spent + 1);
            ADD_FAILURE() << "more than " << spent << " is counted: "
                          << (refused ? refused->used : spent);
            co_return;
        }
        const Refused refused = co_await take(state, meter, 1, spent + 1);
        EXPECT_TRUE(refused) << "less than " << spent << " is counted";
    }

    std::unique_ptr<RedisServer> server;
};

TEST_F(RedisTest, AWarmRequestMakesNoRoundTrip) {
    Clients clients;
    RedisState& state = clients.add(options());
    const auto requests = state.meter(window("rpm", milliseconds(60'000)));
    const auto budget = state.meter(money("budget"));
    const auto concurrent = state.meter(slots("concurrent"));
    int granted = 0, here = 0;
    auto work = [&]() -> net::Task<void> {
        for (int i = 0; i < 4000; ++i) {
            const std::array asks{Ask{requests.get(), 1, 1'000'000},
                                  Ask{budget.get(), 1000, 1'000'000'000'000},
                                  Ask{concurrent.get(), 1, 5000}};
            Moment at = 0;
            const auto quick = state.try_take(asks, "r");
            Refused refused;
            if (quick) {
                ++here;
                at = quick->at;
                refused = quick->refusal;
            } else {
                refused = co_await state.take(asks, "r", &at);
            }
            if (!refused) ++granted;
            const std::array done{Settlement{requests.get(), 1, 1, at},
                                  Settlement{budget.get(), 1000, 700, at},
                                  Settlement{concurrent.get(), 1, 0, at}};
            state.settle(done, "r");
            if (i % 20 == 0) co_await net::sleep_for(milliseconds(2));
        }
    };
    clients.run(work());
    EXPECT_EQ(granted, 4000);
    EXPECT_GT(here, 3900) << "almost all are decided from a lease";
    EXPECT_LT(server->scripts_run(), 400);
    auto spent = [&]() -> net::Task<void> { co_await expect_spent(state, budget, 4000 * 700); };
    clients.run(spent());
}

// Three instances with leases race through a window and a budget: together never over.
TEST_F(RedisTest, LeasesNeverPassALimitTogether) {
    Clients clients;
    constexpr std::int64_t limit = 3000, budget = 2'000'000;
    constexpr milliseconds length{1000};
    std::vector<Moment> taken;
    std::int64_t bought = 0;
    int finished = 0, here = 0;
    struct Instance {
        RedisState* state;
        MeterPointer window, money;
    };
    std::vector<Instance> instances;
    for (int i = 0; i < 3; ++i) {
        RedisState& state = clients.add(options());
        instances.push_back({&state, state.meter(window("rps", length)),
                             state.meter(money("budget"))});
    }
    auto work = [&](std::size_t number) -> net::Task<void> {
        const Instance& mine = instances[number];
        const std::string owner = "owner " + std::to_string(number);
        const auto end = net::Clock::now() + 3 * length;
        while (net::Clock::now() < end) {
            for (int i = 0; i < 10; ++i) {
                const std::array ask{Ask{mine.window.get(), 1, limit}};
                if (const auto quick = mine.state->try_take(ask, owner)) {
                    ++here;
                    if (!quick->refusal) taken.push_back(quick->at);
                    continue;
                }
                Moment at = 0;
                const Refused refused = co_await mine.state->take(ask, owner, &at);
                if (!refused) taken.push_back(at);
            }
            const Refused refused = co_await take(*mine.state, mine.money, 500, budget, owner);
            if (!refused) {
                settle(*mine.state, mine.money, 500, 500, owner);
                bought += 500;
            }
            co_await net::sleep_for(milliseconds(1));
        }
        ++finished;
    };
    for (std::size_t i = 0; i < 3; ++i) net::spawn(work(i), "instance");
    ASSERT_TRUE(clients.eventually([&] { return finished == 3; }));
    EXPECT_LE(bought, budget);
    EXPECT_GT(here, 1000) << "leases were not tried";
    EXPECT_GT(taken.size(), static_cast<std::size_t>(3 * limit * 97 / 100)) << "leases lie idle";
    std::sort(taken.begin(), taken.end());
    // Each instance's idea of the server's time is an answer's way behind: 10 ms of a second.
    for (std::size_t i = limit; i < taken.size(); ++i) {
        ASSERT_GE(taken[i] - taken[i - limit], length.count() * 1000 - 10'000) << "at " << i;
    }
    auto spent = [&]() -> net::Task<void> {
        co_await expect_spent(*instances[0].state, instances[0].money, bought);
    };
    clients.run(spent());
}

TEST_F(RedisTest, WhatADeadInstanceHeldIsFreeAfterItsTime) {
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
        const Refused money_refused = co_await take(killed, killed.meter(money("budget")), 100, 100);
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

TEST_F(RedisTest, WhatALivingInstanceHoldsStaysBeyondItsTime) {
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

// One instance with several loop threads, each taking from the same meters.
TEST_F(RedisTest, SeveralLoopsShareOneInstance) {
    constexpr int threads = 3, rounds = 300;
    auto made = RedisState::make(options());
    ASSERT_TRUE(made.ok());
    RedisState& state = **made;
    const auto budget = state.meter(money("budget"));
    const auto concurrent = state.meter(slots("concurrent"));
    std::array<net::Loop, threads> loops;
    state.start(loops[0]);
    std::atomic<std::int64_t> spent{0}, inside{0}, most{0};
    std::atomic<int> finished{0}, granted{0};
    auto worker = [&](int number) -> net::Task<void> {
        for (int i = 0; i < rounds; ++i) {
            const std::string owner = std::to_string(number) + "/" + std::to_string(i);
            const std::array asks{Ask{concurrent.get(), 1, 4},
                                  Ask{budget.get(), 10, i % 2 == 0 ? 1'000'000'000 : 900'000}};
            const Refused refused = co_await state.take(asks, owner);
            if (refused) {
                co_await net::sleep_for(milliseconds(1));
                continue;
            }
            ++granted;
            const std::int64_t now_inside = ++inside;
            if (now_inside > most) most = now_inside;
            co_await net::sleep_for(milliseconds(1));
            --inside;
            spent += 7;
            const std::array done{Settlement{concurrent.get(), 1, 0},
                                  Settlement{budget.get(), 10, 7}};
            state.settle(done, owner);
        }
        ++finished;
    };
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i) {
        for (int n = 0; n < 3; ++n) {
            loops[i].post([&, i, n] { net::spawn(worker(10 * i + n), "worker"); });
        }
        running.emplace_back([&, i] { loops[i].run(); });
    }
    auto ending = [&]() -> net::Task<void> {
        while (finished < threads * 3) co_await net::sleep_for(milliseconds(5));
        co_await expect_spent(state, budget, spent);
        co_await state.close();
        co_await net::sleep_for(milliseconds(50));
        for (net::Loop& loop : loops) loop.stop();
    };
    loops[0].post([&] { net::spawn(ending(), "ending"); });
    for (std::thread& thread : running) thread.join();
    EXPECT_LE(most, 4);
    EXPECT_GT(granted, 100);
}

TEST_F(RedisTest, AFlushedRedisLearnsEverythingAgain) {
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
TEST_F(RedisTest, RedisStoppedAndStartedUnderUse) {
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
    EXPECT_TRUE(clients.eventually([&] {
        return std::all_of(states.begin(), states.end(),
                           [](RedisState* state) { return state->trouble().empty(); });
    }));
    EXPECT_GT(alone, 100) << "requests went on without Redis";
    EXPECT_GT(granted, 1000);
    EXPECT_LT(slowest, milliseconds(450)) << "a dead Redis is noticed at once";
    auto home = [&]() -> net::Task<void> {
        const bool all_slots = co_await granted_in_time(*states[0], slot_meters[0], 30, 30);
        EXPECT_TRUE(all_slots);
        // The server came back empty: what it knows is what the instances remembered.
        const bool exact = co_await granted_in_time(*states[1], budgets[1], 1, spent + 1);
        EXPECT_TRUE(exact) << "more is counted than was spent";
    };
    clients.run(home());
    std::int64_t known = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        known = std::max(known, states[i]->level(*budgets[i]).used);
    }
    EXPECT_GE(known, spent * 99 / 100);
}

TEST_F(RedisTest, AloneEachInstanceKeepsToItsShare) {
    Clients clients;
    std::vector<RedisState*> states;
    for (int i = 0; i < 2; ++i) states.push_back(&clients.add(options()));
    auto work = [&]() -> net::Task<void> {
        for (RedisState* state : states) {
            const Refused refused = co_await take(*state, state->meter(money("budget")), 100, 1000);
            EXPECT_FALSE(refused);
        }
        co_await net::sleep_for(milliseconds(400));  // both are known to be two
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

// Connections are cut at random: a batch whose answer is lost is sent again and counts once.
TEST_F(RedisTest, CutConnectionsCountNothingTwice) {
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

TEST_F(RedisTest, APasswordIsSentAndAWrongOneIsTold) {
    RedisServer locked({"--requirepass", "right"});
    Clients clients;
    const std::string at = "@127.0.0.1:" + std::to_string(locked.port());
    RedisOptions good = options(), bad = options();
    good.url = "redis://:right" + at + "/2";
    bad.url = "redis://:wrong" + at;
    RedisState& right = clients.add(good);
    RedisState& wrong = clients.add(bad);
    const auto budget = right.meter(money("budget"));
    auto work = [&]() -> net::Task<void> {
        const Refused refused = co_await take(right, budget, 1, 10);
        EXPECT_FALSE(refused);
    };
    clients.run(work());
    EXPECT_TRUE(clients.eventually([&] { return !wrong.trouble().empty(); }));
    EXPECT_NE(wrong.trouble().find("AUTH"), std::string::npos) << wrong.trouble();
    EXPECT_EQ(right.trouble(), "");
}

TEST_F(RedisTest, AClosedInstanceLeavesNothingBehind) {
    Clients clients;
    RedisState& other = clients.add(options());
    {
        Clients ending;
        RedisState& state = ending.add(options());
        const auto budget = state.meter(money("budget"));
        auto work = [&]() -> net::Task<void> {
            for (int i = 0; i < 50; ++i) {
                const Refused refused = co_await take(state, budget, 10, 1'000'000);
                EXPECT_FALSE(refused);
                settle(state, budget, 10, 10);
                co_await net::sleep_for(milliseconds(2));
            }
        };
        ending.run(work());
    }
    auto look = [&]() -> net::Task<void> {
        const Refused refused = co_await take(other, other.meter(money("budget")), 999'500,
                                              1'000'000);
        EXPECT_FALSE(refused) << "500 was spent, and no lease is left";
    };
    clients.run(look());
}

}  // namespace
}  // namespace tollgate::shared_state
