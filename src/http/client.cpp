#include "http/client.hpp"

#include <algorithm>

#include "http/connection.hpp"
#include "http/connection_pool.hpp"
#include "http/scan.hpp"
#include "net/connect.hpp"

namespace tollgate::http {
namespace {

constexpr std::size_t first_reserve_bytes = 4096;

// A header or target with a line end in it would be a request of its own.
base::Result<void> check(const OutgoingRequest& request) {
    if (request.method.empty() || !all_token(request.method)) {
        return base::invalid("the method of the request to the provider is no HTTP token");
    }
    if (!request.target.starts_with('/') || !all_target(request.target)) {
        return base::invalid(
            "the path of the request to the provider does not begin with \"/\" "
            "or holds a byte that must be percent-encoded");
    }
    for (const Header& header : request.headers) {
        if (header.sound) continue;
        if (!header.name.empty() && all_token(header.name) && all_value(header.value)) continue;
        return base::invalid("the header \"" + std::string(header.name) +
                                 "\" for the provider holds a byte that headers may not hold",
                             "extra_headers");
    }
    return {};
}

CallFailure unless_cancelled(const base::Error& error, CallFailure otherwise) {
    return error.code == base::ErrorCode::cancelled ? CallFailure::cancelled : otherwise;
}

}  // namespace

// --- Call ---------------------------------------------------------------------------------------

Call::Call() = default;

Call::Call(Call&& other) noexcept
    : pool_(std::move(other.pool_)),
      origin_(std::exchange(other.origin_, nullptr)),
      connection_(std::move(other.connection_)) {}

Call& Call::operator=(Call&& other) noexcept {
    if (this != &other) {
        release();
        pool_ = std::move(other.pool_);
        origin_ = std::exchange(other.origin_, nullptr);
        connection_ = std::move(other.connection_);
    }
    return *this;
}

Call::~Call() { release(); }

void Call::release() {
    if (connection_ && connection_->end_exchange()) pool_->put(*origin_, std::move(connection_));
    connection_.reset();
    if (origin_ != nullptr) pool_->end_call(*origin_);
    origin_ = nullptr;
    pool_.reset();
}

const ResponseHead& Call::head() const { return connection_->head(); }

bool Call::reused_connection() const { return connection_->reused; }

net::Task<base::Result<bool>> Call::wait(net::Instant until) { return connection_->wait(until); }

net::Task<base::Result<std::string_view>> Call::read() {
    if (!connection_->ready()) return read_later();
    return net::Task<base::Result<std::string_view>>::ready(connection_->take());
}

net::Task<base::Result<std::string_view>> Call::read_later() {
    (void)co_await connection_->wait(net::Instant::max());
    co_return connection_->take();
}

// Takes what is there. True: that was the last of it.
base::Result<bool> Call::gather(std::string& body, std::size_t bytes_max) {
    while (connection_->ready()) {
        TRY(const std::string_view bytes, connection_->take());
        if (bytes.empty()) return true;
        if (bytes.size() > bytes_max - body.size()) {
            return base::Error{
                base::ErrorCode::provider,
                "the provider's answer is longer than " + std::to_string(bytes_max) + " bytes"};
        }
        body.append(bytes);
    }
    return false;
}

// No coroutine for a short answer, which comes with its head.
net::Task<base::Result<std::string>> Call::read_all(std::size_t bytes_max) {
    using Body = net::Task<base::Result<std::string>>;
    std::string body;
    body.reserve(
        std::min<std::size_t>(bytes_max, head().content_length.value_or(first_reserve_bytes)));
    auto whole = gather(body, bytes_max);
    if (!whole.ok()) return Body::ready(std::move(whole).error());
    if (*whole) return Body::ready(std::move(body));
    return read_rest(std::move(body), bytes_max);
}

net::Task<base::Result<std::string>> Call::read_rest(std::string body, std::size_t bytes_max) {
    while (true) {
        (void)co_await connection_->wait(net::Instant::max());
        CO_TRY(const bool whole, gather(body, bytes_max));
        if (whole) co_return std::move(body);
    }
}

// --- Client -------------------------------------------------------------------------------------

Client::Client(net::Loop& loop, ClientLimits limits)
    : loop_(loop), pool_(std::make_shared<ConnectionPool>(loop, limits)) {}

Client::~Client() { pool_->close(); }

void Client::sweep() { pool_->sweep(); }
std::size_t Client::idle_connections() const { return pool_->idle(); }
std::size_t Client::active_connections() const { return pool_->active(); }
std::uint64_t Client::connects() const { return pool_->connects; }
std::uint64_t Client::stale_retries() const { return pool_->stale_retries; }

net::Task<base::Result<std::unique_ptr<Connection>>> Client::open(const Origin& origin,
                                                                  const Deadlines& deadlines,
                                                                  net::CancelScope* scope,
                                                                  CallFailure& failure) {
    const net::Patience patience{std::min(loop_.after(deadlines.connect), deadlines.total), scope};
    auto addresses = co_await net::resolve(loop_, origin.host, origin.port, patience);
    if (!addresses.ok()) {
        failure = unless_cancelled(addresses.error(), CallFailure::resolve);
        co_return std::move(addresses).error();
    }
    ++pool_->connects;
    std::vector<net::Address> targets = std::move(*addresses);
    auto stream = co_await net::connect(loop_, std::move(targets), patience);
    if (!stream.ok()) {
        failure = unless_cancelled(stream.error(), CallFailure::connect);
        co_return std::move(stream).error();
    }
    if (origin.tls) {
        if (!origin.tls_context) {
            failure = CallFailure::tls;
            co_return base::Error{base::ErrorCode::internal,
                                  "no TLS context was set up for " + origin.authority};
        }
        auto secured = co_await origin.tls_context->handshake(**stream, origin.host, patience);
        if (!secured.ok()) {
            failure = unless_cancelled(secured.error(), CallFailure::tls);
            co_return std::move(secured).error();
        }
    }
    co_return std::make_unique<Connection>(std::move(*stream));
}

net::Task<base::Result<Call>> Client::send(const Origin& origin, OutgoingRequest request,
                                           Deadlines deadlines, net::CancelScope* scope,
                                           CallFailure* failure, Departure* departure) {
    CallFailure ignored = CallFailure::none;
    CallFailure& how = failure != nullptr ? *failure : ignored;
    how = CallFailure::none;
    if (scope != nullptr && scope->cancelled()) {
        how = CallFailure::cancelled;
        co_return base::Error{base::ErrorCode::cancelled, "cancelled before the request was sent"};
    }
    auto checked = check(request);
    if (!checked.ok()) {
        how = CallFailure::send;
        co_return std::move(checked).error();
    }
    bool may_reuse = true;
    while (true) {
        Call call;
        call.pool_ = pool_;
        call.origin_ = &pool_->entry(origin);
        pool_->begin_call(*call.origin_);
        if (may_reuse) call.connection_ = pool_->take(*call.origin_);
        if (!call.connection_) {
            CO_TRY(call.connection_, co_await open(origin, deadlines, scope, how));
        }
        const bool reused = call.connection_->reused;
        if (departure != nullptr) departure->begun = true;
        auto answered = co_await call.connection_->exchange(origin, request, deadlines, scope, how);
        if (answered.ok()) co_return std::move(call);
        // An idle connection may be closed by the provider just when we send: then, and only
        // when nothing of an answer has come, the request goes out again.
        const bool stale = reused && answered.error().code == base::ErrorCode::unavailable &&
                           (how == CallFailure::closed_before_head || how == CallFailure::send);
        if (!stale) co_return std::move(answered).error();
        ++pool_->stale_retries;
        if (departure != nullptr) departure->again = net::Clock::now();
        how = CallFailure::none;
        may_reuse = false;
    }
}

}  // namespace tollgate::http
