// Names and connections. Loop thread only, except that lookups run on the resolver's own threads.
#pragma once
#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

namespace tollgate::net {

struct Address {
    sockaddr_storage storage{};
    socklen_t length = 0;
    std::string text() const;  // "127.0.0.1:443", "[::1]:443"
};
// "127.0.0.1:4000", "[::]:4000", ":4000", "localhost:4000". Fails: invalid_request.
base::Result<Address> parse_address(const std::string& text);

// Looks `host` up with the system's resolver: numeric hosts at once, names on a worker thread,
// answers kept 30 s per process. Fails: unavailable (name not resolved), timeout, cancelled.
Task<base::Result<std::vector<Address>>> resolve(Loop& loop, std::string host, std::uint16_t port,
                                                 Patience patience);

// Tries the addresses in turn (IPv4 and IPv6 interleaved) until one accepts.
// Fails: unavailable with the last error's words, timeout, cancelled.
Task<base::Result<std::unique_ptr<Stream>>> connect(Loop& loop, std::vector<Address> addresses,
                                                    Patience patience);

// shared: SO_REUSEPORT, so that each thread (and a successor process) has a socket of its own.
enum class PortUse : std::uint8_t { shared, exclusive };
// A bound, listening, non-blocking socket. Fails: unavailable naming address and reason. The
// caller owns the descriptor.
base::Result<int> listen(const Address& address, int backlog, PortUse use = PortUse::shared);
// The port that a listening descriptor got (for port 0).
std::uint16_t bound_port(int fd);

}  // namespace tollgate::net
