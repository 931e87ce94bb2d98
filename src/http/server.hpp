// The HTTP/1.1 server of one loop: accepts, keeps connections alive, hands requests to the router.
// Loop thread only; one Server per loop, sharing a port through SO_REUSEPORT.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_set>
#include <vector>

#include "http/exchange.hpp"
#include "http/router.hpp"
#include "net/loop.hpp"
#include "net/tls.hpp"

namespace tollgate::http {

class Session;

struct ServerStats {
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;   // over connections_max
    std::uint64_t requests = 0;
    std::uint64_t bad_requests = 0;  // heads that were no HTTP
};

class Server {
public:
    // Borrows loop and router; both must outlive it.
    Server(net::Loop& loop, const Router& router, ServerLimits limits);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // Accepts from `listen_fd` (owned from now on), with TLS when a context is given.
    void serve(int listen_fd, std::shared_ptr<net::TlsServerContext> tls);
    // From now on: new limits for new requests.
    void set_limits(const ServerLimits& limits) { limits_ = limits; }
    // Closes the listeners after accepting what is queued; answers carry "connection: close".
    void stop_accepting();
    // Ends connections that wait for a request.
    void close_idle();
    // Ends requests that do not stream: scopes are cancelled as `shutdown`.
    void cancel_plain();
    // Ends everything that still runs: scopes are cancelled as `shutdown`.
    void cancel_all();

    std::size_t connections() const { return sessions_.size(); }
    // Requests being answered; while draining, also connections whose first request may be on its
    // way.
    std::size_t in_flight() const;
    bool draining() const { return draining_; }
    const ServerStats& stats() const { return stats_; }

private:
    friend class Session;
    struct Listener;
    // True when more may be queued: the turn's share has been accepted.
    bool accept_some(Listener& listener);
    void pause_accepting(Listener& listener, int error);
    static net::Task<void> accept_again_later(std::shared_ptr<Listener> listener);

    net::Loop& loop_;
    const Router& router_;
    ServerLimits limits_;
    std::unordered_set<Session*> sessions_;
    std::vector<std::shared_ptr<Listener>> listeners_;
    std::size_t in_flight_ = 0;
    bool draining_ = false;
    ServerStats stats_;
};

}  // namespace tollgate::http
