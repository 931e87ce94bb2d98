// The threads on which a store works for event loops, so that no loop ever waits for a database.
// run() is for loop threads; stop() for the owner's. Waiting work is bounded.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "store/store_metrics.hpp"

namespace tollgate::store {

constexpr std::size_t store_queue_max = 1000;

class StoreThreads {
public:
    using Work = std::function<base::Result<void>()>;

    // Threads begin with the first work. `metrics` may be null.
    StoreThreads(std::size_t count, StoreMetrics* metrics) : count_(count), metrics_(metrics) {}
    ~StoreThreads() { stop(); }
    StoreThreads(const StoreThreads&) = delete;
    StoreThreads& operator=(const StoreThreads&) = delete;

    // Runs `work` on a thread and comes back to `loop` with its result. A caller that is cancelled
    // or destroyed meanwhile leaves it to itself: work not yet begun is dropped, work begun goes on
    // and must own what it touches. An exception of the work is a bug: logged, and internal.
    net::Task<base::Result<void>> run(net::Loop& loop, Work work, net::Patience patience);
    // Ends the threads after what they are doing; callers that wait get unavailable.
    void stop();

private:
    struct Job;
    class Awaiter;

    bool add(std::shared_ptr<Job> job);
    void work_through();
    static void finish(std::shared_ptr<Job> job);

    const std::size_t count_;
    StoreMetrics* metrics_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::shared_ptr<Job>> jobs_;
    std::vector<std::thread> threads_;
    bool stopping_ = false;
};

}  // namespace tollgate::store
