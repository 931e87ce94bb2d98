#include "shared_state/redis_client.hpp"

#include <algorithm>
#include <array>
#include <deque>

#include "net/connect.hpp"
#include "net/stream.hpp"

namespace tollgate::shared_state {
namespace {

constexpr std::size_t read_bytes = 16 * 1024;

base::Error unavailable(std::string message) {
    return {base::ErrorCode::unavailable, std::move(message)};
}

}  // namespace

struct RedisClient::Pending {
    net::Signal done;
    std::optional<base::Result<Reply>> result;
};

// One connection with what is under way on it. Its tasks own it together.
struct RedisClient::Link {
    std::unique_ptr<net::Stream> stream;
    net::CancelScope scope;
    net::Signal work;                  // something is in `out`
    std::string out;
    std::deque<std::shared_ptr<Pending>> pending;  // in the order of their commands
    std::vector<std::shared_ptr<Pending>> waiting;  // for the connection to be ready
    std::vector<std::string> hashes;   // of the scripts
    ReplyReader reader;
    bool ready = false;
    bool dead = false;
};

RedisClient::RedisClient(net::Loop& loop, std::shared_ptr<const Settings> settings)
    : loop_(loop), settings_(std::move(settings)) {}
RedisClient::~RedisClient() = default;

void RedisClient::close() {
    closed_ = true;
    const std::shared_ptr<Link> link = std::move(link_);
    if (link) fail(link, unavailable(settings_->address.text() + ": closing"));
}

void RedisClient::fail(const std::shared_ptr<Link>& link, const base::Error& error) {
    if (link->dead) return;
    link->dead = true;
    last_error_ = error;
    if (link_ == link) {
        link_.reset();
        // A connection that was good is made anew at once.
        retry_delay_ = link->ready ? std::chrono::milliseconds(0)
                                   : std::clamp(retry_delay_ * 2, settings_->retry_min,
                                                settings_->retry_max);
        retry_at_ = net::Clock::now() + retry_delay_;
    }
    link->scope.cancel(loop_, net::CancelReason::shutdown);
    for (const auto& pending : link->pending) {
        pending->result = error;
        pending->done.notify();
    }
    link->pending.clear();
    for (const auto& waiting : link->waiting) waiting->done.notify();
    link->waiting.clear();
}

net::Task<base::Result<void>> RedisClient::ready(net::Instant deadline) {
    if (closed_) co_return unavailable(settings_->address.text() + ": closing");
    if (!link_) {
        if (net::Clock::now() < retry_at_) co_return last_error_;
        link_ = std::make_shared<Link>();
        net::spawn(run_connect(shared_from_this(), link_), "redis_connect");
    }
    const std::shared_ptr<Link> link = link_;
    if (!link) co_return last_error_;
    if (link->ready) co_return base::Result<void>();
    auto waiting = std::make_shared<Pending>();
    link->waiting.push_back(waiting);
    const net::Patience patience{deadline, nullptr};
    const net::Wake wake = co_await waiting->done.wait(patience);
    if (link->dead) co_return last_error_;
    if (wake != net::Wake::ready) {
        std::erase(link->waiting, waiting);
        co_return base::Error{base::ErrorCode::timeout,
                              settings_->address.text() + ": not connected in time"};
    }
    co_return base::Result<void>();
}

net::Task<void> RedisClient::run_connect(std::shared_ptr<RedisClient> self,
                                         std::shared_ptr<Link> link) {
    co_await self->connect(link);
}

net::Task<void> RedisClient::connect(std::shared_ptr<Link> link) {
    const net::Patience patience{net::Clock::now() + settings_->connect_patience, &link->scope};
    auto opened = co_await open(*link, patience);
    if (opened.ok()) opened = co_await sign_in(*link, patience);
    if (!opened.ok()) {
        fail(link, base::Error{opened.error().code,
                               settings_->address.text() + ": " + opened.error().message});
        co_return;
    }
    if (link->dead) co_return;
    retry_delay_ = std::chrono::milliseconds(0);
    link->ready = true;
    net::spawn(read_replies(shared_from_this(), link), "redis_read");
    net::spawn(write_commands(shared_from_this(), link), "redis_write");
    for (const auto& waiting : link->waiting) waiting->done.notify();
    link->waiting.clear();
}

net::Task<base::Result<void>> RedisClient::open(Link& link, net::Patience patience) {
    const RedisAddress& address = settings_->address;
    CO_TRY(auto addresses,
           co_await net::resolve(loop_, address.host, address.port, patience));
    CO_TRY(link.stream, co_await net::connect(loop_, std::move(addresses), patience));
    if (settings_->tls) {
        CO_TRY_VOID(co_await settings_->tls->handshake(*link.stream, address.host, patience));
    }
    co_return base::Result<void>();
}

net::Task<base::Result<void>> RedisClient::sign_in(Link& link, net::Patience patience) {
    const RedisAddress& address = settings_->address;
    std::vector<std::vector<std::string>> commands;
    if (!address.password.empty() && address.user.empty()) {
        commands.push_back({"AUTH", address.password});
    } else if (!address.password.empty()) {
        commands.push_back({"AUTH", address.user, address.password});
    }
    if (address.database != 0) commands.push_back({"SELECT", std::to_string(address.database)});
    const std::size_t scripts_from = commands.size();
    for (const std::string& script : settings_->scripts) {
        commands.push_back({"SCRIPT", "LOAD", script});
    }
    std::string out;
    for (const auto& parts : commands) append_command(out, parts);
    const std::array pieces{iovec{out.data(), out.size()}};
    CO_TRY_VOID(co_await link.stream->write_all(pieces, patience));
    std::array<char, 1024> bytes;
    for (std::size_t answered = 0; answered < commands.size();) {
        CO_TRY(auto reply, link.reader.next());
        if (!reply) {
            CO_TRY(auto size,
                   co_await link.stream->read_some(bytes.data(), bytes.size(), patience));
            if (size == 0) co_return unavailable("closed the connection while signing in");
            link.reader.feed({bytes.data(), size});
            continue;
        }
        if (reply->kind == Reply::Kind::error) {
            co_return unavailable(commands[answered][0] + ": " + reply->text);
        }
        if (answered >= scripts_from) link.hashes.push_back(reply->text);
        ++answered;
    }
    co_return base::Result<void>();
}

net::Task<void> RedisClient::read_replies(std::shared_ptr<RedisClient> self,
                                          std::shared_ptr<Link> link) {
    const std::string name = self->settings_->address.text() + ": ";
    const net::Patience patience{net::Instant::max(), &link->scope};
    std::vector<char> bytes(read_bytes);
    while (!link->dead) {
        auto size = co_await link->stream->read_some(bytes.data(), bytes.size(), patience);
        if (!size.ok() || *size == 0) {
            self->fail(link, unavailable(name + (size.ok() ? "closed the connection"
                                                           : size.error().message)));
            co_return;
        }
        link->reader.feed({bytes.data(), *size});
        while (!link->dead) {
            auto reply = link->reader.next();
            if (!reply.ok() || (*reply && link->pending.empty())) {
                self->fail(link, unavailable(name + (reply.ok() ? "an answer nobody asked for"
                                                                : reply.error().message)));
                co_return;
            }
            if (!*reply) break;
            const std::shared_ptr<Pending> pending = link->pending.front();
            link->pending.pop_front();
            pending->result = std::move(**reply);
            pending->done.notify();
        }
    }
}

net::Task<void> RedisClient::write_commands(std::shared_ptr<RedisClient> self,
                                            std::shared_ptr<Link> link) {
    const net::Patience idle{net::Instant::max(), &link->scope};
    while (!link->dead) {
        if (link->out.empty()) {
            (void)co_await link->work.wait(idle);
            continue;
        }
        std::string sending = std::exchange(link->out, {});
        const std::array pieces{iovec{sending.data(), sending.size()}};
        // Each command has its own deadline, which ends the link; this one never comes first.
        auto written = co_await link->stream->write_all(pieces, idle);
        if (!written.ok()) {
            self->fail(link, unavailable(self->settings_->address.text() + ": " +
                                         written.error().message));
        }
    }
}

net::Task<base::Result<Reply>> RedisClient::exchange(std::vector<std::string> parts,
                                                     net::Instant deadline) {
    const std::shared_ptr<Link> link = link_;
    if (!link || !link->ready) co_return last_error_;
    if (link->pending.size() >= commands_in_flight_max) {
        co_return unavailable(settings_->address.text() + ": too many commands in flight");
    }
    auto pending = std::make_shared<Pending>();
    append_command(link->out, parts);
    link->pending.push_back(pending);
    link->work.notify();
    const net::Patience patience{deadline, nullptr};
    (void)co_await pending->done.wait(patience);
    if (!pending->result) {
        const base::Error late{base::ErrorCode::timeout,
                               settings_->address.text() + ": no answer in time"};
        fail(link, late);
        co_return late;
    }
    co_return *std::move(pending->result);
}

net::Task<base::Result<Reply>> RedisClient::command(std::vector<std::string> parts,
                                                    std::chrono::milliseconds patience) {
    const net::Instant deadline = net::Clock::now() + patience;
    CO_TRY_VOID(co_await ready(deadline));
    co_return co_await exchange(std::move(parts), deadline);
}

net::Task<base::Result<Reply>> RedisClient::run_script(
    std::size_t index, std::vector<std::string> keys_and_arguments,
    std::chrono::milliseconds patience) {
    const net::Instant deadline = net::Clock::now() + patience;
    CO_TRY_VOID(co_await ready(deadline));
    if (!link_ || !link_->ready) co_return last_error_;
    std::vector<std::string> parts{"EVALSHA", link_->hashes[index]};
    parts.insert(parts.end(), keys_and_arguments.begin(), keys_and_arguments.end());
    CO_TRY(auto reply, co_await exchange(std::move(parts), deadline));
    if (reply.kind == Reply::Kind::error && reply.text.starts_with("NOSCRIPT")) {
        std::vector<std::string> whole{"EVAL", settings_->scripts[index]};
        whole.insert(whole.end(), keys_and_arguments.begin(), keys_and_arguments.end());
        CO_TRY(reply, co_await exchange(std::move(whole), deadline));
    }
    if (reply.kind == Reply::Kind::error) {
        co_return base::Error{base::ErrorCode::provider,
                              settings_->address.text() + ": " + reply.text};
    }
    co_return reply;
}

}  // namespace tollgate::shared_state
