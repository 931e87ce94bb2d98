#include "store/store_threads.hpp"

#include <atomic>
#include <coroutine>
#include <exception>

#include "base/log.hpp"

namespace tollgate::store {

struct StoreThreads::Job {
    Work work;
    base::Result<void> result;
    net::Loop* loop = nullptr;  // loop thread only: it may be gone when the work is done
    std::shared_ptr<net::Loop::Inbox> inbox;
    net::Waiter* waiting = nullptr;  // loop thread only; null once nobody waits
    std::atomic<bool> abandoned{false};
};

class StoreThreads::Awaiter {
public:
    Awaiter(StoreThreads& threads, std::shared_ptr<Job> job, net::Patience patience)
        : threads_(threads), job_(std::move(job)), patience_(patience) {}
    ~Awaiter() {
        job_->waiting = nullptr;
        job_->abandoned.store(true, std::memory_order_relaxed);
    }
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> coroutine) {
        waiter_.coroutine = coroutine;
        if (!job_->loop->enlist(waiter_, &job_->waiting, patience_)) return false;
        if (!threads_.add(job_)) finish(job_);
        return true;
    }
    net::Wake await_resume() const noexcept { return waiter_.wake; }

private:
    StoreThreads& threads_;
    std::shared_ptr<Job> job_;
    net::Patience patience_;
    net::Waiter waiter_{};
};

void StoreThreads::finish(std::shared_ptr<Job> job) {
    const std::shared_ptr<net::Loop::Inbox> inbox = job->inbox;
    inbox->post([job = std::move(job)] {
        if (job->waiting != nullptr) job->loop->wake(*job->waiting, net::Wake::ready);
    });
}

// False when it was refused; the job's result then says why.
bool StoreThreads::add(std::shared_ptr<Job> job) {
    std::lock_guard lock(mutex_);
    if (stopping_) {
        job->result = base::Error{base::ErrorCode::unavailable, "the gateway is stopping"};
        return false;
    }
    if (jobs_.size() >= store_queue_max) {
        job->result = base::Error{base::ErrorCode::unavailable,
                                  "the database has " + std::to_string(store_queue_max) +
                                      " calls waiting already; try again later"};
        job->result.error().retry_after = std::chrono::seconds(1);
        return false;
    }
    if (threads_.empty()) {
        for (std::size_t i = 0; i < count_; ++i) {
            threads_.emplace_back([this] { work_through(); });
        }
    }
    jobs_.push_back(std::move(job));
    if (metrics_ != nullptr) metrics_->waiting.add(1);
    wake_.notify_one();
    return true;
}

void StoreThreads::work_through() {
    std::unique_lock lock(mutex_);
    while (true) {
        wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
        if (stopping_) return;
        std::shared_ptr<Job> job = std::move(jobs_.front());
        jobs_.pop_front();
        if (metrics_ != nullptr) metrics_->waiting.add(-1);
        lock.unlock();
        if (!job->abandoned.load(std::memory_order_relaxed)) {
            try {
                job->result = job->work();
            } catch (const std::exception& bug) {
                base::log().error("store_work_failed", {{"error", bug.what()}});
                job->result = base::Error{base::ErrorCode::internal, "an internal error"};
            }
            finish(std::move(job));
        }
        job.reset();
        lock.lock();
    }
}

void StoreThreads::stop() {
    std::deque<std::shared_ptr<Job>> left;
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
        left.swap(jobs_);
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
    if (metrics_ != nullptr) metrics_->waiting.add(-static_cast<std::int64_t>(left.size()));
    for (auto& job : left) {
        job->result = base::Error{base::ErrorCode::unavailable, "the gateway is stopping"};
        finish(std::move(job));
    }
}

net::Task<base::Result<void>> StoreThreads::run(net::Loop& loop, Work work,
                                                net::Patience patience) {
    auto job = std::make_shared<Job>();
    job->work = std::move(work);
    job->loop = &loop;
    job->inbox = loop.inbox();
    Awaiter awaiter(*this, job, patience);
    const net::Wake wake = co_await awaiter;
    if (wake == net::Wake::ready) co_return std::move(job->result);
    if (wake == net::Wake::timeout) {
        co_return base::Error{base::ErrorCode::timeout, "the database did not answer in time"};
    }
    co_return base::Error{base::ErrorCode::cancelled, "nobody waits for this any more"};
}

}  // namespace tollgate::store
