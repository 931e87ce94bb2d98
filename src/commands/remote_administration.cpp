#include "commands/remote_administration.hpp"

#include <array>
#include <chrono>
#include <optional>

#include "http/client.hpp"
#include "net/connect.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "net/tls.hpp"

namespace tollgate::commands {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds connect_limit{5'000};
constexpr milliseconds answer_limit{120'000};  // a report over a year may take a while
constexpr milliseconds probe_limit{1'000};
constexpr std::size_t answer_bytes_max = 64 * 1024 * 1024;
constexpr int good_status = 200;

// One exchange, alive as long as its loop runs.
struct Asked {
    std::string method, target, key;
    std::string_view body;
    const Administration::Use* use = nullptr;  // null: the body is gathered
    base::Result<AdminReply> outcome = base::Error{base::ErrorCode::internal, "nothing was asked"};
};

net::Task<base::Result<void>> pass_on(http::Call& call, const Administration::Use& use) {
    while (true) {
        CO_TRY(const std::string_view piece, co_await call.read());
        if (piece.empty()) co_return base::Result<void>();
        CO_TRY_VOID(use(piece));
    }
}

net::Task<base::Result<AdminReply>> exchange(http::Client& client, const http::Origin& origin,
                                             Asked& asked) {
    const std::string authorization = "Bearer " + asked.key;
    std::vector<http::Header> headers = {{"accept", "application/json"},
                                         {"user-agent", "tollgate-cli/" TOLLGATE_VERSION}};
    if (!asked.key.empty()) headers.push_back({"authorization", authorization});
    if (!asked.body.empty()) headers.push_back({"content-type", "application/json"});
    const std::string target = origin.base_path + asked.target;
    const std::array<std::string_view, 1> pieces = {asked.body};
    http::OutgoingRequest request;
    request.method = asked.method;
    request.target = target;
    request.headers = headers;
    if (!asked.body.empty()) request.body = pieces;
    http::Deadlines deadlines;
    deadlines.connect = connect_limit;
    deadlines.headers = answer_limit;
    deadlines.idle = answer_limit;
    http::CallFailure failure = http::CallFailure::none;
    CO_TRY(http::Call call, co_await client.send(origin, request, deadlines, nullptr, &failure));
    AdminReply reply;
    reply.status = call.head().status;
    if (asked.use != nullptr && reply.status == good_status) {
        CO_TRY_VOID(co_await pass_on(call, *asked.use));
        co_return reply;
    }
    CO_TRY(reply.body, co_await call.read_all(answer_bytes_max));
    co_return reply;
}

// Whatever happens, the loop ends.
struct StopLoop {
    net::Loop& loop;
    ~StopLoop() { loop.stop(); }
};

net::Task<void> run_exchange(net::Loop& loop, http::Client& client, const http::Origin& origin,
                             Asked& asked) {
    const StopLoop stop{loop};
    asked.outcome = co_await exchange(client, origin, asked);
}

net::Task<void> run_probe(net::Loop& loop, const http::Origin& origin, bool& found) {
    const StopLoop stop{loop};
    net::Patience wait{net::Clock::now() + probe_limit, nullptr};
    auto addresses = co_await net::resolve(loop, origin.host, origin.port, wait);
    if (!addresses.ok()) co_return;
    std::vector<net::Address> all = std::move(addresses).value();
    auto stream = co_await net::connect(loop, std::move(all), wait);
    found = stream.ok();
}

class Remote final : public Administration {
public:
    Remote(http::Origin origin, std::string key, std::string url)
        : origin_(std::move(origin)), key_(std::move(key)), url_(std::move(url)) {}

    base::Result<AdminReply> call(std::string_view method, const std::string& target,
                                  std::string_view body) override {
        Asked asked{std::string(method), target, key_, body};
        return run(asked);
    }
    base::Result<AdminReply> stream(const std::string& target, const Use& use) override {
        Asked asked{"GET", target, key_, {}, &use};
        return run(asked);
    }
    const std::string& url() const override { return url_; }

private:
    base::Result<AdminReply> run(Asked& asked) {
        net::Loop loop;
        {
            http::Client client(loop);
            net::spawn(run_exchange(loop, client, origin_, asked), "administration");
            loop.run();
        }
        if (asked.outcome.ok()) return std::move(asked.outcome);
        base::Error error = asked.outcome.error();
        const bool of_network = error.code == base::ErrorCode::unavailable ||
                                error.code == base::ErrorCode::timeout ||
                                error.code == base::ErrorCode::provider;
        if (of_network) error.message = "no gateway answers at " + url_ + ": " + error.message;
        return error;
    }

    const http::Origin origin_;
    const std::string key_, url_;
};

}  // namespace

base::Result<std::unique_ptr<Administration>> remote_administration(const RemoteOptions& options) {
    TRY(http::Origin origin, http::parse_origin(options.url));
    if (origin.tls) {
        net::TlsClientPolicy policy;
        policy.ca_file = options.ca_file;
        TRY(origin.tls_context, net::TlsClientContext::make(policy));
    }
    std::string url = options.shown_url.empty() ? options.url : options.shown_url;
    while (url.ends_with('/')) url.pop_back();
    return std::unique_ptr<Administration>(
        std::make_unique<Remote>(std::move(origin), options.key, std::move(url)));
}

bool answers(const std::string& url) {
    const auto origin = http::parse_origin(url);
    if (!origin.ok()) return false;
    bool found = false;
    net::Loop loop;
    net::spawn(run_probe(loop, *origin, found), "probe");
    loop.run();
    return found;
}

}  // namespace tollgate::commands
