// A bounded set of connections to one PostgreSQL server. Thread-safe. A server that is away is
// tried again with growing pauses; in between everybody is told at once instead of knocking too.
#pragma once
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "store/postgres_connection.hpp"
#include "store/store_metrics.hpp"

namespace tollgate::store {

class PostgresPool {
public:
    using Clock = std::chrono::steady_clock;

    PostgresPool(const ConnectionSettings& settings, std::size_t connections_max,
                 StoreMetrics* metrics)
        : settings_(settings), connections_max_(connections_max), metrics_(metrics) {}

    // A connection, waiting for a free one at most `patience`. Fails: unavailable.
    base::Result<std::unique_ptr<PostgresConnection>> take(std::chrono::milliseconds patience);
    // Back to the pool, or closed when it is lost: then idle ones are closed too, for the server
    // has gone for all of them.
    void give_back(std::unique_ptr<PostgresConnection> connection);
    // Idle connections are made anew: what they knew of the server has changed.
    void forget_idle();
    // When the next attempt at connecting is due; in the past when nothing is wrong.
    Clock::time_point next_attempt() const;
    // "" while it answers.
    std::string trouble() const;

private:
    base::Result<std::unique_ptr<PostgresConnection>> connect();

    const ConnectionSettings settings_;
    const std::size_t connections_max_;
    StoreMetrics* metrics_;
    mutable std::mutex mutex_;
    std::condition_variable freed_;
    std::vector<std::unique_ptr<PostgresConnection>> idle_;
    std::size_t open_ = 0;        // idle, used or being made
    std::chrono::milliseconds pause_{0};
    Clock::time_point next_attempt_{};
    std::string trouble_;
};

}  // namespace tollgate::store
