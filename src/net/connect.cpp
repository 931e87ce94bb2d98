#include "net/connect.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <unordered_map>

#include "net/blocking_pool.hpp"

namespace tollgate::net {
namespace {

constexpr std::chrono::seconds cache_life{30};
constexpr std::size_t cache_entries_max = 1024;

struct Cached {
    std::vector<Address> addresses;
    Instant until;
};
// Per loop thread: nothing is shared, a lookup every 30 s per thread costs nothing.
thread_local std::unordered_map<std::string, Cached> cache;

void set_port(Address& address, std::uint16_t port) {
    if (address.storage.ss_family == AF_INET) {
        reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port = htons(port);
    } else {
        reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port = htons(port);
    }
}

bool parse_numeric(const std::string& host, std::uint16_t port, Address& address) {
    address = Address{};
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        address.length = sizeof(sockaddr_in);
        set_port(address, port);
        return true;
    }
    address = Address{};
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        address.length = sizeof(sockaddr_in6);
        set_port(address, port);
        return true;
    }
    return false;
}

struct Lookup {
    std::vector<Address> addresses;  // without ports
    int failure = 0;
};

Lookup lookup_blocking(const std::string& host) {
    Lookup found;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    found.failure = getaddrinfo(host.c_str(), nullptr, &hints, &list);
    if (found.failure != 0) return found;
    std::vector<Address> by_family[2];
    for (addrinfo* item = list; item != nullptr; item = item->ai_next) {
        Address address;
        std::memcpy(&address.storage, item->ai_addr, item->ai_addrlen);
        address.length = item->ai_addrlen;
        by_family[item->ai_family == AF_INET6 ? 1 : 0].push_back(address);
    }
    freeaddrinfo(list);
    // Interleaved, so that one broken family costs one try at most.
    for (std::size_t i = 0; i < by_family[0].size() || i < by_family[1].size(); ++i) {
        for (auto& family : by_family) {
            if (i < family.size()) found.addresses.push_back(family[i]);
        }
    }
    return found;
}

base::Error wait_failure(Wake wake, const std::string& doing) {
    if (wake == Wake::timeout) return {base::ErrorCode::timeout, doing + " timed out"};
    return {base::ErrorCode::cancelled, doing + " was cancelled"};
}

}  // namespace

std::string Address::text() const {
    char host[INET6_ADDRSTRLEN] = "";
    if (storage.ss_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        return std::string(host) + ":" + std::to_string(ntohs(v4->sin_port));
    }
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
    return "[" + std::string(host) + "]:" + std::to_string(ntohs(v6->sin6_port));
}

base::Result<Address> parse_address(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    const auto wrong = [&](const char* why) {
        return base::invalid("'" + text + "' is no address to listen on: " + why +
                             " (expected HOST:PORT, e.g. 127.0.0.1:4000)");
    };
    if (colon == std::string::npos) return wrong("the port is missing");
    std::string host = text.substr(0, colon);
    const std::string port_text = text.substr(colon + 1);
    if (port_text.empty() || port_text.size() > 5 ||
        port_text.find_first_not_of("0123456789") != std::string::npos ||
        std::stoul(port_text) > 65535) {
        return wrong("the port is no number from 0 to 65535");
    }
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    if (host.empty() || host == "*") host = "0.0.0.0";
    if (host == "localhost") host = "127.0.0.1";
    Address address;
    if (!parse_numeric(host, static_cast<std::uint16_t>(std::stoul(port_text)), address)) {
        return wrong("the host is no IP address");
    }
    return address;
}

Task<base::Result<std::vector<Address>>> resolve(Loop& loop, std::string host, std::uint16_t port,
                                                 Patience patience) {
    Address numeric;
    if (parse_numeric(host, port, numeric)) {
        std::vector<Address> only{numeric};
        co_return only;
    }
    auto known = cache.find(host);
    if (known == cache.end() || known->second.until < loop.now()) {
        auto found = std::make_shared<Lookup>();
        std::function<void()> work = [found, host] { *found = lookup_blocking(host); };
        const Wake wake = co_await on_pool(loop, std::move(work), patience);
        if (wake != Wake::ready) co_return wait_failure(wake, "looking up " + host);
        if (found->failure != 0) {
            co_return base::Error{base::ErrorCode::unavailable, "cannot resolve " + host + ": " +
                                                                    gai_strerror(found->failure)};
        }
        if (cache.size() >= cache_entries_max) cache.clear();
        cache[host] = Cached{std::move(found->addresses), loop.after(cache_life)};
        known = cache.find(host);
    }
    std::vector<Address> addresses = known->second.addresses;
    for (Address& address : addresses) set_port(address, port);
    co_return addresses;
}

Task<base::Result<std::unique_ptr<Stream>>> connect(Loop& loop, std::vector<Address> addresses,
                                                    Patience patience) {
    std::string last = "no address";
    std::size_t left = addresses.size();
    for (const Address& address : addresses) {
        // One address that swallows packets must not use the time of the others.
        Patience share = patience;
        if (patience.deadline != Instant::max() && left > 1) {
            share.deadline = Clock::now() + (patience.deadline - Clock::now()) /
                                                static_cast<std::int64_t>(left);
        }
        --left;
        const int fd = socket(address.storage.ss_family,
                              SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            last = std::strerror(errno);
            continue;
        }
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
        const int started = ::connect(fd, reinterpret_cast<const sockaddr*>(&address.storage),
                                      address.length);
        if (started != 0 && errno != EINPROGRESS) {
            last = address.text() + ": " + std::strerror(errno);
            close(fd);
            continue;
        }
        auto stream = std::make_unique<Stream>(loop, fd);
        if (started != 0) {
            stream->expect_connect();
            const Wake wake = co_await stream->wait_writable(share);
            if (wake == Wake::timeout && left > 0) {
                last = address.text() + ": no answer in time";
                continue;
            }
            if (wake != Wake::ready) {
                co_return wait_failure(wake, "connecting to " + address.text());
            }
            int failure = 0;
            socklen_t length = sizeof failure;
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &length);
            if (failure != 0) {
                last = address.text() + ": " + std::strerror(failure);
                continue;
            }
        }
        co_return std::move(stream);
    }
    co_return base::Error{base::ErrorCode::unavailable, "cannot connect to " + last};
}

base::Result<int> listen(const Address& address, int backlog, PortUse use) {
    const auto failed = [&](const char* what, int fd) {
        const std::string why = std::strerror(errno);
        if (fd >= 0) close(fd);
        return base::Error{base::ErrorCode::unavailable,
                           std::string("cannot ") + what + " " + address.text() + ": " + why};
    };
    const int fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return failed("open a socket for", fd);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (use == PortUse::shared) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.length) != 0) {
        return failed("listen on", fd);
    }
    if (::listen(fd, backlog) != 0) return failed("listen on", fd);
    return fd;
}

std::uint16_t bound_port(int fd) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return 0;
    return ntohs(storage.ss_family == AF_INET
                     ? reinterpret_cast<const sockaddr_in*>(&storage)->sin_port
                     : reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
}

}  // namespace tollgate::net
