// The event loop: one per thread, epoll with edge-triggered descriptors, a coarse wheel (100 ms)
// for deadlines and an ordered list for exact sleeps.
//
// Threading: everything is for the loop's own thread except post() and stop(). Everything that
// waits is woken exactly once: ready, timeout or cancelled.
#pragma once
#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "net/task.hpp"

namespace tollgate::net {

using Clock = std::chrono::steady_clock;
using Instant = Clock::time_point;

enum class Wake : std::uint8_t { ready, timeout, cancelled };

class Loop;
class CancelScope;

// One suspended coroutine. Lives in its awaiter; linked into the wheel and the scope while waiting.
struct Waiter {
    std::coroutine_handle<> coroutine;
    Wake wake = Wake::ready;
    bool queued = false;              // already in the loop's ready list
    Waiter** slot = nullptr;          // the owner's pointer to this waiter, cleared when woken
    CancelScope* scope = nullptr;
    Waiter* scope_previous = nullptr;
    Waiter* scope_next = nullptr;
    Waiter* wheel_previous = nullptr;
    Waiter* wheel_next = nullptr;
    std::uint64_t wheel_tick = 0;     // 0: not in the wheel
    std::multimap<Instant, Waiter*>::iterator sleeping;
    bool is_sleeping = false;
};

// Why a request was cut short.
enum class CancelReason : std::uint8_t {
    none, client_gone, deadline, shutdown,
    overtaken,  // of a part: another one did its work
};

// What a request's awaits belong to, so that all of them can be ended at once: the client has
// left, or time is up. Loop thread only. Waits registered here are woken as `cancelled`; a wait
// begun after cancel() is cancelled at once. Must outlive the waits.
class CancelScope {
public:
    CancelScope() = default;
    // For a part of what `whole` is for: cancelled with it, and by itself. `whole` must outlive it.
    explicit CancelScope(CancelScope& whole);
    ~CancelScope();
    CancelScope(const CancelScope&) = delete;
    CancelScope& operator=(const CancelScope&) = delete;
    void cancel(Loop& loop, CancelReason reason);
    bool cancelled() const { return reason_ != CancelReason::none; }
    CancelReason reason() const { return reason_; }
    // Makes the scope usable again for the next request. REQUIRES: nothing waits in it.
    void reset() { reason_ = CancelReason::none; }

private:
    friend class Loop;
    Waiter* first_ = nullptr;
    CancelScope* whole_ = nullptr;
    CancelScope* parts_ = nullptr;  // the first of them
    CancelScope* next_ = nullptr;   // of the whole's parts
    CancelReason reason_ = CancelReason::none;
};

// How long a wait may last and what ends it early. A default one waits for ever: only for waits on
// ourselves, never on a peer.
struct Patience {
    Instant deadline = Instant::max();
    CancelScope* scope = nullptr;
};

class Loop {
public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    // Runs until stop(). Sets current() for this thread.
    void run();
    // Runs one turn: waits at most `milliseconds` for an event. For tests.
    void run_once(int milliseconds);
    void stop();                              // any thread
    void post(std::function<void()> work);    // any thread; runs on the loop's thread
    // Where others post from; outlives the loop, and forgets what comes after its end.
    class Inbox {
    public:
        explicit Inbox(int wake_fd) : wake_fd_(wake_fd) {}
        void post(std::function<void()> work);
        std::vector<std::function<void()>> take();
        void close();

    private:
        std::mutex mutex_;
        std::vector<std::function<void()>> posted_;
        int wake_fd_;  // -1 once the loop has gone
    };
    std::shared_ptr<Inbox> inbox() const { return inbox_; }
    static Loop& current();                   // REQUIRES: called on a loop's thread
    static Loop* current_or_null();

    // The time of this turn: cheap, at most one turn old.
    Instant now() const { return now_; }
    Instant after(std::chrono::milliseconds duration) const { return now_ + duration; }
    // Milliseconds since some start, for idle bookkeeping.
    int epoll_fd() const { return epoll_fd_; }

