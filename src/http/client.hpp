// The HTTP/1.1 client towards providers: pooled keep-alive connections, TLS, deadlines.
// One Client per thread (per Loop); nothing is shared between threads but TLS contexts.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/message.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "net/tls.hpp"

namespace tollgate::http {

// Where a provider listens; parsed once when a snapshot is built, immutable.
struct Origin {
    bool tls = false;
    std::string host;  // for DNS, SNI and verification
    std::uint16_t port = 0;
    std::string authority;                               // for the Host header
    std::string base_path;                               // of the base URL, without trailing slash
    std::shared_ptr<net::TlsClientContext> tls_context;  // null unless tls
    std::string pool_key() const;                        // scheme, host and port
};
// "https://api.example.com/v1". Fails: invalid_request naming what is wrong.
base::Result<Origin> parse_origin(std::string_view base_url);

struct Deadlines {
    std::chrono::milliseconds connect{5'000};
    std::chrono::milliseconds headers{60'000};  // from the request's last byte to the head
    std::chrono::milliseconds idle{120'000};    // between bytes of the body
    net::Instant total = net::Instant::max();
};

struct OutgoingRequest {
    std::string_view method = "POST";
    std::string_view target;                 // path and query
    std::span<const Header> headers;         // without Host, Content-Length, Connection
    std::span<const std::string_view> body;  // pieces, sent in order; all must stay valid
};

class Connection;
class ConnectionPool;
struct OriginConnections;

// A call in progress. Movable; destroying it before the body's end closes the connection at once
// (which stops the provider), after the end the connection goes back to the pool.
class Call {
public:
    Call();
    Call(Call&&) noexcept;
    Call& operator=(Call&&) noexcept;
    ~Call();

    const ResponseHead& head() const;  // views valid as long as the call
    // The next bytes of the body, dechunked and decompressed, a view valid until the next read() or
    // wait(); "" at the end. Waits holding no buffer. Fails: provider (cut short, bad framing, bad
    // compression), timeout (idle or total), cancelled.
    net::Task<base::Result<std::string_view>> read();
    // Waits until read() has something to say (true) or `until` has come (false), holding no
    // buffer. A deadline of the call that passes meanwhile gives true: read() then reports it.
    net::Task<base::Result<bool>> wait(net::Instant until);
    // The whole body. Fails as read(); provider when longer than `bytes_max`.
    net::Task<base::Result<std::string>> read_all(std::size_t bytes_max);
    // True when the connection had been used before this call.
    bool reused_connection() const;

private:
    friend class Client;
    void release();
    base::Result<bool> gather(std::string& body, std::size_t bytes_max);
    net::Task<base::Result<std::string_view>> read_later();
    net::Task<base::Result<std::string>> read_rest(std::string body, std::size_t bytes_max);
    std::shared_ptr<ConnectionPool> pool_;
    OriginConnections* origin_ = nullptr;  // owned by the pool, lives while calls are counted in it
    std::unique_ptr<Connection> connection_;
};

// How far a failed call came: decides whether it may be sent again.
enum class CallFailure : std::uint8_t {
    none,
    resolve,
    connect,
    tls,
    send,
    closed_before_head,
    head_timeout,
    bad_head,
    cancelled
};

// What of a request has left.
struct Departure {
    bool begun = false;       // something may have reached the provider
    net::Instant again = {};  // it was sent once more, on a fresh connection; epoch: it was not
};

struct ClientLimits {
    std::size_t idle_per_origin_max = 64;
    std::size_t idle_total_max = 1024;
    std::chrono::seconds idle_max{60};  // older idle connections are closed, not reused
};

class Client {
public:
    explicit Client(net::Loop& loop, ClientLimits limits = {});
    ~Client();

    // Sends the request and waits for the response's head (1xx are skipped). On a reused connection
    // that closed before any byte of an answer, tries once more on a fresh one (counted in
    // `stale_retries`). Asks nothing about status: a 500 is an answer.
    // Fails: unavailable (resolve, connect, reset), provider (TLS, bad head), timeout, cancelled;
    // `failure` says how far it came. `departure`, where there is one, is filled in any case.
    net::Task<base::Result<Call>> send(const Origin& origin, OutgoingRequest request,
                                       Deadlines deadlines, net::CancelScope* scope,
                                       CallFailure* failure,
                                       Departure* departure = nullptr);
    // Closes what is idle too long; called now and then by the owner.
    void sweep();
    std::size_t idle_connections() const;
    std::size_t active_connections() const;
    std::uint64_t connects() const;
    std::uint64_t stale_retries() const;

private:
    net::Task<base::Result<std::unique_ptr<Connection>>> open(const Origin& origin,
                                                              const Deadlines& deadlines,
                                                              net::CancelScope* scope,
                                                              CallFailure& failure);
    net::Loop& loop_;
    std::shared_ptr<ConnectionPool> pool_;
};

}  // namespace tollgate::http
