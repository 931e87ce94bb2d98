#include "shared_state/redis_core.hpp"

#include "base/ids.hpp"
#include "base/log.hpp"

namespace tollgate::shared_state {
namespace {

constexpr std::size_t sweep_meters_min = 1024;
// How far the estimate of the server's clock may lie above the latest sample: one that was late.
constexpr std::int64_t clock_slack = 50'000;
constexpr std::int64_t clock_drift = 50;  // per sample

std::int64_t wall_microseconds() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

struct Waiting {
    net::Signal signal;
};

}  // namespace

RedisCore::RedisCore(RedisOptions given, std::shared_ptr<const RedisClient::Settings> connection)
    : options(std::move(given)), settings(std::move(connection)), instance(base::uuid7()),
      clock_offset(wall_microseconds() - options.clock()) {}

void RedisCore::heard_time(Moment server_time) {
    // Every sample is too small by the way of its answer: the largest is the best.
    const std::int64_t sample = server_time - options.clock();
    const std::int64_t known = clock_offset.load(std::memory_order_relaxed);
    const bool better = sample > known || known - sample > clock_slack;
    clock_offset.store(better ? sample : std::max(sample, known - clock_drift),
                       std::memory_order_relaxed);
}

RedisMeterPointer RedisCore::meter(const MeterSpec& spec) {
    std::lock_guard lock(mutex_);
    auto found = meters_.find(spec.key);
    if (found != meters_.end()) {
        const MeterSpec& known = found->second->spec();
        if (known.kind == spec.kind && known.length == spec.length) return found->second;
        meters_.erase(found);
    }
    if (meters_.size() >= sweep_at_) forget_unused();
    auto made = std::make_shared<RedisMeter>(spec, options.prefix, renew_after());
    meters_.emplace(spec.key, made);
    return made;
}

void RedisCore::forget_unused() {
    const Moment present = now();
    std::erase_if(meters_, [present](auto& entry) {
        if (entry.second.use_count() > 1) return false;
        std::lock_guard lock(entry.second->mutex);
        return entry.second->forgettable(present);
    });
    sweep_at_ = std::max(sweep_meters_min, meters_.size() * 2);
}

std::vector<RedisMeterPointer> RedisCore::all_meters() const {
    std::lock_guard lock(mutex_);
    std::vector<RedisMeterPointer> all;
    all.reserve(meters_.size());
    for (const auto& [key, meter] : meters_) all.push_back(meter);
    return all;
}

std::vector<RedisMeterPointer> RedisCore::listed_meters() const {
    std::lock_guard lock(listed_mutex_);
    return {listed_.begin(), listed_.end()};
}

void RedisCore::list(RedisMeter& meter) {
    if (meter.listed) return;
    meter.listed = true;
    std::lock_guard lock(listed_mutex_);
    listed_.insert(meter.shared_from_this());
}

void RedisCore::unlist_resting() {
    const Moment present = now();
    for (const RedisMeterPointer& meter : listed_meters()) {
        std::lock_guard lock(meter->mutex);
        if (!meter->at_rest(present)) continue;
        meter->listed = false;
        std::lock_guard listed_lock(listed_mutex_);
        listed_.erase(meter);
    }
}

std::shared_ptr<RedisClient> RedisCore::client(Use use) {
    net::Loop& loop = net::Loop::current();
    std::lock_guard lock(clients_mutex_);
    for (const LoopClient& known : clients_) {
        if (known.loop == &loop && known.use == use) return known.client;
    }
    auto made = std::make_shared<RedisClient>(loop, settings);
    if (closing) {
        made->close();
    } else {
        clients_.push_back({&loop, loop.inbox(), made, use});
    }
    return made;
}

void RedisCore::close_clients() {
    std::lock_guard lock(clients_mutex_);
    for (LoopClient& known : clients_) {
        // A connection belongs to its loop's thread, its end too.
        known.inbox->post([client = std::move(known.client)] { client->close(); });
    }
    clients_.clear();
}

void RedisCore::lost(const base::Error& error) {
    {
        std::lock_guard lock(trouble_mutex_);
        trouble_ = error.message;
    }
    if (online_.exchange(false) && !closing) {
        base::log().warn("redis_lost", {{"error", error.message},
                                        {"instances", instances.load()}});
    }
    hurry();
}

void RedisCore::found() {
    if (online_.load()) return;
    {
        std::lock_guard lock(trouble_mutex_);
        trouble_.clear();
    }
    // Holds may have expired meanwhile.
    for (const RedisMeterPointer& meter : listed_meters()) {
        std::lock_guard lock(meter->mutex);
        meter->renew();
    }
    online_.store(true);
    base::log().info("redis_found", {{"address", settings->address.text()}});
}

std::string RedisCore::trouble() const {
    std::lock_guard lock(trouble_mutex_);
    return trouble_;
}

void RedisCore::hurry() {
    if (hurried.exchange(true)) return;
    std::lock_guard lock(home_mutex);
    if (!home) return;
    home->post([self = shared_from_this()] { self->work.notify(); });
}

net::Task<void> RedisCore::carried() {
    auto waiting = std::make_shared<Waiting>();
    {
        std::lock_guard lock(home_mutex);
        if (!home) co_return;
        when_carried.emplace_back([waiting, inbox = net::Loop::current().inbox()] {
            inbox->post([waiting] { waiting->signal.notify(); });
        });
    }
    hurry();
    const net::Patience patience{net::Clock::now() + options.take_patience, nullptr};
    (void)co_await waiting->signal.wait(patience);
}

}  // namespace tollgate::shared_state
