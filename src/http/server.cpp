#include "http/server.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/log.hpp"
#include "http/session.hpp"

namespace tollgate::http {
namespace {

// The kernel reports a socket writable only while less than this is unsent: a slow client holds
// back the provider before its buffer grows further.
constexpr int unsent_bytes_max = 256 * 1024;
// Without a free descriptor the listener would be ready for ever and the loop never idle.
constexpr std::chrono::milliseconds accept_pause{100};
constexpr std::chrono::seconds accept_complaint_every{10};

bool out_of_resources(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

net::Task<void> run_session(std::unique_ptr<Session> session) {
    co_await session->run();
}

}  // namespace

struct Server::Listener final : net::Loop::Handler, std::enable_shared_from_this<Listener> {
    Server* server = nullptr;
    int fd = -1;
    std::shared_ptr<net::TlsServerContext> tls;
    bool paused = false;              // not watched until accept_pause is over
    net::Instant complained{};
    void on_events(std::uint32_t) override {
        if (server != nullptr && fd >= 0 && !paused) server->accept_some(*this);
    }
    ~Listener() {
        if (fd >= 0) close(fd);
    }
};

Server::Server(net::Loop& loop, const Router& router, ServerLimits limits)
    : loop_(loop), router_(router), limits_(limits) {}

Server::~Server() {
    for (auto& listener : listeners_) listener->server = nullptr;
}

void Server::serve(int listen_fd, std::shared_ptr<net::TlsServerContext> tls) {
    auto listener = std::make_shared<Listener>();
    listener->server = this;
    listener->fd = listen_fd;
    listener->tls = std::move(tls);
    loop_.watch(listen_fd, EPOLLIN, listener.get());
    listeners_.push_back(std::move(listener));
}

bool Server::accept_some(Listener& listener) {
    constexpr int accepts_per_turn = 64;  // others get their turn
    for (int i = 0; i < accepts_per_turn; ++i) {
        const int fd = accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == ECONNABORTED || errno == EINTR)) continue;
        if (fd < 0) {
            if (out_of_resources(errno)) pause_accepting(listener, errno);
            return false;
        }
        ++stats_.accepted;
        if (sessions_.size() >= limits_.connections_max) {
            ++stats_.refused;
            close(fd);
            continue;
        }
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_bytes_max, sizeof unsent_bytes_max);
        auto stream = std::make_unique<net::Stream>(loop_, fd);
        auto session = std::make_unique<Session>(*this, std::move(stream), listener.tls);
        net::spawn(run_session(std::move(session)), "http_session");
    }
    return true;
}

net::Task<void> Server::accept_again_later(std::shared_ptr<Listener> listener) {
    co_await net::sleep_for(accept_pause);
    listener->paused = false;
    if (listener->server == nullptr || listener->fd < 0) co_return;
    listener->server->loop_.watch(listener->fd, EPOLLIN, listener.get());
}

void Server::pause_accepting(Listener& listener, int error) {
    if (loop_.now() - listener.complained >= accept_complaint_every) {
        listener.complained = loop_.now();
        base::log().error("accept_failed", {{"why", std::strerror(error)},
                                            {"hint", "raise LimitNOFILE (ulimit -n)"}});
    }
    if (listener.paused) return;
    listener.paused = true;
    loop_.unwatch(listener.fd);
    net::spawn(accept_again_later(listener.shared_from_this()), "accept_again_later");
}

void Server::stop_accepting() {
    if (draining_) return;
    for (auto& listener : listeners_) {
        // The kernel resets what is still queued when a listener closes.
        while (accept_some(*listener)) {
        }
        close(listener->fd);
        listener->fd = -1;
    }
    draining_ = true;
}

std::size_t Server::in_flight() const {
    if (!draining_) return in_flight_;
    const auto expecting =
        std::count_if(sessions_.begin(), sessions_.end(),
                      [](const Session* session) { return session->expecting(); });
    return in_flight_ + static_cast<std::size_t>(expecting);
}

void Server::close_idle() {
    const std::vector<Session*> all(sessions_.begin(), sessions_.end());
    for (Session* session : all) session->close_if_idle();
}

void Server::cancel_plain() {
    const std::vector<Session*> all(sessions_.begin(), sessions_.end());
    for (Session* session : all) {
        if (!session->streaming()) session->cancel();
    }
}

void Server::cancel_all() {
    const std::vector<Session*> all(sessions_.begin(), sessions_.end());
    for (Session* session : all) session->cancel();
}

}  // namespace tollgate::http
