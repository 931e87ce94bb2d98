// One pipelined connection to Redis, made when first needed and again after a failure, at growing
// intervals. Many commands may be in flight; those of one turn of the loop leave in one write.
//
// Loop thread only, held by shared_ptr: its tasks keep it alive until close(). A command that gets
// no answer in time ends the connection, because nothing says what became of it: every command in
// flight then fails as unavailable.
#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "net/tls.hpp"
#include "shared_state/redis_address.hpp"
#include "shared_state/resp.hpp"

namespace tollgate::shared_state {

constexpr std::size_t commands_in_flight_max = 10'000;

class RedisClient : public std::enable_shared_from_this<RedisClient> {
public:
    struct Settings {
        RedisAddress address;
        std::shared_ptr<net::TlsClientContext> tls;  // null without TLS
        std::vector<std::string> scripts;            // Lua sources, loaded on each connection
        std::chrono::milliseconds connect_patience{2000};
        std::chrono::milliseconds retry_min{50};
        std::chrono::milliseconds retry_max{2000};
    };
    RedisClient(net::Loop& loop, std::shared_ptr<const Settings> settings);
    ~RedisClient();

    // One command and its reply; an error reply is a Reply too.
    // Fails: unavailable (with the reason, at once while it is too early to try again), timeout.
    net::Task<base::Result<Reply>> command(std::vector<std::string> parts,
                                           std::chrono::milliseconds patience);
    // Runs settings.scripts[index]: EVALSHA, and EVAL when the server has forgotten it.
    // `keys_and_arguments` begins with the number of keys. Fails besides: provider, when the script
    // answers with an error.
    net::Task<base::Result<Reply>> run_script(std::size_t index,
                                              std::vector<std::string> keys_and_arguments,
                                              std::chrono::milliseconds patience);
    // Ends the connection and every command; none can be begun afterwards.
    void close();

private:
    struct Link;
    struct Pending;
    net::Task<base::Result<void>> ready(net::Instant deadline);
    net::Task<base::Result<Reply>> exchange(std::vector<std::string> parts, net::Instant deadline);
    net::Task<void> connect(std::shared_ptr<Link> link);
    net::Task<base::Result<void>> open(Link& link, net::Patience patience);
    net::Task<base::Result<void>> sign_in(Link& link, net::Patience patience);
    static net::Task<void> read_replies(std::shared_ptr<RedisClient> self,
                                        std::shared_ptr<Link> link);
    static net::Task<void> write_commands(std::shared_ptr<RedisClient> self,
                                          std::shared_ptr<Link> link);
    static net::Task<void> run_connect(std::shared_ptr<RedisClient> self,
                                       std::shared_ptr<Link> link);
    // `link` is no reference to link_, which is let go.
    void fail(const std::shared_ptr<Link>& link, const base::Error& error);

    net::Loop& loop_;
    std::shared_ptr<const Settings> settings_;
    std::shared_ptr<Link> link_;   // null: not connected
    net::Instant retry_at_{};
    std::chrono::milliseconds retry_delay_{0};
    base::Error last_error_;
    bool closed_ = false;
};

}  // namespace tollgate::shared_state
