#include "shared_state/in_process.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

namespace tollgate::shared_state {
namespace {

using std::chrono::milliseconds;

struct SimulatedClock {
    std::shared_ptr<std::atomic<std::int64_t>> now =
        std::make_shared<std::atomic<std::int64_t>>(1'000'000'000);
    std::int64_t operator()() const { return now->load(); }
    void pass(milliseconds time) const { *now += time.count() * 1000; }
};

MeterSpec window(std::string key, milliseconds length) {
    return {std::move(key), MeterKind::window, length, 0};
}
MeterSpec money(std::string key) { return {std::move(key), MeterKind::money, milliseconds(0), 0}; }
MeterSpec slots(std::string key) { return {std::move(key), MeterKind::slots, milliseconds(0), 0}; }

TEST(InProcess, AMeterIsForgottenOnceNobodyHoldsItAndNothingIsInIt) {
    const SimulatedClock clock;
    InProcess state(clock);
    const auto take_one = [&](const MeterSpec& spec) {
        const MeterPointer meter = state.meter(spec);
        const std::array asks{Ask{meter.get(), 1, 10}};
        EXPECT_FALSE(state.try_take(asks, "r")->refusal);
    };
    const MeterPointer pinned = state.meter(window("pinned", milliseconds(60'000)));
    for (int i = 0; i < 1500; ++i) {
        take_one(window("w" + std::to_string(i), milliseconds(60'000)));
    }
    take_one(slots("held for ever"));
    EXPECT_GT(state.meter_count(), 1500u) << "windows with something in them are kept";
    clock.pass(milliseconds(61'000));
    for (int i = 0; i < 3000; ++i) take_one(window("n" + std::to_string(i), milliseconds(100)));
    clock.pass(milliseconds(1000));
    for (int i = 0; i < 3000; ++i) take_one(window("m" + std::to_string(i), milliseconds(100)));
    EXPECT_LT(state.meter_count(), 6100u);
    EXPECT_EQ(state.meter(window("pinned", milliseconds(60'000))), pinned);
    EXPECT_EQ(state.level(*state.meter(slots("held for ever"))).used, 1);
}

TEST(InProcess, MoneyIsKeptForADayAfterItsLastUse) {
    const SimulatedClock clock;
    InProcess state(clock);
    {
        const MeterPointer meter = state.meter(money("budget"));
        state.seed(*meter, 40);
    }
    for (int i = 0; i < 3000; ++i) (void)state.meter(slots("s" + std::to_string(i)));
    EXPECT_EQ(state.level(*state.meter(money("budget"))).used, 40);
}

// Threads that take several meters in different orders: never over a limit, no deadlock, and
// everything free at the end.
TEST(InProcess, ThreadsNeverPassALimitTogether) {
    InProcess state;
    std::array<MeterPointer, 4> meters;
    std::array<std::atomic<std::int64_t>, 4> inside{};
    for (std::size_t i = 0; i < meters.size(); ++i) {
        meters[i] = state.meter(slots("s" + std::to_string(i)));
    }
    std::atomic<bool> over{false};
    std::atomic<int> granted{0};
    const auto work = [&](unsigned seed) {
        for (unsigned i = 0; i < 20'000; ++i) {
            const std::size_t a = (seed + i) % 4;
            const std::size_t b = (seed + i * 3 + 1) % 4;
            const std::array asks{Ask{meters[a].get(), 1, 5}, Ask{meters[b].get(), 1, 5}};
            if (state.try_take(asks, "r")->refusal) continue;
            ++granted;
            if (++inside[a] > 5 || ++inside[b] > 5) over = true;
            --inside[a];
            --inside[b];
            const std::array done{SharedState::Settlement{meters[a].get(), 1, 0},
                                  SharedState::Settlement{meters[b].get(), 1, 0}};
            state.settle(done, "r");
        }
    };
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t) threads.emplace_back(work, t);
    for (std::thread& thread : threads) thread.join();
    EXPECT_FALSE(over);
    EXPECT_GT(granted, 10'000);
    for (const MeterPointer& meter : meters) EXPECT_EQ(state.level(*meter).used, 0);
}

TEST(InProcess, AMeterAskedTwiceInOneTakeCountsBoth) {
    InProcess state;
    const MeterPointer meter = state.meter(slots("s"));
    const std::array asks{Ask{meter.get(), 3, 5}, Ask{meter.get(), 3, 5}};
    const auto taken = state.try_take(asks, "r");
    ASSERT_TRUE(taken->refusal);
    EXPECT_EQ(taken->refusal->index, 1u);
    EXPECT_EQ(taken->refusal->used, 3);
    EXPECT_EQ(state.level(*meter).used, 0);
}

// The clock is the real one: one that lags behind the caller's would refuse again here.
TEST(InProcess, WhoeverWaitsAsLongAsToldIsTaken) {
    InProcess state;
    for (int i = 0; i < 60; ++i) {
        const MeterPointer meter = state.meter(window("w" + std::to_string(i), milliseconds(5)));
        const std::array asks{Ask{meter.get(), 1, 1}};
        ASSERT_FALSE(state.try_take(asks, "r")->refusal);
        const auto refused = state.try_take(asks, "r")->refusal;
        if (!refused) continue;  // held up here for longer than the window
        std::this_thread::sleep_for(refused->wait);
        EXPECT_FALSE(state.try_take(asks, "r")->refusal) << "told " << refused->wait.count();
    }
}

TEST(InProcess, AKeyThatChangesItsLengthCountsAnew) {
    InProcess state;
    const MeterPointer minute = state.meter(window("rpm", milliseconds(60'000)));
    EXPECT_EQ(state.meter(window("rpm", milliseconds(60'000))), minute);
    const MeterPointer hour = state.meter(window("rpm", milliseconds(3'600'000)));
    EXPECT_NE(hour, minute);
    EXPECT_EQ(hour->spec().length.count(), 3'600'000);
}

}  // namespace
}  // namespace tollgate::shared_state
