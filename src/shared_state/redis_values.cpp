#include "shared_state/redis_values.hpp"

#include <algorithm>
#include <charconv>

#include "base/log.hpp"

namespace tollgate::shared_state {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds answer_max{2'000};      // then the connection is of no use
constexpr milliseconds news_wait{5'000};       // of one command that waits for news
constexpr milliseconds news_retry{200};
constexpr std::string_view first_id = "0-0";

// Of "1732200000000-0": when it was added, by the server's clock.
std::int64_t milliseconds_of(std::string_view id) {
    std::int64_t time = 0;
    const auto [end, problem] = std::from_chars(id.data(), id.data() + id.size(), time);
    return problem == std::errc() ? time : 0;
}

}  // namespace

std::string_view to_string(ValueKind kind) {
    switch (kind) {
        case ValueKind::conversation: return "conversation";
        case ValueKind::answer: return "answer";
        case ValueKind::check: return "check";
    }
    return "unknown";
}

std::string_view to_string(Lookup lookup) {
    switch (lookup) {
        case Lookup::found: return "found";
        case Lookup::missing: return "missing";
        case Lookup::late: return "late";
        case Lookup::lost: return "lost";
    }
    return "unknown";
}

// One look-up; whoever comes last, the answer or the one who waits, finds the other gone.
struct RedisValues::Asked {
    net::Signal done;
    std::optional<base::Result<Reply>> reply;
    bool time_up = false;
    bool left = false;  // nobody waits any more
    net::CancelScope answered;  // ends the bell that would ring too late
};

void RedisValues::note(ValueKind kind, Lookup lookup) {
    counts_[static_cast<std::size_t>(kind) * lookups + static_cast<std::size_t>(lookup)].fetch_add(
        1, std::memory_order_relaxed);
}

std::uint64_t RedisValues::count(ValueKind kind, Lookup lookup) const {
    return counts_[static_cast<std::size_t>(kind) * lookups + static_cast<std::size_t>(lookup)]
        .load(std::memory_order_relaxed);
}

net::Task<void> RedisValues::fetch(std::shared_ptr<RedisValues> self, std::shared_ptr<Asked> asked,
                                   std::string key) {
    const std::shared_ptr<RedisClient> client = self->core_->client(RedisCore::Use::values);
    std::vector<std::string> command{"GET", std::move(key)};
    asked->reply = co_await client->command(std::move(command), answer_max);
    if (asked->left) --self->late_;
    asked->done.notify();
}

net::Task<void> RedisValues::ring(std::shared_ptr<Asked> asked, milliseconds after) {
    const net::Wake wake = co_await net::sleep_for(after, &asked->answered);
    if (wake == net::Wake::cancelled) co_return;
    asked->time_up = true;
    asked->done.notify();
}

net::Task<std::optional<std::string>> RedisValues::get(ValueKind kind, std::string key,
                                                       milliseconds patience) {
    if (!core_->online() || late_.load() > 0) {
        note(kind, Lookup::lost);
        co_return std::nullopt;
    }
    auto asked = std::make_shared<Asked>();
    std::string name = core_->options.prefix + std::string(to_string(kind)) + ':' + key;
    net::spawn(fetch(shared_from_this(), asked, std::move(name)), "shared_value");
    // Deadlines of waits are coarse: a sleep is exact.
    if (!asked->reply) net::spawn(ring(asked, patience), "shared_value_late");
    while (!asked->reply && !asked->time_up) (void)co_await asked->done.wait();
    if (!asked->reply) {
        asked->left = true;
        ++late_;
        note(kind, Lookup::late);
        co_return std::nullopt;
    }
    asked->answered.cancel(net::Loop::current(), net::CancelReason::overtaken);
    const base::Result<Reply>& reply = *asked->reply;
    const bool heard = reply.ok() && reply->kind != Reply::Kind::error;
    const bool found = heard && reply->kind == Reply::Kind::text;
    note(kind, found ? Lookup::found : heard ? Lookup::missing : Lookup::lost);
    if (!found) co_return std::nullopt;
    co_return std::move((*asked->reply)->text);
}

net::Task<void> RedisValues::store(std::shared_ptr<RedisValues> self,
                                   std::vector<std::string> command, std::int64_t bytes) {
    const std::shared_ptr<RedisClient> client = self->core_->client(RedisCore::Use::values);
    auto reply = co_await client->command(std::move(command), answer_max);
    self->putting_ -= bytes;
    if (reply.ok() && reply->kind == Reply::Kind::error) {
        base::log().debug("shared_value_refused", {{"error", reply->text}});
    }
}

void RedisValues::connect() {
    net::spawn(store(shared_from_this(), {"PING"}, 0), "shared_values_connect");
}

void RedisValues::put(ValueKind kind, std::string key, std::string value, milliseconds life) {
    const auto bytes = static_cast<std::int64_t>(key.size() + value.size());
    if (!core_->online() || value.size() > value_bytes_max) return;
    if (putting_.fetch_add(bytes) + bytes > putting_bytes_max) {
        putting_ -= bytes;
        return;
    }
    std::vector<std::string> command{
        "SET", core_->options.prefix + std::string(to_string(kind)) + ':' + key, std::move(value),
        "PX", std::to_string(std::max<std::int64_t>(life.count(), 1))};
    net::spawn(store(shared_from_this(), std::move(command), bytes), "shared_value_put");
}

// --- news ----------------------------------------------------------------------------------------

net::Task<bool> RedisValues::tell(std::string text) {
    if (!core_->online() || text.size() > news_bytes_max) co_return false;
    const std::shared_ptr<RedisClient> client = core_->client(RedisCore::Use::values);
    std::vector<std::string> command{"XADD", news_key(), "MAXLEN", "~", std::to_string(news_kept),
                                     "*", "from", core_->instance, "text", std::move(text)};
    auto reply = co_await client->command(std::move(command), answer_max);
    co_return reply.ok() && reply->kind == Reply::Kind::text;
}

void RedisValues::start() {
    if (!heard_) return;
    reader_ = std::make_shared<RedisClient>(net::Loop::current(), core_->settings);
    net::spawn(read_news(shared_from_this()), "redis_news");
}

net::Task<void> RedisValues::close() {
    if (!reader_) co_return;
    scope_.cancel(net::Loop::current(), net::CancelReason::shutdown);
    reader_->close();
    while (reader_) (void)co_await ended_.wait();
}

net::Task<void> RedisValues::read_news(std::shared_ptr<RedisValues> self) {
    while (!self->scope_.cancelled()) {
        const bool heard = co_await self->read_once();
        if (!heard && !self->scope_.cancelled()) {
            (void)co_await net::sleep_for(news_retry, &self->scope_);
        }
    }
    self->reader_.reset();
    self->ended_.notify();
}

net::Task<bool> RedisValues::read_once() {
    if (last_id_.empty()) {
        std::vector<std::string> command{"XREVRANGE", news_key(), "+", "-", "COUNT", "100"};
        auto reply = co_await reader_->command(std::move(command), answer_max);
        if (!reply.ok() || reply->kind != Reply::Kind::array) co_return false;
        std::reverse(reply->items.begin(), reply->items.end());
        last_id_ = first_id;
        co_return hear_all(*reply);
    }
    std::vector<std::string> command{"XREAD", "COUNT", "100", "BLOCK",
                                     std::to_string(news_wait.count()), "STREAMS", news_key(),
                                     last_id_};
    auto reply = co_await reader_->command(std::move(command), news_wait + answer_max);
    if (!reply.ok()) co_return false;
    if (reply->kind == Reply::Kind::nothing) co_return true;
    // One stream was asked for: [[its name, its entries]].
    const bool shaped = reply->kind == Reply::Kind::array && reply->items.size() == 1 &&
                        reply->items[0].items.size() == 2;
    co_return shaped && hear_all(reply->items[0].items[1]);
}

bool RedisValues::hear_all(const Reply& entries) {
    for (const Reply& entry : entries.items) {
        if (entry.items.size() != 2 || entry.items[0].text.empty()) return false;
        last_id_ = entry.items[0].text;
        hear(entry);
    }
    return true;
}

void RedisValues::hear(const Reply& entry) {
    const std::vector<Reply>& fields = entry.items[1].items;
    if (fields.size() != 4 || fields[0].text != "from" || fields[2].text != "text") return;
    if (fields[1].text == core_->instance) return;
    const milliseconds age(
        std::max<std::int64_t>(core_->now() / 1000 - milliseconds_of(entry.items[0].text), 0));
    if (age <= news_age_max) heard_(fields[3].text, age);
}

}  // namespace tollgate::shared_state
