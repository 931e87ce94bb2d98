#include "shared_state/redis.hpp"

#include <algorithm>
#include <utility>

#include "shared_state/lock_all.hpp"
#include "shared_state/redis_core.hpp"
#include "shared_state/redis_scripts.hpp"
#include "shared_state/redis_sync.hpp"
#include "shared_state/redis_values.hpp"

namespace tollgate::shared_state {
namespace {

RedisMeter& ours(Meter* meter) { return static_cast<RedisMeter&>(*meter); }

// A take without a limit draws on no lease; so does one that this process decided alone.
Ask unlimited(const Ask& ask) { return Ask{ask.meter, ask.amount, -1}; }

}  // namespace

struct RedisState::Partial {
    enum class Part : std::uint8_t { here, alone };
    Part part = Part::here;
    Moment at = 0;
    std::size_t decided = 0;             // asks looked at, in order
    std::vector<std::size_t> rest;       // of those, for Redis to decide
    std::optional<Refusal> refusal;
    bool is_rest(std::size_t index) const {
        return std::find(rest.begin(), rest.end(), index) != rest.end();
    }
};

RedisState::RedisState(std::shared_ptr<RedisCore> core)
    : core_(std::move(core)), values_(std::make_shared<RedisValues>(core_)) {}

RedisState::~RedisState() {
    core_->closing = true;
    core_->hurry();
    core_->close_clients();
}

base::Result<std::unique_ptr<RedisState>> RedisState::make(RedisOptions options) {
    auto settings = std::make_shared<RedisClient::Settings>();
    TRY(settings->address, parse_redis_url(options.url));
    if (settings->address.tls) {
        TRY(settings->tls, net::TlsClientContext::make({true, options.ca_file}));
    }
    settings->scripts = redis_scripts();
    std::shared_ptr<const RedisClient::Settings> constant = std::move(settings);
    auto core = std::make_shared<RedisCore>(std::move(options), std::move(constant));
    return std::unique_ptr<RedisState>(new RedisState(std::move(core)));
}

void RedisState::start(net::Loop& home) {
    {
        std::lock_guard lock(core_->home_mutex);
        core_->home = home.inbox();
    }
    home.post([core = core_, values = values_] {
        net::spawn(carry_accounts(core), "redis_accounts");
        values->start();
    });
}

net::Task<void> RedisState::ready() { co_await core_->carried(); }

net::Task<void> RedisState::close() {
    core_->closing = true;
    co_await core_->carried();
    co_await values_->close();
    core_->close_clients();
}

SharedValues& RedisState::values() { return *values_; }
void RedisState::listen(SharedValues::Heard heard) { values_->listen(std::move(heard)); }

MeterPointer RedisState::meter(const MeterSpec& spec) { return core_->meter(spec); }

// --- taking --------------------------------------------------------------------------------------

RedisState::Partial RedisState::take_locally(std::span<const Ask> asks) const {
    Partial partial;
    const LockAll<RedisMeter> locks(asks);
    partial.at = core_->now();
    partial.part = core_->online() ? Partial::Part::here : Partial::Part::alone;
    for (std::size_t i = 0; i < asks.size(); ++i) {
        RedisMeter& meter = ours(asks[i].meter);
        core_->list(meter);
        if (partial.part == Partial::Part::alone) {
            partial.refusal = meter.take_alone(asks[i], partial.at, core_->instances);
            if (partial.refusal) {
                partial.refusal->index = i;
                break;
            }
        } else if (!meter.take_local(asks[i], partial.at)) {
            partial.rest.push_back(i);
            if (meter.thirsty()) core_->hurry();
        }
        ++partial.decided;
    }
    return partial;
}

void RedisState::undo(std::span<const Ask> asks, const Partial& partial) const {
    const LockAll<RedisMeter> locks(asks);
    for (std::size_t i = 0; i < partial.decided; ++i) {
        if (partial.is_rest(i)) continue;
        const bool alone = partial.part == Partial::Part::alone;
        ours(asks[i].meter).undo_local(alone ? unlimited(asks[i]) : asks[i], partial.at);
    }
}

std::optional<SharedState::Quick> RedisState::try_take(std::span<const Ask> asks,
                                                       std::string_view) {
    const Partial partial = take_locally(asks);
    if (partial.refusal || !partial.rest.empty()) undo(asks, partial);
    if (!partial.rest.empty()) return std::nullopt;
    return Quick{partial.refusal, partial.at};
}

bool RedisState::relief_is_unheard(std::span<const Ask> asks) const {
    const LockAll<RedisMeter> locks(asks);
    for (const Ask& ask : asks) {
        if (ours(ask.meter).has_unheard_relief()) return true;
    }
    return false;
}

net::Task<std::optional<Refusal>> RedisState::take(std::span<const Ask> asks,
                                                   std::string_view owner, Moment* at) {
    constexpr int connections_tried = 2;
    Partial partial = take_locally(asks);
    bool waited = false;
    for (int failures = 0; !partial.rest.empty();) {
        const bool relief_before = relief_is_unheard(asks);
        auto asked = co_await ask_redis(asks, partial, owner);
        if (asked.ok() && *asked && !waited && (relief_before || relief_is_unheard(asks))) {
            // What ended here makes room there as soon as it is told; it may have been since.
            waited = true;
            co_await core_->carried();
            continue;
        }
        if (asked.ok()) {
            partial.refusal = *asked;
            break;
        }
        if (++failures < connections_tried && asked.error().code == base::ErrorCode::unavailable) {
            continue;
        }
        core_->lost(asked.error());
        partial.refusal = take_rest_alone(asks, partial);
        break;
    }
    if (partial.refusal) undo(asks, partial);
    if (at != nullptr) *at = partial.at;
    co_return partial.refusal;
}

net::Task<base::Result<std::optional<Refusal>>> RedisState::ask_redis(std::span<const Ask> asks,
                                                                      Partial& partial,
                                                                      std::string_view owner) {
    const std::string hold_name = std::string(owner) + "#" + core_->instance + "." +
                                  std::to_string(core_->hold_number++);
    std::vector<std::string> arguments{std::to_string(2 * partial.rest.size())};
    for (const std::size_t index : partial.rest) {
        arguments.push_back(ours(asks[index].meter).hash_key);
        arguments.push_back(ours(asks[index].meter).holds_key);
    }
    arguments.push_back(hold_name);
    arguments.push_back(std::to_string(core_->options.hold_life.count() * 1000));
    {
        const LockAll<RedisMeter> locks(asks);
        for (const std::size_t index : partial.rest) {
            ours(asks[index].meter).write_ask(arguments, asks[index]);
        }
    }
    const std::shared_ptr<RedisClient> client = core_->client();
    const auto script = static_cast<std::size_t>(RedisScript::take);
    auto reply = co_await client->run_script(script, std::move(arguments),
                                             core_->options.take_patience);
    if (reply.ok() && reply->items.size() < 4) {
        reply = base::Error{base::ErrorCode::provider,
                            core_->settings->address.text() + ": an answer of wrong shape"};
    }
    const LockAll<RedisMeter> locks(asks);
    if (!reply.ok()) {
        for (const std::size_t index : partial.rest) ours(asks[index].meter).disown(hold_name);
        co_return std::move(reply).error();
    }
    const Moment at = reply->items[1].integer;
    core_->heard_time(at);
    if (const std::int64_t refused = reply->items[0].integer; refused > 0) {
        const std::int64_t wait = reply->items[3].integer;
        co_return std::optional<Refusal>(
            Refusal{partial.rest[static_cast<std::size_t>(refused - 1) % partial.rest.size()],
                    reply->items[2].integer, std::chrono::milliseconds((wait + 999) / 1000)});
    }
    for (std::size_t i = 0; i < asks.size(); ++i) {
        if (!partial.is_rest(i)) ours(asks[i].meter).move(asks[i], partial.at, at);
    }
    for (std::size_t i = 0; i < partial.rest.size() && 3 + 2 * i < reply->items.size(); ++i) {
        const Ask& ask = asks[partial.rest[i]];
        ours(ask.meter).taken_there(ask, owner, hold_name, at,
                                    {reply->items[2 + 2 * i].integer,
                                     reply->items[3 + 2 * i].integer});
    }
    partial.at = at;
    co_return std::optional<Refusal>();
}

std::optional<Refusal> RedisState::take_rest_alone(std::span<const Ask> asks,
                                                   Partial& partial) const {
    const LockAll<RedisMeter> locks(asks);
    for (std::size_t i = 0; i < partial.rest.size(); ++i) {
        const std::size_t index = partial.rest[i];
        auto refusal = ours(asks[index].meter).take_alone(asks[index], partial.at,
                                                          core_->instances);
        if (!refusal) continue;
        for (std::size_t taken = 0; taken < i; ++taken) {
            const Ask& ask = asks[partial.rest[taken]];
            ours(ask.meter).undo_local(unlimited(ask), partial.at);
        }
        refusal->index = index;
        return refusal;
    }
    return std::nullopt;
}

// --- settling ------------------------------------------------------------------------------------

void RedisState::settle(std::span<const Settlement> settlements, std::string_view owner) {
    const Moment now = core_->now();
    bool urgent = false;
    for (const Settlement& settlement : settlements) {
        RedisMeter& meter = ours(settlement.meter);
        std::lock_guard lock(meter.mutex);
        meter.settle(settlement, owner, now);
        core_->list(meter);
        urgent = urgent || meter.urgent();
    }
    if (urgent) core_->hurry();
}

void RedisState::seed(Meter& meter, std::int64_t spent) { raise(meter, spent); }

void RedisState::raise(Meter& meter, std::int64_t spent) {
    RedisMeter& known = ours(&meter);
    std::lock_guard lock(known.mutex);
    // Told with the next take or batch; counts there if it is more than Redis knows.
    known.raise(spent);
}

Level RedisState::level(const Meter& meter) const {
    // Looking at a window moves it to the present.
    auto& known = const_cast<RedisMeter&>(static_cast<const RedisMeter&>(meter));
    std::lock_guard lock(known.mutex);
    const Level level = known.level(core_->now());
    if (known.due(core_->now())) core_->list(known);
    return level;
}

net::Task<bool> RedisState::first(std::string key, std::chrono::milliseconds ttl) {
    const std::string life = std::to_string(std::max<std::int64_t>(ttl.count(), 1));
    const std::shared_ptr<RedisClient> client = core_->client();
    std::vector<std::string> command{"SET", core_->options.prefix + "first:" + key,
                                     core_->instance, "NX", "PX", life};
    auto reply = co_await client->command(std::move(command), core_->options.take_patience);
    if (!reply.ok() || reply->kind == Reply::Kind::error) {
        co_return core_->first.take(key, core_->now(), ttl);
    }
    co_return reply->kind == Reply::Kind::text;
}

std::string RedisState::trouble() const { return core_->trouble(); }

}  // namespace tollgate::shared_state
