#include "net/stream.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "net/system_calls.hpp"

namespace tollgate::net {
namespace {

base::Error wake_error(Wake wake, const char* doing) {
    if (wake == Wake::timeout) {
        return {base::ErrorCode::timeout, std::string("timed out while ") + doing};
    }
    return {base::ErrorCode::cancelled, std::string("cancelled while ") + doing};
}

base::Error io_error(const IoResult& result, const Stream& stream, const char* doing) {
    if (result.status == IoStatus::end) {
        return {base::ErrorCode::unavailable,
                std::string("peer closed the connection while ") + doing};
    }
    const std::string why = result.error_number != 0 ? std::strerror(result.error_number)
                                                     : stream.tls_error();
    return {base::ErrorCode::unavailable, std::string(doing) + ": " + why};
}

}  // namespace

struct Stream::Registration final : Loop::Handler {
    Stream* stream = nullptr;
    void on_events(std::uint32_t events) override {
        if (stream != nullptr) stream->on_events(events);
    }
};

Stream::Stream(Loop& loop, int fd) : loop_(loop), fd_(fd), registration_(new Registration) {
    registration_->stream = this;
    loop_.watch(fd_, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, registration_);
}

Stream::~Stream() {
    if (reader_ != nullptr) loop_.wake(*reader_, Wake::cancelled);
    if (writer_ != nullptr) loop_.wake(*writer_, Wake::cancelled);
    release_tls();
    close(fd_);
    registration_->stream = nullptr;
    loop_.defer([](void* pointer) { delete static_cast<Registration*>(pointer); }, registration_);
}

void Stream::on_events(std::uint32_t events) {
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        hangup_ = true;
        if (hangup_scope_ != nullptr) hangup_scope_->cancel(loop_, CancelReason::client_gone);
    }
    const bool failed = (events & (EPOLLHUP | EPOLLERR)) != 0;
    if ((events & (EPOLLIN | EPOLLRDHUP)) != 0 || failed) readable_ = true;
    if ((events & EPOLLOUT) != 0 || failed) writable_ = true;
    // Resuming may destroy this stream: look at nothing of it afterwards.
    Waiter* reader = reader_ != nullptr && (read_wants_write_ ? writable_ : readable_) ? reader_
                                                                                      : nullptr;
    Waiter* writer = writer_ != nullptr && (write_wants_read_ ? readable_ : writable_) ? writer_
                                                                                      : nullptr;
    if (reader != nullptr && writer != nullptr) {
        loop_.wake(*writer, Wake::ready);
        loop_.resume(*reader, Wake::ready);
    } else if (reader != nullptr) {
        loop_.resume(*reader, Wake::ready);
    } else if (writer != nullptr) {
        loop_.resume(*writer, Wake::ready);
    }
}

void Stream::watch_hangup(CancelScope* scope) {
    hangup_scope_ = scope;
    if (scope != nullptr && hangup_) scope->cancel(loop_, CancelReason::client_gone);
}

IoResult Stream::try_read(char* data, std::size_t size) {
    if (ssl_ != nullptr) return tls_read(data, size);
    const ssize_t count = receive_bytes(fd_, data, size, 0);
    if (count > 0) {
        // A short read leaves nothing behind, and then the next arrival is a new edge.
        if (static_cast<std::size_t>(count) < size && !hangup_) readable_ = false;
        return {IoStatus::ok, static_cast<std::size_t>(count), 0};
    }
    if (count == 0) return {IoStatus::end, 0, 0};
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
        if (errno != EINTR) readable_ = false;
        return {IoStatus::would_block, 0, 0};
    }
    return {IoStatus::failed, 0, errno};
}

// Reading a list of pieces costs the kernel more than joining a few short ones costs us.
static ssize_t send_pieces(int fd, std::span<const iovec> pieces) {
    constexpr std::size_t joined_max = 2048;
    std::size_t size = 0;
    for (const iovec& piece : pieces) size += piece.iov_len;
    if (pieces.size() == 1) return send_bytes(fd, pieces[0].iov_base, size, MSG_NOSIGNAL);
    if (size > joined_max) {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(pieces.data());
        message.msg_iovlen = pieces.size();
        return send_message(fd, message, MSG_NOSIGNAL);
    }
    char joined[joined_max];
    char* end = joined;
    for (const iovec& piece : pieces) {
        if (piece.iov_len == 0) continue;
        std::memcpy(end, piece.iov_base, piece.iov_len);
        end += piece.iov_len;
    }
    return send_bytes(fd, joined, size, MSG_NOSIGNAL);
}

