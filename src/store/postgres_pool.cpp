#include "store/postgres_pool.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace tollgate::store {
namespace {

constexpr std::chrono::milliseconds pause_first{50}, pause_max{2000};

}  // namespace

base::Result<std::unique_ptr<PostgresConnection>> PostgresPool::take(
    std::chrono::milliseconds patience) {
    {
        std::unique_lock lock(mutex_);
        const bool got = freed_.wait_for(
            lock, patience, [this] { return !idle_.empty() || open_ < connections_max_; });
        if (!got) {
            return base::Error{base::ErrorCode::unavailable,
                               "all " + std::to_string(connections_max_) +
                                   " connections to the database are busy"};
        }
        if (!idle_.empty()) {
            auto connection = std::move(idle_.back());
            idle_.pop_back();
            return connection;
        }
        if (Clock::now() < next_attempt_) {
            base::Error error{base::ErrorCode::unavailable, trouble_};
            error.retry_after = std::chrono::seconds(1);
            return error;
        }
        ++open_;
    }
    return connect();
}

base::Result<std::unique_ptr<PostgresConnection>> PostgresPool::connect() {
    auto made = PostgresConnection::open(settings_);
    std::unique_lock lock(mutex_);
    if (made.ok()) {
        const bool was_away = !trouble_.empty();
        pause_ = std::chrono::milliseconds{0};
        next_attempt_ = {};
        trouble_.clear();
        lock.unlock();
        if (metrics_ != nullptr) metrics_->connects.add();
        if (was_away) base::log().info("database_back", {});
        return made;
    }
    --open_;
    const bool was_there = trouble_.empty();
    trouble_ = made.error().message;
    pause_ = std::clamp(pause_ * 2, pause_first, pause_max);
    next_attempt_ = Clock::now() + pause_;
    lock.unlock();
    freed_.notify_one();
    if (was_there) base::log().warn("database_away", {{"error", made.error().message}});
    return made;
}

void PostgresPool::give_back(std::unique_ptr<PostgresConnection> connection) {
    const bool lost = connection->trouble() == PostgresTrouble::lost;
    const bool keep = connection->reusable();
    std::vector<std::unique_ptr<PostgresConnection>> closing;  // outside the lock
    {
        std::lock_guard lock(mutex_);
        if (lost) closing.swap(idle_);
        if (keep) {
            idle_.push_back(std::move(connection));
        } else {
            closing.push_back(std::move(connection));
        }
        open_ -= closing.size();
    }
    freed_.notify_all();
}

void PostgresPool::forget_idle() {
    std::vector<std::unique_ptr<PostgresConnection>> closing;
    {
        std::lock_guard lock(mutex_);
        closing.swap(idle_);
        open_ -= closing.size();
    }
    freed_.notify_all();
}

PostgresPool::Clock::time_point PostgresPool::next_attempt() const {
    std::lock_guard lock(mutex_);
    return next_attempt_;
}

std::string PostgresPool::trouble() const {
    std::lock_guard lock(mutex_);
    return trouble_;
}

}  // namespace tollgate::store
