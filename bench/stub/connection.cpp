#include "stub/connection.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <openssl/err.h>
#include <sys/socket.h>

namespace bench {
namespace {

constexpr std::size_t input_bytes_first = 16 * 1024;
constexpr std::size_t input_bytes_idle_max = 16 * 1024;
constexpr long would_block = -1;
constexpr long gone = -2;

}  // namespace

void InputBuffer::reserve(std::size_t capacity) {
    if (capacity <= capacity_) return;
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ > 0) std::memcpy(larger.get(), data_.get(), size_);
    data_ = std::move(larger);
    capacity_ = capacity;
}

void InputBuffer::consume(std::size_t bytes) {
    size_ -= bytes;
    if (size_ > 0) std::memmove(data_.get(), data_.get() + bytes, size_);
}

void InputBuffer::release_if_empty() {
    if (size_ != 0 || capacity_ <= input_bytes_idle_max) return;
    data_.reset();
    capacity_ = 0;
}

Connection::Connection(Fd fd, std::size_t listener_index, SSL_CTX* tls)
    : listener(listener_index), fd_(std::move(fd)) {
    if (tls != nullptr) {
        ssl_.reset(SSL_new(tls));
        SSL_set_fd(ssl_.get(), fd_.get());
        SSL_set_accept_state(ssl_.get());
    }
}

Received Connection::receive() {
    if (input.room() == 0) {
        input.reserve(std::max(input_bytes_first, input.view().size() * 2));
    }
    const auto room = input.room();
    if (ssl_) {
        ERR_clear_error();
        const int got = SSL_read(ssl_.get(), input.space(), static_cast<int>(room));
        if (got > 0) {
            input.add(static_cast<std::size_t>(got));
            return Received::some;
        }
        const int error = SSL_get_error(ssl_.get(), got);
        const bool wait = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
        return wait ? Received::nothing : Received::closed;
    }
    const auto got = recv(fd_.get(), input.space(), room, 0);
    if (got > 0) {
        input.add(static_cast<std::size_t>(got));
        filled_ = static_cast<std::size_t>(got) == room;
        return Received::some;
    }
    filled_ = false;
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? Received::nothing : Received::closed;
}

long Connection::write_some(std::string_view bytes) {
    if (ssl_) {
        ERR_clear_error();
        const int sent = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
        if (sent > 0) return sent;
        const int error = SSL_get_error(ssl_.get(), sent);
        const bool wait = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
        return wait ? would_block : gone;
    }
    const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    return errno == EAGAIN || errno == EINTR ? would_block : gone;
}

Sent Connection::send(std::string_view bytes) {
    if (!has_unsent()) {
        const long sent = write_some(bytes);
        if (sent == gone) return Sent::closed;
        if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
        if (bytes.empty()) return Sent::all;
        unsent_.clear();
        unsent_at_ = 0;
    }
    unsent_ += bytes;
    return Sent::waiting;
}

Sent Connection::flush() {
    while (has_unsent()) {
        const long sent = write_some(std::string_view(unsent_).substr(unsent_at_));
        if (sent == gone) return Sent::closed;
        if (sent == would_block) return Sent::waiting;
        unsent_at_ += static_cast<std::size_t>(sent);
    }
    return Sent::all;
}

}  // namespace bench
