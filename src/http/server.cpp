#include "http/server.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.hpp"
#include "http/session.hpp"

namespace tollgate::http {
namespace {

// The kernel reports a socket writable only while less than this is unsent: a slow client holds
// back the provider before its buffer grows further.
constexpr int unsent_bytes_max = 256 * 1024;

net::Task<void> run_session(std::unique_ptr<Session> session) {
    co_await session->run();
}

}  // namespace

struct Server::Listener final : net::Loop::Handler {
    Server* server = nullptr;
    int fd = -1;
    std::shared_ptr<net::TlsServerContext> tls;
    void on_events(std::uint32_t) override {
        if (server != nullptr && fd >= 0) server->accept_all(*this);
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

void Server::accept_all(Listener& listener) {
    constexpr int accepts_per_turn = 64;  // others get their turn
    for (int i = 0; i < accepts_per_turn; ++i) {
        const int fd = accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE) {
                base::log().error("accept_failed", {{"why", std::strerror(errno)},
                                                    {"hint", "raise LimitNOFILE (ulimit -n)"}});
            }
            return;
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
}

void Server::stop_accepting() {
    if (draining_) return;
    for (auto& listener : listeners_) {
        accept_all(*listener);
        close(listener->fd);
        listener->fd = -1;
    }
    draining_ = true;
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
