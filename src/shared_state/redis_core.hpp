// What the taking and the carrying side of RedisState share: meters, connections, the server's
// clock, and whether Redis can be reached. Thread-safe unless said otherwise.
#pragma once
#include <atomic>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "shared_state/redis.hpp"
#include "shared_state/redis_client.hpp"
#include "shared_state/redis_meter.hpp"

namespace tollgate::shared_state {

using RedisMeterPointer = std::shared_ptr<RedisMeter>;

struct RedisCore : std::enable_shared_from_this<RedisCore> {
    RedisCore(RedisOptions options, std::shared_ptr<const RedisClient::Settings> settings);

    // The server's time as known here: at most the way of one answer behind, never ahead.
    Moment now() const { return options.clock() + clock_offset.load(std::memory_order_relaxed); }
    void heard_time(Moment server_time);
    // A living instance is heard of so often that three lost batches do not make it dead.
    Moment renew_after() const { return options.hold_life.count() * 1000 / 4; }

    RedisMeterPointer meter(const MeterSpec& spec);
    // Every meter, and those whose accounts are carried.
    std::vector<RedisMeterPointer> all_meters() const;
    std::vector<RedisMeterPointer> listed_meters() const;
    // Carries the meter's accounts from now on. REQUIRES meter.mutex to be held.
    void list(RedisMeter& meter);
    // No more, where nothing is left to carry.
    void unlist_resting();

    // This loop's connection for that, made when new. Loop thread.
    enum class Use : std::uint8_t { limits, values };
    std::shared_ptr<RedisClient> client(Use use = Use::limits);
    void close_clients();

    void lost(const base::Error& error);  // Redis cannot be reached
    void found();
    bool online() const { return online_.load(std::memory_order_relaxed); }
    std::string trouble() const;

    // Asks for the accounts to be carried now instead of at the next tick.
    void hurry();
    // Ready when everything told before has arrived or could not be sent. Loop thread.
    net::Task<void> carried();

    const RedisOptions options;
    const std::shared_ptr<const RedisClient::Settings> settings;
    const std::string instance;          // random: a restarted process is another instance
    std::atomic<std::int64_t> clock_offset;
    std::atomic<std::int64_t> instances{1};
    std::atomic<std::uint64_t> hold_number{0};
    FirstCallers first;

    // --- of the carrying task (redis_sync.cpp) ---
    net::Signal work;                    // home loop only
    std::atomic<bool> hurried{false};
    std::atomic<bool> closing{false};
    std::mutex home_mutex;
    std::shared_ptr<net::Loop::Inbox> home;  // null before start() and after the last batch
    std::vector<std::function<void()>> when_carried;  // guarded by home_mutex

private:
    void forget_unused();

    mutable std::mutex mutex_;
    std::unordered_map<std::string, RedisMeterPointer> meters_;
    std::size_t sweep_at_ = 1024;
    mutable std::mutex listed_mutex_;
    std::unordered_set<RedisMeterPointer> listed_;
    struct LoopClient {
        net::Loop* loop = nullptr;
        std::shared_ptr<net::Loop::Inbox> inbox;
        std::shared_ptr<RedisClient> client;
        Use use = Use::limits;
    };
    std::mutex clients_mutex_;
    std::vector<LoopClient> clients_;
    std::atomic<bool> online_{true};
    mutable std::mutex trouble_mutex_;
    std::string trouble_;
};

}  // namespace tollgate::shared_state
