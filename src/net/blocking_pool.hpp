// A few threads for work that blocks (name lookups, files), so that no loop ever does.
// on_pool() is for loop threads; the work itself runs on a pool thread.
#pragma once
#include <coroutine>
#include <functional>
#include <memory>

#include "net/loop.hpp"

namespace tollgate::net {

constexpr std::size_t blocking_threads = 2;

struct PoolJob;

// co_await on_pool(loop, work, patience): ready when the work is done. When it gives timeout or
// cancelled the work may still run: it must own what it touches.
class PoolAwaiter {
public:
    PoolAwaiter(Loop& loop, std::function<void()> work, Patience patience);
    ~PoolAwaiter();
    PoolAwaiter(const PoolAwaiter&) = delete;
    PoolAwaiter& operator=(const PoolAwaiter&) = delete;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> coroutine);
    Wake await_resume() const noexcept { return waiter_.wake; }

private:
    Loop& loop_;
    Patience patience_;
    std::shared_ptr<PoolJob> job_;
    Waiter waiter_{};
};

inline PoolAwaiter on_pool(Loop& loop, std::function<void()> work, Patience patience = {}) {
    return PoolAwaiter(loop, std::move(work), patience);
}

}  // namespace tollgate::net