    // --- for awaiters ---
    // Registers a suspended waiter; `slot` (may be null) is set to it until it is woken.
    // Returns false when the scope is cancelled already or the deadline has passed: then
    // waiter.wake says which and the coroutine must not suspend.
    bool enlist(Waiter& waiter, Waiter** slot, const Patience& patience);
    void enlist_sleep(Waiter& waiter, Instant until, CancelScope* scope);
    // Unlinks and resumes at the end of this turn.
    void wake(Waiter& waiter, Wake how);
    // Unlinks and resumes now. Only from the top of the loop (descriptor events).
    void resume(Waiter& waiter, Wake how);
    // Runs `release(pointer)` when this turn's events are done.
    void defer(void (*release)(void*), void* pointer);
    // Whether other descriptors have events of this turn that nobody has looked at yet.
    bool has_more_events() const { return events_left_ > 0; }
    // Resumes it in this turn: when many wait so, or much is to be sent, or its events are done.
    // For WithOthers.
    void put_off(std::coroutine_handle<> coroutine, std::size_t bytes) {
        put_off_.push_back(coroutine);
        put_off_bytes_ += bytes;
    }

    // --- for descriptors (net/socket.hpp) ---
    struct Handler {
        virtual void on_events(std::uint32_t events) = 0;
    protected:
        ~Handler() = default;
    };
    void watch(int fd, std::uint32_t events, Handler* handler);
    // No events from the next turn on; closing a descriptor does the same.
    void unwatch(int fd);

private:
    static constexpr std::size_t wheel_slots = 1024;
    static constexpr std::chrono::milliseconds wheel_step{100};

    void unlink(Waiter& waiter);
    void wheel_insert(Waiter& waiter, Instant deadline);
    void turn_wheel();
    void turn_sleepers();
    void run_ready();
    void run_put_off();
    void run_posted();
    int wait_milliseconds() const;
    std::uint64_t tick_of(Instant when) const;

    int epoll_fd_ = -1;
    int wake_fd_ = -1;
    Instant start_;
    Instant now_;
    std::uint64_t tick_ = 0;
    std::size_t wheel_count_ = 0;
    std::vector<Waiter*> wheel_;
    std::multimap<Instant, Waiter*> sleepers_;
    std::vector<Waiter*> ready_;
    int events_left_ = 0;  // of this turn
    std::size_t put_off_bytes_ = 0;
    std::vector<std::coroutine_handle<>> put_off_;
    std::vector<std::coroutine_handle<>> resuming_;
    std::vector<std::pair<void (*)(void*), void*>> deferred_;
    std::shared_ptr<Inbox> inbox_;
    std::atomic<bool> stopping_{false};
};

// co_await sleep_until(...) / sleep_for(...): exact to the millisecond. Gives ready or cancelled.
struct SleepAwaiter {
    Instant until;
    CancelScope* scope;
    Waiter waiter{};
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> coroutine);
    Wake await_resume() const noexcept { return waiter.wake; }
};
inline SleepAwaiter sleep_until(Instant until, CancelScope* scope = nullptr) {
    return SleepAwaiter{until, scope};
}
SleepAwaiter sleep_for(std::chrono::milliseconds duration, CancelScope* scope = nullptr);

// co_await WithOthers{loop, bytes}: before a send of about so much that may wait for a few others.
// What several connections send one right after the other wakes a peer that sleeps once, not once
// for each. With nothing else to do in this turn it goes on at once; no deadline and no scope ends
// it: it is soon over.
struct WithOthers {
    Loop& loop;
    std::size_t bytes = 0;
    bool await_ready() const noexcept { return !loop.has_more_events(); }
    void await_suspend(std::coroutine_handle<> coroutine) { loop.put_off(coroutine, bytes); }
    void await_resume() const noexcept {}
};

// Something one coroutine waits for and another (same thread) signals. One waiter at a time.
class Signal {
public:
    void notify();  // wakes the waiter, or lets the next wait pass at once
    struct Awaiter {
        Signal& signal;
        Patience patience;
        Waiter waiter{};
        bool await_ready() noexcept;
        bool await_suspend(std::coroutine_handle<> coroutine);
        Wake await_resume() noexcept { return waiter.wake; }
    };
    Awaiter wait(Patience patience = {}) { return Awaiter{*this, patience}; }

private:
    Waiter* waiting_ = nullptr;
    bool set_ = false;
};

}  // namespace tollgate::net
