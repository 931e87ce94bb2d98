#include "net/loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "net/system_calls.hpp"

namespace tollgate::net {
namespace {

thread_local Loop* current_loop = nullptr;
constexpr std::size_t events_per_turn = 256;
// What the first of them waits for is the work of this many others; and all that wait hold what
// they send, which had better stay in the processor's second cache until the kernel copies it.
constexpr std::size_t put_off_max = 24, put_off_bytes_max = 768 * 1024;

// Owns a spawned task until it ends; its frame destroys itself.
struct Spawned {
    struct promise_type {
        static void* operator new(std::size_t bytes) { return frame_allocate(bytes); }
        static void operator delete(void* frame, std::size_t bytes) { frame_release(frame, bytes); }
        Spawned get_return_object() const { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const {}
        void unhandled_exception() const { std::terminate(); }
    };
};

Spawned run_spawned(Task<void> task, const char* name) {
    try {
        co_await task;
    } catch (const std::exception& failure) {
        base::log().error("task_failed", {{"task", name}, {"what", failure.what()}});
    }
}

}  // namespace

void spawn(Task<void> task, const char* name) { run_spawned(std::move(task), name); }

CancelScope::CancelScope(CancelScope& whole)
    : whole_(&whole), next_(whole.parts_), reason_(whole.reason_) {
    whole.parts_ = this;
}

CancelScope::~CancelScope() {
    if (whole_ == nullptr) return;
    CancelScope** at = &whole_->parts_;
    while (*at != this) at = &(*at)->next_;
    *at = next_;
}

void CancelScope::cancel(Loop& loop, CancelReason reason) {
    if (reason_ == CancelReason::none) reason_ = reason;
    while (first_ != nullptr) loop.wake(*first_, Wake::cancelled);
    for (CancelScope* part = parts_; part != nullptr; part = part->next_) {
        part->cancel(loop, reason);
    }
}

Loop::Loop() : start_(Clock::now()), now_(start_), wheel_(wheel_slots, nullptr) {
    epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
    wake_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    inbox_ = std::make_shared<Inbox>(wake_fd_);
    if (epoll_fd_ < 0 || wake_fd_ < 0) {
        throw std::system_error(errno, std::generic_category(), "event loop");
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;
    epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event);
    // Tasks may be spawned on this thread before run().
    if (current_loop == nullptr) current_loop = this;
}

Loop::~Loop() {
    if (current_loop == this) current_loop = nullptr;
    for (auto [release, pointer] : deferred_) release(pointer);
    inbox_->close();
    close(wake_fd_);
    close(epoll_fd_);
}

Loop& Loop::current() { return *current_loop; }
Loop* Loop::current_or_null() { return current_loop; }

void Loop::run() {
    current_loop = this;
    while (!stopping_.load(std::memory_order_relaxed)) run_once(60'000);
}

void Loop::stop() {
    stopping_.store(true);
    post([] {});
}

void Loop::post(std::function<void()> work) { inbox_->post(std::move(work)); }

void Loop::Inbox::post(std::function<void()> work) {
    std::lock_guard lock(mutex_);
    if (wake_fd_ < 0) return;
    posted_.push_back(std::move(work));
    const std::uint64_t one = 1;
    [[maybe_unused]] auto written = write(wake_fd_, &one, sizeof one);
}

std::vector<std::function<void()>> Loop::Inbox::take() {
    std::lock_guard lock(mutex_);
    return std::exchange(posted_, {});
}

void Loop::Inbox::close() {
    std::lock_guard lock(mutex_);
    wake_fd_ = -1;
    posted_.clear();
}

void Loop::run_once(int milliseconds) {
    Loop* previous = current_loop;
    current_loop = this;
    std::array<epoll_event, events_per_turn> events;
    const int count = wait_for_events(epoll_fd_, events.data(), static_cast<int>(events.size()),
                                      std::min(milliseconds, wait_milliseconds()));
    now_ = Clock::now();
    for (int i = 0; i < count; ++i) {
        auto* handler = static_cast<Handler*>(events[static_cast<std::size_t>(i)].data.ptr);
        events_left_ = count - i - 1;
        base::StretchClock::begin();
        if (handler != nullptr) {
            handler->on_events(events[static_cast<std::size_t>(i)].events);
        } else {
            run_posted();
        }
        const bool many = put_off_.size() >= put_off_max || put_off_bytes_ >= put_off_bytes_max;
        if (many || i + 1 == count) run_put_off();
    }
    base::StretchClock::begin();
    turn_wheel();
    turn_sleepers();
    run_ready();
    // Handlers freed during this turn may still have had events queued behind them.
    while (!deferred_.empty()) {
        auto releases = std::move(deferred_);
        deferred_.clear();
        for (auto [release, pointer] : releases) release(pointer);
        run_ready();
    }
    base::StretchClock::end();
    current_loop = previous;
}

void Loop::run_put_off() {
    resuming_.swap(put_off_);
    put_off_bytes_ = 0;
    for (const auto coroutine : resuming_) {
        base::StretchClock::begin();
        coroutine.resume();
    }
    resuming_.clear();
}

void Loop::run_posted() {
    std::uint64_t ignored = 0;
    [[maybe_unused]] auto bytes = read(wake_fd_, &ignored, sizeof ignored);
    std::vector<std::function<void()>> work = inbox_->take();
    for (auto& item : work) {
        base::StretchClock::begin();
        item();
    }
}

void Loop::run_ready() {
    while (!ready_.empty()) {
        std::vector<Waiter*> batch;
        batch.swap(ready_);
        for (Waiter* waiter : batch) {
            base::StretchClock::begin();
            waiter->coroutine.resume();
        }
        if (ready_.empty()) {
            batch.clear();
            ready_.swap(batch);  // keeps the capacity
        }
    }
}

int Loop::wait_milliseconds() const {
    if (!ready_.empty()) return 0;
    auto wait = std::chrono::milliseconds(60'000);
    if (wheel_count_ > 0) {
        // The beginning of the turn will do: the wheel is late by what a turn takes, never early.
        const Instant next = start_ + wheel_step * static_cast<std::int64_t>(tick_ + 1);
        wait = std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(next - now_));
    }
    if (!sleepers_.empty()) {
        const auto left = sleepers_.begin()->first - Clock::now();
        wait = std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(left));
    }
    return static_cast<int>(std::max<std::int64_t>(wait.count(), 0));
}

std::uint64_t Loop::tick_of(Instant when) const {
    // Rounded up, so that a deadline never fires early.
    return static_cast<std::uint64_t>((when - start_ + wheel_step - Clock::duration(1)) /
                                      wheel_step);
}

void Loop::wheel_insert(Waiter& waiter, Instant deadline) {
    waiter.wheel_tick = std::max(tick_of(deadline), tick_ + 1);
    Waiter*& head = wheel_[waiter.wheel_tick % wheel_slots];
    waiter.wheel_previous = nullptr;
    waiter.wheel_next = head;
    if (head != nullptr) head->wheel_previous = &waiter;
    head = &waiter;
    // An idle loop has not turned its wheel: start counting from now.
    if (wheel_count_++ == 0) tick_ = std::max(tick_, tick_of(now_) - (tick_of(now_) > 0 ? 1 : 0));
}

void Loop::turn_wheel() {
    const auto target = static_cast<std::uint64_t>((now_ - start_) / wheel_step);
    if (wheel_count_ == 0) {
        tick_ = std::max(tick_, target);
        return;
    }
    const std::uint64_t turns = target > tick_ ? target - tick_ : 0;
    const std::uint64_t slots = std::min<std::uint64_t>(turns, wheel_slots);
    for (std::uint64_t i = 1; i <= slots; ++i) {
        const std::uint64_t tick = turns > wheel_slots ? target - slots + i : tick_ + i;
        for (Waiter* waiter = wheel_[tick % wheel_slots]; waiter != nullptr;) {
            Waiter* next = waiter->wheel_next;
            if (waiter->wheel_tick <= target) wake(*waiter, Wake::timeout);
            waiter = next;
        }
    }
    tick_ = std::max(tick_, target);
}

void Loop::turn_sleepers() {
    while (!sleepers_.empty() && sleepers_.begin()->first <= now_) {
        wake(*sleepers_.begin()->second, Wake::ready);
    }
}

bool Loop::enlist(Waiter& waiter, Waiter** slot, const Patience& patience) {
    if (patience.scope != nullptr) {
        if (patience.scope->cancelled()) {
            waiter.wake = Wake::cancelled;
            return false;
        }
    }
    if (patience.deadline <= now_) {
        waiter.wake = Wake::timeout;
        return false;
    }
    if (patience.scope != nullptr) {
        waiter.scope = patience.scope;
        waiter.scope_next = patience.scope->first_;
        if (waiter.scope_next != nullptr) waiter.scope_next->scope_previous = &waiter;
        patience.scope->first_ = &waiter;
    }
    if (patience.deadline != Instant::max()) wheel_insert(waiter, patience.deadline);
    waiter.slot = slot;
    if (slot != nullptr) *slot = &waiter;
    return true;
}

void Loop::enlist_sleep(Waiter& waiter, Instant until, CancelScope* scope) {
    enlist(waiter, nullptr, Patience{Instant::max(), scope});
    waiter.sleeping = sleepers_.emplace(until, &waiter);
    waiter.is_sleeping = true;
}

void Loop::unlink(Waiter& waiter) {
    if (waiter.slot != nullptr) {
        *waiter.slot = nullptr;
        waiter.slot = nullptr;
    }
    if (waiter.scope != nullptr) {
        if (waiter.scope_previous != nullptr) {
            waiter.scope_previous->scope_next = waiter.scope_next;
        } else {
            waiter.scope->first_ = waiter.scope_next;
        }
        if (waiter.scope_next != nullptr) {
            waiter.scope_next->scope_previous = waiter.scope_previous;
        }
        waiter.scope = nullptr;
    }
    if (waiter.wheel_tick != 0) {
        if (waiter.wheel_previous != nullptr) {
            waiter.wheel_previous->wheel_next = waiter.wheel_next;
        } else {
            wheel_[waiter.wheel_tick % wheel_slots] = waiter.wheel_next;
        }
        if (waiter.wheel_next != nullptr) {
            waiter.wheel_next->wheel_previous = waiter.wheel_previous;
        }
        waiter.wheel_tick = 0;
        --wheel_count_;
    }
    if (waiter.is_sleeping) {
        sleepers_.erase(waiter.sleeping);
        waiter.is_sleeping = false;
    }
}

void Loop::wake(Waiter& waiter, Wake how) {
    if (waiter.queued) return;
    unlink(waiter);
    waiter.wake = how;
    waiter.queued = true;
    ready_.push_back(&waiter);
}

void Loop::resume(Waiter& waiter, Wake how) {
    if (waiter.queued) return;
    unlink(waiter);
    waiter.wake = how;
    waiter.coroutine.resume();
}

void Loop::defer(void (*release)(void*), void* pointer) {
    deferred_.emplace_back(release, pointer);
}

void Loop::watch(int fd, std::uint32_t events, Handler* handler) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = handler;
    if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
}

void Loop::unwatch(int fd) { epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr); }

bool SleepAwaiter::await_suspend(std::coroutine_handle<> coroutine) {
    if (scope != nullptr && scope->cancelled()) {
        waiter.wake = Wake::cancelled;
        return false;
    }
    waiter.coroutine = coroutine;
    Loop::current().enlist_sleep(waiter, until, scope);
    return true;
}

SleepAwaiter sleep_for(std::chrono::milliseconds duration, CancelScope* scope) {
    return SleepAwaiter{Clock::now() + duration, scope};
}

void Signal::notify() {
    if (waiting_ != nullptr) {
        Loop::current().wake(*waiting_, Wake::ready);
    } else {
        set_ = true;
    }
}

bool Signal::Awaiter::await_ready() noexcept { return std::exchange(signal.set_, false); }

bool Signal::Awaiter::await_suspend(std::coroutine_handle<> coroutine) {
    waiter.coroutine = coroutine;
    return Loop::current().enlist(waiter, &signal.waiting_, patience);
}

}  // namespace tollgate::net
