// What every kind of shared state owes its users, run on both: in the process, and in a real Redis
// with one and with three instances.
#include "shared_state/shared_state.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "shared_state/clients_test.hpp"

namespace tollgate::shared_state {
namespace {

using std::chrono::milliseconds;
using Settlement = SharedState::Settlement;
using Refused = std::optional<Refusal>;

struct Kind {
    const char* name;
    std::size_t instances;  // 0: in the process
};

class SharedStateTest : public ::testing::TestWithParam<Kind> {
protected:
    void SetUp() override {
        if (GetParam().instances == 0) {
            clients.add(std::make_unique<InProcess>());
            return;
        }
        TOLLGATE_NEEDS_REDIS();
        server = std::make_unique<RedisServer>();
        for (std::size_t i = 0; i < GetParam().instances; ++i) {
            RedisOptions options;
            options.url = server->url();
            clients.add(std::move(options));
        }
        clients.get_ready();
    }
    MeterPointer meter(std::size_t client, const char* key, MeterKind kind,
                       milliseconds length = milliseconds(0)) {
        MeterPointer made = clients.state(client).meter({key, kind, length, 0});
        pinned.push_back(made);
        return made;
    }
    // One ask, awaited.
    net::Task<Refused> take(std::size_t client, const MeterPointer& meter, std::int64_t amount,
                            std::int64_t limit, std::string owner = "r", Moment* at = nullptr) {
        const std::array asks{Ask{meter.get(), amount, limit}};
        co_return co_await clients.state(client).take(asks, owner, at);
    }
    void settle(std::size_t client, const MeterPointer& meter, std::int64_t taken,
                std::int64_t used, const std::string& owner = "r", Moment at = 0) {
        const std::array done{Settlement{meter.get(), taken, used, at}};
        clients.state(client).settle(done, owner);
    }

