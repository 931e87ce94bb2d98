// The right to be answered now. At most `running_max` model requests run at a time; one more waits
// in its tenant's queue, and places that come free go round the tenants that wait, one each: a
// tenant's flood delays itself, not others. Nobody overtakes those who wait.
//
// Thread-safe; one queue per process, shared by all loops. While nobody waits, entering and leaving
// are one compare-and-swap each and nothing is allocated; only those who wait, and those who leave
// while somebody waits, take a lock.
#pragma once
#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/metrics.hpp"
#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"

namespace tollgate::gateway {

struct AdmissionSettings {
    std::int64_t running_max = 10'000;          // being answered at a time; at least 1
    std::int64_t waiting_max = 2'000;           // of all tenants; 0: nobody waits
    std::int64_t waiting_per_tenant_max = 500;  // and never more than what is free of waiting_max
    std::chrono::milliseconds wait_max{10'000};
};

class AdmissionQueue;

// A place among the running. RAII: the destructor gives it to the next in turn. On a loop's thread.
class Admission {
public:
    Admission(Admission&& other) noexcept
        : queue_(std::exchange(other.queue_, nullptr)), waited_(other.waited_) {}
    Admission& operator=(Admission&& other) noexcept {
        std::swap(queue_, other.queue_);
        std::swap(waited_, other.waited_);
        return *this;
    }
    ~Admission();
    net::Clock::duration waited() const { return waited_; }

private:
    friend class AdmissionQueue;
    explicit Admission(AdmissionQueue* queue, net::Clock::duration waited = {})
        : queue_(queue), waited_(waited) {}
    AdmissionQueue* queue_;
    net::Clock::duration waited_;
};

struct AdmissionMetrics {
    explicit AdmissionMetrics(base::Registry& registry);
    base::Histogram& wait;          // seconds, of those who waited and got a place
    base::Counter& tenant_queue;    // refused: the tenant has enough waiting
    base::Counter& queue;           // refused: everybody together has
    base::Counter& timeout;         // refused: no place within wait_max

private:
    static base::Counter& refused(base::Registry& registry, std::string_view reason);
};

class AdmissionQueue {
public:
    // Borrows the registry, which must outlive the queue.
    explicit AdmissionQueue(base::Registry& registry) : metrics_(registry) {}
    AdmissionQueue(const AdmissionQueue&) = delete;
    AdmissionQueue& operator=(const AdmissionQueue&) = delete;

    // What co_await enter(...) does; gives base::Result<Admission>.
    class Entering;
    // For a loop's thread; `tenant` and `scope` must outlive the await. A cancelled scope ends the
    // wait at once. Fails, with Retry-After: rate_limited when the tenant has as many waiting as it
    // may, overloaded when all together have or no place came in time; and as the scope ends:
    // cancelled, or unavailable at a shutdown.
    Entering enter(std::string_view tenant, net::CancelScope& scope);

    // More places than before are given out at once; with fewer, those who run run on.
    void configure(const AdmissionSettings& settings);

    std::int64_t running() const {
        return static_cast<std::int64_t>(state_.load(std::memory_order_relaxed) % one_waiting);
    }
    std::int64_t waiting() const {
        return static_cast<std::int64_t>(state_.load(std::memory_order_relaxed) / one_waiting);
    }

private:
    friend class Admission;
    struct Place;
    using PlacePointer = std::shared_ptr<Place>;
    struct Tenant {
        std::string name;
        std::list<PlacePointer> places;  // in the order of arrival; never empty
    };
    using Turn = std::list<Tenant>::iterator;
    // One that waits. Shared with the post that wakes it, which may come when the wait is over.
    struct Place {
        net::Loop* loop;
        std::shared_ptr<net::Loop::Inbox> inbox;  // of that loop
        net::Signal signal;                       // that loop's thread only
        net::Instant since;
        bool admitted = false;                    // guarded by the queue's mutex, as all below
        Turn tenant;
        std::list<PlacePointer>::iterator position;
    };
    enum class From : std::uint8_t { loop_thread, elsewhere };

    bool try_enter();
    void leave();
    net::Task<base::Result<Admission>> wait(std::string_view tenant, net::CancelScope& scope);
    // Until when to wait; at_once: there was a place after all, and it is taken.
    static constexpr net::Instant at_once{};
    base::Result<net::Instant> line_up(std::string_view tenant, const PlacePointer& place);
    base::Result<Admission> end_wait(const PlacePointer& place, net::Wake wake,
                                     net::CancelReason reason);
    // With the mutex held:
    std::optional<base::Error> refusal(Turn tenant);
    base::Error waited_too_long() const;
    void take_out(Place& place);
    void fill(std::vector<PlacePointer>& admitted);
    // Without it:
    static void wake(const std::vector<PlacePointer>& places, From from);

    // Running in the low half, waiting in the high half, so that one comparison says whether there
    // is a place for who has just come. Waiting changes with the mutex held only.
    static constexpr std::uint64_t one_waiting = std::uint64_t{1} << 32;
    alignas(64) std::atomic<std::uint64_t> state_{0};
    std::atomic<std::uint64_t> running_max_{10'000};
    alignas(64) std::mutex mutex_;
    AdmissionSettings settings_;
    std::list<Tenant> turns_;  // tenants that wait; the first is next
    std::unordered_map<std::string_view, Turn> tenants_;  // by the names inside turns_
    AdmissionMetrics metrics_;
};

class [[nodiscard]] AdmissionQueue::Entering {
public:
    Entering(AdmissionQueue& queue, std::string_view tenant, net::CancelScope& scope)
        : queue_(queue), tenant_(tenant), scope_(scope) {}
    bool await_ready() {
        if (queue_.try_enter()) return true;
        waiting_.emplace(queue_.wait(tenant_, scope_));
        return false;
    }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
        return waiting_->await_suspend(awaiting);
    }
    base::Result<Admission> await_resume() {
        if (waiting_) return waiting_->await_resume();
        return Admission(&queue_);
    }

private:
    AdmissionQueue& queue_;
    std::string_view tenant_;
    net::CancelScope& scope_;
    std::optional<net::Task<base::Result<Admission>>> waiting_;
};

inline AdmissionQueue::Entering AdmissionQueue::enter(std::string_view tenant,
                                                      net::CancelScope& scope) {
    return {*this, tenant, scope};
}

inline bool AdmissionQueue::try_enter() {
    std::uint64_t state = state_.load(std::memory_order_relaxed);
    while (state < running_max_.load(std::memory_order_relaxed)) {
        if (state_.compare_exchange_weak(state, state + 1, std::memory_order_relaxed)) return true;
    }
    return false;
}

inline Admission::~Admission() {
    if (queue_ != nullptr) queue_->leave();
}

// The label of tollgate_refused_total.
std::string refusal_reason(base::ErrorCode code);

}  // namespace tollgate::gateway