IoResult Stream::try_write(std::span<const iovec> pieces) {
    if (ssl_ != nullptr) return tls_write(pieces);
    const ssize_t count = send_pieces(fd_, pieces);
    if (count >= 0) return {IoStatus::ok, static_cast<std::size_t>(count), 0};
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
        if (errno != EINTR) writable_ = false;
        return {IoStatus::would_block, 0, 0};
    }
    if (errno == EPIPE || errno == ECONNRESET) hangup_ = true;
    return {IoStatus::failed, 0, errno};
}

bool Stream::Awaiter::await_ready() noexcept {
    if (read) return stream.read_wants_write_ ? stream.writable_ : stream.readable_;
    return stream.write_wants_read_ ? stream.readable_ : stream.writable_;
}

bool Stream::Awaiter::await_suspend(std::coroutine_handle<> coroutine) {
    waiter.coroutine = coroutine;
    return stream.loop_.enlist(waiter, read ? &stream.reader_ : &stream.writer_, patience);
}

Task<base::Result<void>> Stream::write_all(std::span<const iovec> pieces, Patience patience) {
    constexpr std::size_t pieces_max = 64;
    std::array<iovec, pieces_max> window;
    std::size_t next = 0;
    std::size_t offset = 0;  // written bytes of pieces[next]
    while (true) {
        std::size_t count = 0;
        for (std::size_t i = next; i < pieces.size() && count < pieces_max; ++i) {
            const std::size_t skip = i == next ? offset : 0;
            if (pieces[i].iov_len == skip) continue;
            window[count++] = {static_cast<char*>(pieces[i].iov_base) + skip,
                               pieces[i].iov_len - skip};
        }
        if (count == 0) co_return base::Result<void>();
        const IoResult result = try_write(std::span<const iovec>(window.data(), count));
        if (result.status == IoStatus::ok) {
            std::size_t written = result.bytes;
            while (next < pieces.size() && written >= pieces[next].iov_len - offset) {
                written -= pieces[next].iov_len - offset;
                offset = 0;
                ++next;
            }
            offset += written;
            continue;
        }
        if (result.status != IoStatus::would_block) co_return io_error(result, *this, "sending");
        const Wake wake = co_await wait_writable(patience);
        if (wake != Wake::ready) co_return wake_error(wake, "sending");
    }
}

Task<base::Result<std::size_t>> Stream::read_some(char* data, std::size_t size, Patience patience) {
    while (true) {
        const IoResult result = try_read(data, size);
        if (result.status == IoStatus::ok) co_return result.bytes;
        if (result.status == IoStatus::end) co_return std::size_t{0};
        if (result.status == IoStatus::failed) co_return io_error(result, *this, "reading");
        const Wake wake = co_await wait_readable(patience);
        if (wake != Wake::ready) co_return wake_error(wake, "reading");
    }
}

bool Stream::looks_idle() {
    if (hangup_) return false;
    // The loop has told of nothing since the last read found nothing: no need to ask the kernel.
    if (!readable_) return true;
    if (ssl_ != nullptr) return tls_looks_idle();
    char byte;
    const ssize_t count = receive_bytes(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void Stream::shutdown_write() {
    if (ssl_ != nullptr) end_tls();
    ::shutdown(fd_, SHUT_WR);
}

const std::string& Stream::peer_address() {
    if (!peer_.empty()) return peer_;
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    char text[INET6_ADDRSTRLEN] = "";
    peer_ = "unix";
    if (getpeername(fd_, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return peer_;
    if (storage.ss_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
        inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
        peer_ = std::string(text) + ":" + std::to_string(ntohs(v4->sin_port));
    } else if (storage.ss_family == AF_INET6) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
        inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
        peer_ = "[" + std::string(text) + "]:" + std::to_string(ntohs(v6->sin6_port));
    }
    return peer_;
}

}  // namespace tollgate::net
