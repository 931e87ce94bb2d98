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

// State behind a network: every take is awaited, and many are on their way at once.
class FarState final : public shared_state::SharedState {
public:
    explicit FarState(SharedState& near) : near_(near) {}
    shared_state::MeterPointer meter(const shared_state::MeterSpec& spec) override {
        return near_.meter(spec);
    }
    net::Task<std::optional<shared_state::Refusal>> take(std::span<const shared_state::Ask> asks,
                                                         std::string_view owner,
                                                         shared_state::Moment* at) override {
        const auto pause = std::chrono::milliseconds(1 + ++takes % 7);
        co_await net::sleep_for(pause);
        co_return co_await near_.take(asks, owner, at);
    }
    std::optional<Quick> try_take(std::span<const shared_state::Ask>, std::string_view) override {
        return std::nullopt;
    }
    void settle(std::span<const Settlement> settlements, std::string_view owner) override {
        near_.settle(settlements, owner);
    }
    void seed(shared_state::Meter& meter, std::int64_t spent) override { near_.seed(meter, spent); }
    void raise(shared_state::Meter& meter, std::int64_t spent) override {
        near_.raise(meter, spent);
    }
    shared_state::Level level(const shared_state::Meter& meter) const override {
        return near_.level(meter);
    }
    net::Task<bool> first(std::string key, std::chrono::milliseconds ttl) override {
        return near_.first(std::move(key), ttl);
    }
    std::string trouble() const override { return {}; }
    int takes = 0;

private:
    SharedState& near_;
};

struct Count {
    int passed = 0, refused = 0, ended = 0;
};

net::Task<void> one_request(Governor* by, const Governance* governance, Count* count) {
    Entry entry;
    const std::string id = "r" + std::to_string(count->ended);
    entry.request_id = id;
    auto ticket = co_await by->enter(*governance, entry);
    bool passed = false;
    if (ticket.ok()) {
        const auto attempted = co_await ticket->attempt(usd, nullptr);
        passed = attempted.ok();
        co_await net::sleep_for(std::chrono::milliseconds(20));  // the provider answers
        if (passed) ticket->attempt_done(usd, {});
        ticket->finish(passed);
    }
    ++(passed ? count->passed : count->refused);
    ++count->ended;
}

TEST_F(GovernorTest, FiveHundredAtOnceOverStateThatIsAwaited) {
    FarState far(state);
    Governor far_governor(far, [this] { return now.load(); });
    auto money = budget(governance, 10 * usd);
    limit(governance, LimitUnit::concurrent, 400, "");
    net::Loop loop;
    Count count;
    for (int i = 0; i < 500; ++i) net::spawn(one_request(&far_governor, &governance, &count), "r");
    const auto end = net::Clock::now() + std::chrono::seconds(20);
    while (count.ended < 500 && net::Clock::now() < end) loop.run_once(50);
    EXPECT_EQ(count.ended, 500);
    EXPECT_EQ(count.passed, 10);
    EXPECT_GE(far.takes, 500);
    EXPECT_EQ(used(governance), 0);
    EXPECT_EQ(held(*money), 0);
    EXPECT_EQ(spent(*money), 10 * usd);
}

}  // namespace
}  // namespace tollgate::policy
