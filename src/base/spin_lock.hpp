// A lock for a few instructions among the few threads of the workers: a third of a mutex's cost
// when nobody else holds it, which is nearly always. Whoever waits long gives up his processor, so
// that a holder that was interrupted can go on. Not recursive. Satisfies Lockable.
#pragma once
#include <sched.h>

#include <atomic>

namespace tollgate::base {

class SpinLock {
public:
    void lock() {
        while (held_.exchange(true, std::memory_order_acquire)) [[unlikely]] wait();
    }
    bool try_lock() { return !held_.exchange(true, std::memory_order_acquire); }
    void unlock() { held_.store(false, std::memory_order_release); }

private:
    [[gnu::noinline]] void wait() {
        constexpr int looks_before_yield = 100;
        for (int looks = 0; held_.load(std::memory_order_relaxed); ++looks) {
            if (looks >= looks_before_yield) ::sched_yield();
        }
    }
    std::atomic<bool> held_{false};
};

}  // namespace tollgate::base
