// SharedValues in Redis: plain keys with an end, and a stream of news of which each instance reads
// what others have added. On connections of its own, so that a large value holds up no limit.
//
// A look-up that is late is not given up by the connection, only by who waits; while one is out,
// or Redis is known to be gone, nobody else waits at all.
#pragma once
#include <array>
#include <atomic>

#include "shared_state/redis_core.hpp"
#include "shared_state/shared_values.hpp"

namespace tollgate::shared_state {

constexpr std::size_t value_bytes_max = 12 * 1024 * 1024;  // below reply_bytes_max
constexpr std::int64_t putting_bytes_max = 32 * 1024 * 1024;  // under way at once; more is lost
constexpr int news_kept = 1'000;                           // in the stream, about
constexpr std::chrono::minutes news_age_max{5};            // older is not told to who begins

class RedisValues final : public SharedValues,
                          public std::enable_shared_from_this<RedisValues> {
public:
    explicit RedisValues(std::shared_ptr<RedisCore> core) : core_(std::move(core)) {}

    void connect() override;
    net::Task<std::optional<std::string>> get(ValueKind kind, std::string key,
                                              std::chrono::milliseconds patience) override;
    void put(ValueKind kind, std::string key, std::string value,
             std::chrono::milliseconds life) override;
    net::Task<bool> tell(std::string text) override;
    std::uint64_t count(ValueKind kind, Lookup lookup) const override;

    // Who hears of news; once, before start(). Any thread.
    void listen(Heard heard) { heard_ = std::move(heard); }
    // Reads the news on this loop until close(). Once, on the loop's thread; without listen()
    // nothing is read.
    void start();
    // Comes back when nothing is read any more. On the same loop, after start().
    net::Task<void> close();

private:
    struct Asked;
    static net::Task<void> fetch(std::shared_ptr<RedisValues> self, std::shared_ptr<Asked> asked,
                                 std::string key);
    static net::Task<void> ring(std::shared_ptr<Asked> asked, std::chrono::milliseconds after);
    static net::Task<void> store(std::shared_ptr<RedisValues> self,
                                 std::vector<std::string> command, std::int64_t bytes);
    static net::Task<void> read_news(std::shared_ptr<RedisValues> self);
    net::Task<bool> read_once();
    // False: no news, but something else.
    bool hear_all(const Reply& entries);
    void hear(const Reply& entry);
    std::string news_key() const { return core_->options.prefix + "news"; }
    void note(ValueKind kind, Lookup lookup);

    const std::shared_ptr<RedisCore> core_;
    Heard heard_;
    std::atomic<std::int64_t> late_{0};     // look-ups that nobody waits for any more
    std::atomic<std::int64_t> putting_{0};  // bytes
    std::array<std::atomic<std::uint64_t>, value_kinds * lookups> counts_{};

    // --- of the reading task; its loop only ---
    std::shared_ptr<RedisClient> reader_;   // null: nothing is read
    std::string last_id_;                   // of the news heard last, "" : none was looked for
    net::CancelScope scope_;
    net::Signal ended_;
};

}  // namespace tollgate::shared_state
