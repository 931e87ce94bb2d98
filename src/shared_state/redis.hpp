// Shared state of all instances, in one Redis 7 (a primary). Decisions that need everybody are one
// Lua script, awaited; while much of a limit remains, instances hold leases of it and decide by
// themselves (redis_meter.hpp). Accounts are carried in the background (redis_sync.hpp), each batch
// exactly once. What an instance holds, Redis forgets 30 s after it last heard of the instance.
//
// Redis gone: each instance goes on with its share (limit / instances; of money, what was left when
// Redis was last heard of, / instances) and says so in trouble(). Redis back: what was spent and
// taken meanwhile is added, what is held is held again. Redis flushed: the same, from memory; of
// what instances spent between the loss and their first word after it, less may then be counted,
// until raise() tells what the database knows.
//
// take() and first() are for loop threads, each with a connection of its own; the rest is
// thread-safe. Loops must outlive their connections: close() ends them.
#pragma once
#include <memory>
#include <string>

#include "base/result.hpp"
#include "shared_state/in_process.hpp"
#include "shared_state/shared_state.hpp"
#include "shared_state/shared_values.hpp"

namespace tollgate::shared_state {

struct RedisOptions {
    std::string url;                   // redis://... or rediss://...; in messages without password
    std::string prefix = "tollgate:";  // of all keys
    std::string ca_file;               // for rediss; "": the system's
    std::chrono::milliseconds hold_life{30'000};     // of holds and leases of a dead instance
    std::chrono::milliseconds sync_every{100};
    std::chrono::milliseconds take_patience{2000};   // then this process decides alone
    std::chrono::milliseconds sync_patience{2000};
    Microseconds clock = steady_microseconds;
};

struct RedisCore;
class RedisValues;

class RedisState final : public SharedState {
public:
    // Connects to nothing yet. Fails: invalid_request, field stores.redis.
    static base::Result<std::unique_ptr<RedisState>> make(RedisOptions options);
    ~RedisState() override;
    RedisState(const RedisState&) = delete;
    RedisState& operator=(const RedisState&) = delete;

    // Carries accounts on this loop until close(). Once, before the first take. Any thread.
    void start(net::Loop& home);
    // Waits until Redis has answered once, or could not: before it, nobody knows how many instances
    // share the limits, and without Redis this one would take them whole. To be awaited before the
    // first request is served. Loop thread, after start().
    net::Task<void> ready();
    // Sends what is left, gives leases back and ends all connections; the loops must still run.
    // Loop thread, once. Not waiting for Redis longer than its patience.
    net::Task<void> close();

    MeterPointer meter(const MeterSpec& spec) override;
    net::Task<std::optional<Refusal>> take(std::span<const Ask> asks, std::string_view owner,
                                           Moment* at = nullptr) override;
    std::optional<Quick> try_take(std::span<const Ask> asks, std::string_view owner) override;
    void settle(std::span<const Settlement> settlements, std::string_view owner) override;
    void seed(Meter& meter, std::int64_t spent) override;
    void raise(Meter& meter, std::int64_t spent) override;
    Level level(const Meter& meter) const override;
    net::Task<bool> first(std::string key, std::chrono::milliseconds ttl) override;
    std::string trouble() const override;

    // What else instances share. Lives as long as this.
    SharedValues& values();
    // Who hears what other instances tell; before start().
    void listen(SharedValues::Heard heard);

private:
    struct Partial;  // what of a take was decided here, and what Redis must be asked
    explicit RedisState(std::shared_ptr<RedisCore> core);
    Partial take_locally(std::span<const Ask> asks) const;
    void undo(std::span<const Ask> asks, const Partial& partial) const;
    net::Task<base::Result<std::optional<Refusal>>> ask_redis(std::span<const Ask> asks,
                                                              Partial& partial,
                                                              std::string_view owner);
    std::optional<Refusal> take_rest_alone(std::span<const Ask> asks, Partial& partial) const;
    bool relief_is_unheard(std::span<const Ask> asks) const;

    std::shared_ptr<RedisCore> core_;
    std::shared_ptr<RedisValues> values_;
};

}  // namespace tollgate::shared_state
