// Sockets, clock and limits for the benchmark programs. Nothing here depends on the gateway's
// sources. Threading: free functions without shared state. Errors: std::nullopt or a message;
// callers exit with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace bench {

// CLOCK_MONOTONIC, so that the stub's stamp and the load generator's clock are the same clock.
std::uint64_t now_ns();

struct Address {
    std::uint32_t ip_network_order = 0;
    std::uint16_t port = 0;
};

// Accepts "127.0.0.1:8080" and ":8080". Only IPv4 addresses: the benchmark stays on loopback.
std::optional<Address> parse_address(std::string_view text);

// Owns a file descriptor.
class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~Fd() { reset(); }
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    void reset() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

private:
    int fd_ = -1;
};

// Non-blocking listener with SO_REUSEADDR; an invalid Fd with errno set when it fails.
Fd listen_on(Address address);
// Starts a non-blocking connect with TCP_NODELAY; writable when done.
Fd start_connect(Address address);
// Accepts one connection, non-blocking with TCP_NODELAY; an invalid Fd when none is waiting.
Fd accept_one(int listener);

// Raises the soft (and as root the hard) limit of open files. Returns what is in force afterwards.
std::uint64_t raise_open_files(std::uint64_t wanted);

}  // namespace bench
