#include "base/spin_lock.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>
#include <vector>

namespace tollgate::base {
namespace {

TEST(SpinLock, ManyThreads_ComeInOneByOne) {
    constexpr int threads = 8, turns = 20'000;
    SpinLock lock;
    int count = 0;  // no atomic: the lock alone keeps it right
    std::vector<std::thread> running;
    running.reserve(threads);
    for (int i = 0; i < threads; ++i) {
        running.emplace_back([&] {
            for (int turn = 0; turn < turns; ++turn) {
                const std::lock_guard held(lock);
                ++count;
            }
        });
    }
    for (std::thread& one : running) one.join();
    EXPECT_EQ(count, threads * turns);
}

TEST(SpinLock, Held_IsNotTakenAgain) {
    SpinLock lock;
    EXPECT_TRUE(lock.try_lock());
    EXPECT_FALSE(lock.try_lock());
    lock.unlock();
    EXPECT_TRUE(lock.try_lock());
    lock.unlock();
}

}  // namespace
}  // namespace tollgate::base