    std::unique_ptr<RedisServer> server;
    std::vector<MeterPointer> pinned;
    Clients clients;
};

TEST_P(SharedStateTest, ATakeIsAllOrNothing) {
    const auto requests = meter(0, "rpm", MeterKind::window, milliseconds(60'000));
    const auto slots = meter(0, "concurrent", MeterKind::slots);
    const auto money = meter(0, "budget", MeterKind::money);
    auto work = [&]() -> net::Task<void> {
        const std::array fits{Ask{requests.get(), 1, 10}, Ask{slots.get(), 1, 2},
                              Ask{money.get(), 60, 100}};
        const Refused first = co_await clients.state(0).take(fits, "a");
        EXPECT_FALSE(first);
        const Refused second = co_await clients.state(0).take(fits, "b");
        EXPECT_TRUE(second);
        if (!second) co_return;
        EXPECT_EQ(second->index, 2u);
        EXPECT_EQ(second->used, 60);
        // Nothing of the refused take is left: there is room for exactly one more of each.
        const Refused slot = co_await take(0, slots, 1, 2);
        EXPECT_FALSE(slot);
        const Refused none = co_await take(0, slots, 1, 2);
        EXPECT_TRUE(none);
        const Refused nine = co_await take(0, requests, 9, 10);
        EXPECT_FALSE(nine);
        const Refused eleventh = co_await take(0, requests, 1, 10);
        EXPECT_TRUE(eleventh);
        const Refused rest = co_await take(0, money, 40, 100);
        EXPECT_FALSE(rest);
    };
    clients.run(work());
}

TEST_P(SharedStateTest, FiveHundredAtOnceOnMoneyForTenGetExactlyTen) {
    constexpr int requests = 500;
    int granted = 0, answered = 0;
    std::vector<MeterPointer> budgets;
    for (std::size_t i = 0; i < 3; ++i) budgets.push_back(meter(i, "budget", MeterKind::money));
    auto request = [&](std::size_t number) -> net::Task<void> {
        const Refused refused = co_await take(number % 3, budgets[number % 3], 1'000'000,
                                              10'000'000, "request " + std::to_string(number));
        if (!refused) ++granted;
        ++answered;
    };
    for (std::size_t i = 0; i < requests; ++i) net::spawn(request(i), "request");
    ASSERT_TRUE(clients.eventually([&] { return answered == requests; }));
    EXPECT_EQ(granted, 10);
}

TEST_P(SharedStateTest, MoneyIsHeldThenSpentAndWhatIsLeftIsFree) {
    const auto budget = meter(0, "budget", MeterKind::money);
    auto work = [&]() -> net::Task<void> {
        const Refused held = co_await take(0, budget, 80, 100, "a");
        EXPECT_FALSE(held);
        EXPECT_EQ(clients.state(0).level(*budget).used, 80);
        EXPECT_EQ(clients.state(0).level(*budget).held, 80);
        const Refused early = co_await take(0, budget, 30, 100, "b");
        EXPECT_TRUE(early);
        settle(0, budget, 80, 25, "a");
        EXPECT_EQ(clients.state(0).level(*budget).used, 25);
        EXPECT_EQ(clients.state(0).level(*budget).held, 0);
        const Refused later = co_await take(0, budget, 75, 100, "b");
        EXPECT_FALSE(later) << "what the first did not spend is there at once";
        settle(0, budget, 75, 75, "b");
        const Refused over = co_await take(0, budget, 1, 100, "c");
        EXPECT_TRUE(over);
    };
    clients.run(work());
}

// A client that asks again the moment its answer has ended must find its slot free.
TEST_P(SharedStateTest, ASlotIsFreeAgainAtOnceForTheNextRequest) {
    const auto slots = meter(0, "concurrent", MeterKind::slots);
    const auto tokens = meter(0, "tpm", MeterKind::window, milliseconds(60'000));
    int refused = 0;
    auto work = [&]() -> net::Task<void> {
        for (int i = 0; i < 100; ++i) {
            const std::array asks{Ask{slots.get(), 1, 1}, Ask{tokens.get(), 8000, 10'000}};
            Moment at = 0;
            const Refused answer = co_await clients.state(0).take(asks, "r", &at);
            if (answer) {
                ++refused;
                continue;
            }
            const Refused second = co_await take(0, slots, 1, 1, "other");
            EXPECT_TRUE(second) << "one slot only";
            const std::array done{Settlement{slots.get(), 1, 0, at},
                                  Settlement{tokens.get(), 8000, 10, at}};
            clients.state(0).settle(done, "r");
        }
    };
    clients.run(work());
    EXPECT_EQ(refused, 0);
}

// The law of the window against the moments the state itself gave: no window of its length holds
// more than the limit, and nothing was refused that fits into one that is a hundredth longer.
TEST_P(SharedStateTest, WindowsAreExactWithinAHundredthAtTheirEdges) {
    constexpr milliseconds length{1000};
    constexpr std::int64_t limit = 60;
    std::vector<Moment> taken, refused;
    std::vector<MeterPointer> windows;
    for (std::size_t i = 0; i < 3; ++i) {
        windows.push_back(meter(i, "rps", MeterKind::window, length));
    }
    auto work = [&]() -> net::Task<void> {
        std::mt19937 random(3);
        const auto end = net::Clock::now() + 3 * length;
        for (std::size_t i = 0; net::Clock::now() < end; ++i) {
            Moment at = 0;
            const Refused answer = co_await take(i % 3, windows[i % 3], 1, limit, "r", &at);
            (answer ? refused : taken).push_back(at);
            co_await net::sleep_for(milliseconds(random() % 6));
        }
    };
    clients.run(work());
    ASSERT_GT(taken.size(), 120u);
    ASSERT_GT(refused.size(), 20u);
    std::sort(taken.begin(), taken.end());
    const std::int64_t full = length.count() * 1000;
    for (std::size_t i = limit; i < taken.size(); ++i) {
        EXPECT_GE(taken[i] - taken[i - limit], full) << "more than the limit in one window";
    }
    // Redis: the moment of a refusal is this side's, an answer's way apart from the server's.
    const std::int64_t longer = full + full / 100 + 5000;
    for (const Moment at : refused) {
        const auto inside = std::count_if(taken.begin(), taken.end(), [&](Moment when) {
            return when > at - longer && when <= at + 5000;
        });
        EXPECT_GE(inside, limit) << "refused although it fitted";
    }
}

TEST_P(SharedStateTest, WaitTellsWhenItFits) {
    const auto window = meter(0, "rps", MeterKind::window, milliseconds(400));
    auto work = [&]() -> net::Task<void> {
        const Refused five = co_await take(0, window, 5, 10);
        EXPECT_FALSE(five);
        co_await net::sleep_for(milliseconds(100));
        const Refused more = co_await take(0, window, 5, 10);
        EXPECT_FALSE(more);
        const Refused full = co_await take(0, window, 3, 10);
        EXPECT_TRUE(full);
        if (!full) co_return;
        EXPECT_EQ(full->used, 10);
        EXPECT_GT(full->wait.count(), 200);
        EXPECT_LE(full->wait.count(), 304);
        co_await net::sleep_for(full->wait);
        const Refused after = co_await take(0, window, 3, 10);
        EXPECT_FALSE(after) << "it was told to come back now";
        const Refused never = co_await take(0, window, 11, 10);
        EXPECT_TRUE(never);
        if (never) EXPECT_EQ(never->wait.count(), 0);
    };
    clients.run(work());
}

TEST_P(SharedStateTest, ACorrectionCountsInTheSlotOfItsTake) {
    const auto tokens = meter(0, "tps", MeterKind::window, milliseconds(500));
    auto work = [&]() -> net::Task<void> {
        Moment at = 0;
        const Refused first = co_await take(0, tokens, 900, 1000, "a", &at);
        EXPECT_FALSE(first);
        co_await net::sleep_for(milliseconds(250));
        settle(0, tokens, 900, 300, "a", at);
        const Refused second = co_await take(0, tokens, 700, 1000, "b");
        EXPECT_FALSE(second) << "600 came back";
        const Refused full = co_await take(0, tokens, 1, 1000, "c");
        EXPECT_TRUE(full);
        co_await net::sleep_for(milliseconds(265));
        // The first slot has left with its 300, and only they.
        const Refused third = co_await take(0, tokens, 300, 1000, "d");
        EXPECT_FALSE(third);
        settle(0, tokens, 0, -300, "a", at);
        const Refused fourth = co_await take(0, tokens, 1, 1000, "e");
        EXPECT_TRUE(fourth) << "what has left is corrected no more";
    };
    clients.run(work());
}

TEST_P(SharedStateTest, WithoutALimitItOnlyCounts) {
    const auto window = meter(0, "counted", MeterKind::window, milliseconds(60'000));
    const auto money = meter(0, "spent", MeterKind::money);
    const std::array asks{Ask{window.get(), 7, -1}, Ask{money.get(), 50, -1}};
    for (int i = 0; i < 3; ++i) {
        const auto quick = clients.state(0).try_take(asks, "r");
        ASSERT_TRUE(quick);
        EXPECT_FALSE(quick->refusal);
    }
    EXPECT_EQ(clients.state(0).level(*window).used, 21);
    EXPECT_GT(clients.state(0).level(*window).reset.count(), 59'000);
    EXPECT_EQ(clients.state(0).level(*money).used, 150);
}

TEST_P(SharedStateTest, WhatWasSpentBeforeIsSeededOnceAndRaisedWhenLower) {
    const auto money = meter(0, "budget", MeterKind::money);
    auto work = [&]() -> net::Task<void> {
        clients.state(0).seed(*money, 900);
        clients.state(0).seed(*money, 400);
        EXPECT_EQ(clients.state(0).level(*money).used, 900);
        const Refused over = co_await take(0, money, 200, 1000);
        EXPECT_TRUE(over);
        if (over) EXPECT_EQ(over->used, 900);
        clients.state(0).raise(*money, 950);
        clients.state(0).raise(*money, 100);
        const Refused sixty = co_await take(0, money, 60, 1000);
        EXPECT_TRUE(sixty);
        const Refused fifty = co_await take(0, money, 50, 1000);
        EXPECT_FALSE(fifty);
    };
    clients.run(work());
}

TEST_P(SharedStateTest, OnlyTheFirstOfAllIsFirst) {
    int firsts = 0, again = 0;
    auto work = [&]() -> net::Task<void> {
        for (std::size_t i = 0; i < 9; ++i) {
            if (co_await clients.state(i).first("threshold 80", milliseconds(150))) ++firsts;
        }
        co_await net::sleep_for(milliseconds(170));
        if (co_await clients.state(1).first("threshold 80", milliseconds(150))) ++again;
    };
    clients.run(work());
    EXPECT_EQ(firsts, 1);
    EXPECT_EQ(again, 1) << "its time was over";
}

// Many requests on three instances under a tight limit, ending in every way, and nothing stays.
TEST_P(SharedStateTest, EverythingIsFreeAfterTenThousandRequests) {
    constexpr std::int64_t limit = 20;
    constexpr int workers = 50, rounds = 200;
    std::array<std::vector<MeterPointer>, 3> meters;
    for (std::size_t i = 0; i < 3; ++i) {
        meters[i] = {meter(i, "concurrent", MeterKind::slots),
                     meter(i, "budget", MeterKind::money)};
    }
    std::int64_t inside = 0, most = 0, spent = 0;
    int finished = 0, granted = 0;
    auto worker = [&](std::size_t number) -> net::Task<void> {
        std::mt19937 random(static_cast<unsigned>(number));
        for (int i = 0; i < rounds; ++i) {
            const std::size_t client = random() % 3;
            const std::string owner = std::to_string(number) + "/" + std::to_string(i);
            const std::array asks{Ask{meters[client][0].get(), 1, limit},
                                  Ask{meters[client][1].get(), 1000, 1'000'000'000}};
            const Refused refused = co_await clients.state(client).take(asks, owner);
            if (refused) {
                co_await net::sleep_for(milliseconds(1 + random() % 3));
                continue;
            }
            ++granted;
            most = std::max(most, ++inside);
            if (random() % 2 == 0) co_await net::sleep_for(milliseconds(random() % 3));
            const auto cost = static_cast<std::int64_t>(random() % 1500);
            spent += cost;
            --inside;
            const std::array done{Settlement{meters[client][0].get(), 1, 0},
                                  Settlement{meters[client][1].get(), 1000, cost}};
            clients.state(client).settle(done, owner);
        }
        ++finished;
    };
    for (std::size_t i = 0; i < workers; ++i) net::spawn(worker(i), "worker");
    ASSERT_TRUE(clients.eventually([&] { return finished == workers; }));
    EXPECT_LE(most, limit);
    EXPECT_GT(granted, 1000);
    auto all_slots = [&]() -> net::Task<void> {
        for (int tries = 0; tries < 200; ++tries) {
            const Refused refused = co_await take(0, meters[0][0], limit, limit, "all");
            if (!refused) co_return;
            co_await net::sleep_for(milliseconds(10));
        }
        ADD_FAILURE() << "a slot was never given back";
    };
    clients.run(all_slots());
    // A fresh look at the budget, past every lease and unsent account.
    auto all_money = [&]() -> net::Task<void> {
        for (int tries = 0; tries < 500; ++tries) {
            const Refused exact = co_await take(0, meters[0][1], 1, spent + 1, "probe");
            if (!exact) {
                const Refused over = co_await take(0, meters[0][1], 1, spent, "over");
                EXPECT_TRUE(over) << "less is counted than was spent";
                co_return;
            }
            co_await net::sleep_for(milliseconds(10));
        }
        ADD_FAILURE() << "more is counted than was spent";
    };
    clients.run(all_money());
}

INSTANTIATE_TEST_SUITE_P(All, SharedStateTest,
                         ::testing::Values(Kind{"InProcess", 0}, Kind{"RedisOneInstance", 1},
                                           Kind{"RedisThreeInstances", 3}),
                         [](const auto& given) { return std::string(given.param.name); });

}  // namespace
}  // namespace tollgate::shared_state
