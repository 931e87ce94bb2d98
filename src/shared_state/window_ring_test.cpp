#include "shared_state/window_ring.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>

namespace tollgate::shared_state {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t start = 1000 * second;

TEST(WindowRing, CountsWhatIsInsideAndLetsItLeaveAfterItsLength) {
    WindowRing ring(milliseconds(60'000));
    ring.add(start, 3);
    ring.add(start + 30 * second, 4);
    EXPECT_EQ(ring.used(start + 59 * second), 7);
    EXPECT_EQ(ring.used(start + 60 * second - 1), 7);
    EXPECT_EQ(ring.used(start + 61 * second), 4);
    EXPECT_EQ(ring.used(start + 91 * second), 0);
    EXPECT_TRUE(ring.release_if_empty(start + 91 * second));
}

// The law of the ring against every amount with its time: never more than the limit in any window
// of the length, and refused only what would not fit into one that is 0.8 % longer.
TEST(WindowRing, NeverOverTheLimitAndAtMostAHundredthUnder) {
    constexpr std::int64_t length = 60 * second;
    constexpr std::int64_t limit = 500;
    WindowRing ring(milliseconds(length / 1000));
    std::mt19937_64 random(7);
    std::deque<std::int64_t> taken;
    std::int64_t now = start;
    std::size_t refused = 0;
    for (int i = 0; i < 200'000; ++i) {
        now += static_cast<std::int64_t>(random() % (i % 3000 < 1500 ? 20'000 : 150'000));
        while (!taken.empty() && taken.front() <= now - length * 1008 / 1000) taken.pop_front();
        const auto exact = std::count_if(taken.begin(), taken.end(), [&](std::int64_t at) {
            return at > now - length;
        });
        if (ring.used(now) < limit) {
            ASSERT_LT(exact, limit) << "over the limit at step " << i;
            ring.add(now, 1);
            taken.push_back(now);
        } else {
            ++refused;
            ASSERT_GE(taken.size(), static_cast<std::size_t>(limit)) << "refused too early";
        }
    }
    EXPECT_GT(refused, 1000u);
}

TEST(WindowRing, WaitIsExact) {
    WindowRing ring(milliseconds(10'000));
    for (int i = 0; i < 10; ++i) ring.add(start + i * second, 1);
    const std::int64_t now = start + 9 * second + second / 2;
    for (std::int64_t amount = 1; amount <= 10; ++amount) {
        const milliseconds wait = ring.wait(now, amount, 10);
        ASSERT_GT(wait.count(), 0);
        WindowRing later(milliseconds(10'000));
        for (int i = 0; i < 10; ++i) later.add(start + i * second, 1);
        EXPECT_GT(later.used(now + (wait.count() - 2) * 1000) + amount, 10) << amount;
        EXPECT_LE(later.used(now + wait.count() * 1000) + amount, 10) << amount;
    }
    EXPECT_EQ(ring.wait(now, 11, 10).count(), 0) << "would never fit";
    EXPECT_EQ(ring.wait(now, 1, 11).count(), 0) << "fits at once";
}

TEST(WindowRing, ResetIsWhenTheLastAmountLeaves) {
    WindowRing ring(milliseconds(1000));
    EXPECT_EQ(ring.reset(start).count(), 0);
    ring.add(start, 1);
    ring.add(start + second / 2, 1);
    const milliseconds reset = ring.reset(start + second / 2);
    EXPECT_GE(reset.count(), 1000);
    EXPECT_LE(reset.count(), 1009);
    EXPECT_EQ(ring.used(start + second / 2 + reset.count() * 1000), 0);
}

TEST(WindowRing, ACorrectionFindsTheSlotOfItsTime) {
    WindowRing ring(milliseconds(60'000));
    ring.add(start, 100);
    ring.add(start + 30 * second, 10);
    ring.correct(start + 40 * second, start, -80);
    EXPECT_EQ(ring.used(start + 40 * second), 30);
    ring.correct(start + 40 * second, start + 30 * second, 5);
    EXPECT_EQ(ring.used(start + 62 * second), 15) << "the first slot left with what remained in it";
    ring.correct(start + 62 * second, start, -20);
    ring.correct(start + 62 * second, start, 20);
    EXPECT_EQ(ring.used(start + 62 * second), 15) << "a slot that has left is corrected no more";
    ring.correct(start + 62 * second, start + 30 * second, -100);
    EXPECT_EQ(ring.used(start + 62 * second), 0) << "never below nothing";
}

TEST(WindowRing, AJumpingClockIsHarmless) {
    WindowRing ring(milliseconds(60'000));
    ring.add(start, 5);
    EXPECT_EQ(ring.used(start - 10 * second), 5) << "a little back: time stands still";
    ring.add(start - 10 * second, 1);
    EXPECT_EQ(ring.used(start), 6);
    EXPECT_EQ(ring.used(start + 3'600 * second), 0) << "far ahead: everything has left";
    ring.add(start + 3'600 * second, 7);
    EXPECT_EQ(ring.used(start), 0) << "far back: no amount is locked in for an hour";
    ring.add(start, 2);
    EXPECT_EQ(ring.used(start + second), 2);
}

}  // namespace
}  // namespace tollgate::shared_state
