#include "load/connection.hpp"

#include <cerrno>
#include <cstring>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace bench {
namespace {

constexpr std::size_t read_bytes_max = 256 * 1024;

// One buffer for all connections: a read is used up before the next one happens.
char* read_buffer() {
    static char buffer[read_bytes_max];
    return buffer;
}

}  // namespace

bool LoadConnection::open(int epoll, Address target, std::uint32_t tag) {
    fd_ = start_connect(target);
    if (!fd_) {
        problem_ = std::string("connect: ") + std::strerror(errno);
        return false;
    }
    epoll_ = epoll;
    tag_ = tag;
    connected_ = busy_ = false;
    watching_writable_ = true;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP;
    event.data.u32 = tag;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd_.get(), &event) == 0;
}

void LoadConnection::close() {
    fd_.reset();
    connected_ = busy_ = false;
}

void LoadConnection::watch(bool writable) {
    if (watching_writable_ == writable) return;
    watching_writable_ = writable;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | (writable ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
    event.data.u32 = tag_;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_.get(), &event);
}

Outcome LoadConnection::fail(std::string problem) {
    problem_ = std::move(problem);
    return Outcome::failed;
}

Outcome LoadConnection::send_request(std::string_view request, std::uint64_t due_ns) {
    response_.reset();
    busy_ = true;
    due_ns_ = due_ns;
    unsent_ = request;
    return write_rest();
}

Outcome LoadConnection::write_rest() {
    while (!unsent_.empty()) {
        const auto sent = send(fd_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
            watch(true);
            return Outcome::nothing;
        }
        if (sent < 0) return fail(std::string("send: ") + std::strerror(errno));
        unsent_.remove_prefix(static_cast<std::size_t>(sent));
    }
    watch(false);
    return Outcome::nothing;
}

Outcome LoadConnection::on_ready(std::uint32_t events) {
    if (!connected_) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) return fail(std::string("connect: ") + std::strerror(error));
        if ((events & EPOLLOUT) == 0) return Outcome::nothing;
        connected_ = true;
        watch(false);
        return Outcome::connected;
    }
    if ((events & EPOLLOUT) != 0 && write_rest() == Outcome::failed) return Outcome::failed;
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) return read_some();
    return Outcome::nothing;
}

Outcome LoadConnection::read_some() {
    const auto got = recv(fd_.get(), read_buffer(), read_bytes_max, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Outcome::nothing;
    last_read_ns_ = now_ns();
    if (got <= 0) {
        if (!busy_) return fail("idle connection closed");
        if (got == 0 && response_.end_of_input() == Response::State::complete) {
            return Outcome::complete;
        }
        return fail(response_.any_byte() ? "closed in the middle of the answer"
                                         : "closed before the answer");
    }
    if (!busy_) return fail("bytes without a request");
    const auto state =
        response_.feed({read_buffer(), static_cast<std::size_t>(got)}, last_read_ns_);
    if (state == Response::State::broken) return fail("malformed answer");
    if (state != Response::State::complete) return Outcome::progress;
    // A gateway may answer before it has taken the whole request; that connection is spent.
    if (!unsent_.empty() && response_.status() == 200) {
        return fail("answer before the request ended");
    }
    busy_ = false;
    return Outcome::complete;
}

}  // namespace bench
