// Leases, loops, sign-in and leaving: what Redis brings while all is well.
#include "shared_state/redis.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include "shared_state/redis_fixture_test.hpp"

namespace tollgate::shared_state {
namespace {

using std::chrono::milliseconds;
using Settlement = SharedState::Settlement;

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

TEST_F(RedisTest, SpeaksTlsAndChecksTheCertificate) {
    const std::string files = server->folder() + "/server";
    const std::string make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                             "-subj /CN=redis -addext subjectAltName=IP:127.0.0.1 -days 1 "
                             "-keyout " + files + ".key -out " + files + ".pem 2>/dev/null";
    ASSERT_EQ(std::system(make.c_str()), 0) << "openssl is not installed";
    const std::string port = std::to_string(RedisServer::free_port());
    RedisServer encrypted({"--tls-port", port, "--tls-cert-file", files + ".pem",
                           "--tls-key-file", files + ".key", "--tls-auth-clients", "no"});
    Clients clients;
    RedisOptions trusted = options(), untrusted = options();
    trusted.url = untrusted.url = "rediss://127.0.0.1:" + port;
    trusted.ca_file = files + ".pem";
    RedisState& good = clients.add(trusted);
    RedisState& bad = clients.add(untrusted);
    auto work = [&]() -> net::Task<void> {
        const Refused first = co_await take(good, good.meter(money("budget")), 10, 10);
        EXPECT_FALSE(first);
        const Refused second = co_await take(good, good.meter(money("budget")), 1, 10);
        EXPECT_TRUE(second);
    };
    clients.run(work());
    EXPECT_EQ(good.trouble(), "");
    EXPECT_TRUE(clients.eventually([&] { return !bad.trouble().empty(); }));
    EXPECT_NE(bad.trouble().find("certificate"), std::string::npos) << bad.trouble();
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
