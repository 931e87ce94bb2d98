#include "common/net.hpp"

#include <arpa/inet.h>
#include <charconv>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

namespace bench {
namespace {

constexpr int listen_backlog = 4096;

sockaddr_in to_sockaddr(Address address) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(address.port);
    result.sin_addr.s_addr = address.ip_network_order;
    return result;
}

void set_no_delay(int fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

std::uint64_t now_ns() {
    timespec value{};
    clock_gettime(CLOCK_MONOTONIC, &value);
    return static_cast<std::uint64_t>(value.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(value.tv_nsec);
}

std::optional<Address> parse_address(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string host(text.substr(0, colon));
    if (host.empty() || host == "localhost") host = "127.0.0.1";
    const auto digits = text.substr(colon + 1);
    Address address;
    const auto parsed =
        std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
    if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size()) {
        return std::nullopt;
    }
    in_addr ip{};
    if (inet_pton(AF_INET, host.c_str(), &ip) != 1) return std::nullopt;
    address.ip_network_order = ip.s_addr;
    return address;
}

Fd listen_on(Address address) {
    Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return {};
    const int on = 1;
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const auto where = to_sockaddr(address);
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) return {};
    if (listen(fd.get(), listen_backlog) != 0) return {};
    return fd;
}

Fd start_connect(Address address) {
    Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return {};
    set_no_delay(fd.get());
    const auto where = to_sockaddr(address);
    const int result =
        connect(fd.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where);
    if (result != 0 && errno != EINPROGRESS) return {};
    return fd;
}

Fd accept_one(int listener) {
    Fd fd(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) set_no_delay(fd.get());
    return fd;
}

std::uint64_t raise_open_files(std::uint64_t wanted) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < wanted) {
        rlimit raised{wanted, limit.rlim_max < wanted ? wanted : limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) != 0) {
            raised = {limit.rlim_max, limit.rlim_max};
            setrlimit(RLIMIT_NOFILE, &raised);
        }
    }
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

}  // namespace bench
