#include "net/blocking_pool.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace tollgate::net {

struct PoolJob {
    std::function<void()> work;
    Loop* loop = nullptr;  // loop thread only: it may be gone when the work is done
    std::shared_ptr<Loop::Inbox> inbox;
    Waiter* waiting = nullptr;  // loop thread only; null once nobody waits
};

namespace {

class Pool {
public:
    ~Pool() {
        {
            std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_all();
        for (auto& thread : threads_) thread.join();
    }
    void add(std::shared_ptr<PoolJob> job) {
        std::lock_guard lock(mutex_);
        if (threads_.empty()) {
            for (std::size_t i = 0; i < blocking_threads; ++i) {
                threads_.emplace_back([this] { run(); });
            }
        }
        jobs_.push_back(std::move(job));
        wake_.notify_one();
    }

private:
    void run() {
        std::unique_lock lock(mutex_);
        while (true) {
            wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
            if (stopping_) return;
            std::shared_ptr<PoolJob> job = std::move(jobs_.front());
            jobs_.pop_front();
            lock.unlock();
            job->work();
            const std::shared_ptr<Loop::Inbox> inbox = job->inbox;
            inbox->post([job = std::move(job)] {
                if (job->waiting != nullptr) job->loop->wake(*job->waiting, Wake::ready);
            });
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::shared_ptr<PoolJob>> jobs_;
    std::vector<std::thread> threads_;
    bool stopping_ = false;
};

Pool& pool() {
    static Pool process_pool;
    return process_pool;
}

}  // namespace

PoolAwaiter::PoolAwaiter(Loop& loop, std::function<void()> work, Patience patience)
    : loop_(loop), patience_(patience), job_(std::make_shared<PoolJob>()) {
    job_->work = std::move(work);
    job_->loop = &loop;
    job_->inbox = loop.inbox();
}

PoolAwaiter::~PoolAwaiter() { job_->waiting = nullptr; }

bool PoolAwaiter::await_suspend(std::coroutine_handle<> coroutine) {
    waiter_.coroutine = coroutine;
    if (!loop_.enlist(waiter_, &job_->waiting, patience_)) return false;
    pool().add(job_);
    return true;
}

}  // namespace tollgate::net
