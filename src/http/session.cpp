#include "http/session.hpp"

#include <algorithm>
#include <cstring>

#include "base/json.hpp"
#include "base/log.hpp"

namespace tollgate::http {
namespace {

// A first read of this size holds any ordinary head; the body then goes straight to its own buffer.
constexpr std::size_t first_read_bytes = 8 * 1024;
// Empty lines before a request that are put up with: somebody's careless end of a body, not a way
// to hold a connection.
constexpr std::size_t empty_lines_bytes_max = 64;
// What is read and thrown away of a body that nobody wanted, so that the client sees the answer.
constexpr std::size_t linger_bytes_max = 16 * 1024 * 1024;
constexpr std::chrono::milliseconds linger_time{5'000};
// How long a drain waits for the first request of a connection it has just accepted.
constexpr std::chrono::milliseconds first_request_grace{1'000};

}  // namespace

Session::Session(Server& server, std::unique_ptr<net::Stream> stream,
                 std::shared_ptr<net::TlsServerContext> tls)
    : server_(server), stream_(std::move(stream)), tls_(std::move(tls)),
      opened_(server.loop_.now()) {
    server_.sessions_.insert(this);
}

Session::~Session() { server_.sessions_.erase(this); }

bool Session::expecting() const {
    return !asked_ && server_.loop_.now() - opened_ < first_request_grace;
}

void Session::close_if_idle() {
    if (idle_ && !expecting()) idle_scope_.cancel(server_.loop_, net::CancelReason::shutdown);
}

void Session::cancel() {
    idle_scope_.cancel(server_.loop_, net::CancelReason::shutdown);
    scope_.cancel(server_.loop_, net::CancelReason::shutdown);
}

net::Task<void> Session::run() {
    if (tls_) {
        const net::Patience patience{server_.loop_.after(server_.limits_.head_timeout),
                                     &idle_scope_};
        auto shaken = co_await tls_->handshake(*stream_, patience);
        if (!shaken.ok()) {
            base::log().debug("tls_handshake_failed", {{"why", shaken.error().message}});
            co_return;
        }
    }
    while (true) {
        const bool whole = co_await read_head();
        if (!whole) co_return;
        const Next next = co_await handle_request();
        if (next == Next::close) co_return;
    }
}

bool Session::grow() {
    // A little more than the limit: that it was passed must be seen.
    const std::size_t most = server_.limits_.head_bytes_max + first_read_bytes;
    if (room() >= most) return false;
    std::vector<char> larger(std::min(room() * 2, most));
    std::memcpy(larger.data(), bytes(), end_);
    large_ = std::move(larger);
    return true;
}

// Unread bytes move to the front; what is left behind a large head goes back to the pooled buffer
// when it fits.
void Session::pack() {
    const std::size_t left = end_ - begin_;
    const bool small_again = !large_.empty() && left <= base::Buffer::size();
    if (begin_ == 0 && !small_again) return;
    std::memmove(small_again ? buffer_.data() : bytes(), bytes() + begin_, left);
    if (small_again) large_ = {};
    begin_ = 0;
    end_ = left;
}

net::Task<bool> Session::read_head() {
    std::size_t searched = 0, skipped = 0;
    idle_ = begin_ == end_;
    bool last_look = false;
    net::Instant deadline = server_.loop_.after(idle_ ? server_.limits_.idle_timeout
                                                      : server_.limits_.head_timeout);
    if (begin_ == end_) begin_ = end_ = 0;
    pack();
    while (true) {
        if (end_ > 0) {
            // RFC 9112 section 2.2: an empty line before a request is skipped.
            while (end_ - begin_ >= 2 && std::memcmp(bytes() + begin_, "\r\n", 2) == 0) {
                begin_ += 2;
                skipped += 2;
                searched = 0;
            }
            if (skipped > empty_lines_bytes_max) {
                co_await refuse(400, "empty lines instead of a request");
                co_return false;
            }
            const std::string_view unread(bytes() + begin_, end_ - begin_);
            head_size_ = head_length(unread, searched);
            const std::size_t most = server_.limits_.head_bytes_max;
            const bool whole = head_size_ > 0;
            const bool too_long = whole ? head_size_ > most : end_ - begin_ > most;
            if (whole && !too_long) {
                idle_ = false;
                co_return true;
            }
            if (too_long || (end_ == room() && !grow())) {
                co_await refuse(431, "the request head is larger than " +
                                         std::to_string(most) + " bytes (server.limits.head)");
                co_return false;
            }
        }
        if (!buffer_) buffer_ = base::take_buffer();
        const std::size_t left = room() - end_;
        const net::IoResult got =
            stream_->try_read(bytes() + end_, std::min(left, first_read_bytes));
        if (got.status == net::IoStatus::ok) {
            if (idle_) {
                idle_ = false;
                deadline = server_.loop_.after(server_.limits_.head_timeout);
            }
            end_ += got.bytes;
            continue;
        }
        if (got.status != net::IoStatus::would_block || last_look) co_return false;
        if (end_ == begin_) {
            // An idle connection holds no memory.
            buffer_.release();
            begin_ = end_ = 0;
            idle_ = true;
            if (server_.draining_ && !expecting()) co_return false;
        }
        const net::Patience patience{deadline, &idle_scope_};
        const net::Wake wake = co_await stream_->wait_readable(patience);
        if (wake == net::Wake::timeout && end_ > begin_) {
            co_await refuse(408, "the request head did not arrive in time");
        }
        if (wake == net::Wake::timeout) co_return false;
        // Drained while idle: a request that is already here is still answered.
        last_look = wake == net::Wake::cancelled;
        if (last_look && end_ > begin_) co_return false;
    }
}

net::Task<void> Session::refuse(int status, std::string_view why) {
    ++server_.stats_.bad_requests;
    RequestHead none;
    none.keep_alive = false;
    scope_.reset();
    Exchange exchange(*stream_, none, {}, server_.limits_, scope_);
    std::string body = R"({"type":"error","error":{"message":)";
    json::append_string(body, why);
    body += R"(,"type":"invalid_request_error","param":null,"code":"bad_http_request"}})";
    auto sent = co_await exchange.respond(status, "application/json", body);
    if (sent.ok()) co_await linger();
}

net::Task<Session::Next> Session::handle_request() {
    RequestHead head;
    auto parsed =
        parse_request_head(std::string_view(bytes() + begin_, head_size_), head,
                           server_.limits_.head_bytes_max);
    if (!parsed.ok()) {
        co_await refuse(400, parsed.error().message);
        co_return Next::close;
    }
    ++server_.stats_.requests;
    ++server_.in_flight_;
    asked_ = true;
    scope_.reset();
    const std::size_t body_at = begin_ + head_size_;
    Exchange exchange(*stream_, head, std::string_view(bytes() + body_at, end_ - body_at),
                      server_.limits_, scope_);
    exchange.draining_ = server_.draining_;
    stream_->watch_hangup(&scope_);
    const Router::Match match = server_.router_.find(head.method, head.path);
    exchange.path_known_ = match.path_known;
    if (match.route == nullptr && match.path_known) exchange.add_header("allow", match.allowed);
    const RouteHandler& handler = match.route != nullptr ? match.route->handler
                                                         : server_.router_.fallback();
    bool failed = false;
    current_ = &exchange;
    try {
        co_await handler(exchange);
    } catch (const std::exception& failure) {
        // A bug ends this session with a logged 500, never the process.
        base::log().error("handler_failed",
                          {{"request_id", exchange.request_id()}, {"what", failure.what()}});
        failed = true;
    }
    current_ = nullptr;
    stream_->watch_hangup(nullptr);
    if (!exchange.answered()) {
        const bool sent = co_await answer_instead(exchange, failed);
        failed = failed || !sent;
    }
    --server_.in_flight_;
    if (failed || !exchange.finished_ || exchange.must_close_ || scope_.cancelled()) {
        if (exchange.finished_ && !scope_.cancelled() && !failed) co_await linger();
        co_return Next::close;
    }
    if (!exchange.keeps_alive() || server_.draining_) {
        co_await linger();
        co_return Next::close;
    }
    begin_ = body_at + exchange.early_used_;
    if (!exchange.late_bytes_.empty()) {
        begin_ = 0;
        end_ = exchange.late_bytes_.size();
        std::memcpy(bytes(), exchange.late_bytes_.data(), end_);
    }
    co_return Next::keep;
}

net::Task<bool> Session::answer_instead(Exchange& exchange, bool failed) {
    const bool stopping = !failed && scope_.reason() == net::CancelReason::shutdown;
    if (scope_.cancelled() && !stopping) co_return false;
    // The client is still there: it learns that another try will be answered.
    if (stopping) scope_.reset();
    exchange.must_close_ = true;
    // Both protocols' envelopes in one, for the path has not been looked at.
    std::string_view body =
        R"({"type":"error","error":{"type":"server_error","message":"internal error","param":null,)"
        R"("code":null}})";
    if (stopping) {
        exchange.add_header("retry-after", "1");
        body = R"({"type":"error","error":{"type":"overloaded_error","message":"the gateway is )"
               R"(shutting down: send the request again","param":null,"code":"shutting_down"}})";
    }
    auto sent = co_await exchange.respond(stopping ? 503 : 500, "application/json", body);
    co_return sent.ok();
}

net::Task<void> Session::linger() {
    // Closing with unread bytes sends a reset that may destroy the answer on its way.
    stream_->shutdown_write();
    if (!buffer_) buffer_ = base::take_buffer();
    const net::Patience patience{server_.loop_.after(linger_time), &idle_scope_};
    std::size_t discarded = 0;
    while (discarded < linger_bytes_max) {
        auto got = co_await stream_->read_some(buffer_.data(), base::Buffer::size(), patience);
        if (!got.ok() || *got == 0) co_return;
        discarded += *got;
    }
}

}  // namespace tollgate::http
