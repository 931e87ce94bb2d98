#include "commands/listener.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include "http/client.hpp"
#include "net/connect.hpp"

namespace tollgate::commands {
namespace {

constexpr std::uint32_t root = 0;
constexpr std::string_view listening = "0A";  // TCP_LISTEN, as the kernel prints it
constexpr std::size_t local_column = 1, state_column = 3, user_column = 7;

// An IPv4 address is the IPv6 one that stands for it.
struct Endpoint {
    std::array<std::uint8_t, 16> address{};
    std::uint16_t port = 0;
};

constexpr std::array<std::uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

bool is_v4(const Endpoint& endpoint) {
    return std::equal(mapped.begin(), mapped.end(), endpoint.address.begin());
}

// 0.0.0.0 takes what comes by IPv4, [::] takes all.
bool takes(const Endpoint& local, const Endpoint& wanted) {
    if (local.port != wanted.port) return false;
    if (local.address == wanted.address) return true;
    const bool v4 = is_v4(local);
    if (v4 && !is_v4(wanted)) return false;
    const auto* const from = local.address.begin() + (v4 ? mapped.size() : 0);
    return std::all_of(from, local.address.end(), [](std::uint8_t byte) { return byte == 0; });
}

Endpoint endpoint_of(const net::Address& from) {
    Endpoint endpoint;
    if (from.storage.ss_family == AF_INET6) {
        sockaddr_in6 six{};
        std::memcpy(&six, &from.storage, sizeof six);
        std::memcpy(endpoint.address.data(), &six.sin6_addr, endpoint.address.size());
        endpoint.port = ntohs(six.sin6_port);
        return endpoint;
    }
    sockaddr_in four{};
    std::memcpy(&four, &from.storage, sizeof four);
    std::copy(mapped.begin(), mapped.end(), endpoint.address.begin());
    std::memcpy(endpoint.address.data() + mapped.size(), &four.sin_addr, sizeof four.sin_addr);
    endpoint.port = ntohs(four.sin_port);
    return endpoint;
}

template <typename Number>
std::optional<Number> number_of(std::string_view text, int base) {
    Number number{};
    const auto [end, failure] =
        std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// "0100007F:0FA0": words of four bytes in the machine's own order, then the port.
std::optional<Endpoint> parse_endpoint(std::string_view text) {
    constexpr std::size_t word_digits = 8, v4_digits = 8, v6_digits = 32;
    const std::size_t colon = text.find(':');
    if (colon != v4_digits && colon != v6_digits) return std::nullopt;
    Endpoint endpoint;
    const auto port = number_of<std::uint16_t>(text.substr(colon + 1), 16);
    if (!port) return std::nullopt;
    endpoint.port = *port;
    std::uint8_t* at = endpoint.address.data();
    if (colon == v4_digits) at = std::copy(mapped.begin(), mapped.end(), at);
    for (std::size_t digit = 0; digit < colon; digit += word_digits) {
        const auto word = number_of<std::uint32_t>(text.substr(digit, word_digits), 16);
        if (!word) return std::nullopt;
        std::memcpy(at, &*word, sizeof *word);
        at += sizeof *word;
    }
    return endpoint;
}

std::vector<std::string_view> columns_of(std::string_view line) {
    std::vector<std::string_view> columns;
    while (columns.size() <= user_column) {
        const std::size_t begin = line.find_first_not_of(' ');
        if (begin == std::string_view::npos) break;
        line.remove_prefix(begin);
        columns.push_back(line.substr(0, line.find(' ')));
        line.remove_prefix(columns.back().size());
    }
    return columns;
}

void add_listeners(std::string_view table, const Endpoint& wanted,
                   std::vector<std::uint32_t>& users) {
    while (!table.empty()) {
        const std::string_view line = table.substr(0, table.find('\n'));
        table.remove_prefix(std::min(table.size(), line.size() + 1));
        const std::vector<std::string_view> columns = columns_of(line);
        if (columns.size() <= user_column || columns[state_column] != listening) continue;
        const auto local = parse_endpoint(columns[local_column]);
        const auto user = number_of<std::uint32_t>(columns[user_column], 10);
        if (!local || !user || !takes(*local, wanted)) continue;
        if (std::find(users.begin(), users.end(), *user) == users.end()) users.push_back(*user);
    }
}

std::string content_of(const char* path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string name_of(std::uint32_t user) {
    std::string number = "user " + std::to_string(user);
    passwd found{};
    passwd* result = nullptr;
    std::array<char, 4096> memory{};
    if (getpwuid_r(user, &found, memory.data(), memory.size(), &result) != 0) return number;
    return result == nullptr ? number : number + " (" + found.pw_name + ")";
}

base::Error not_ours(const std::string& url, const std::string& who) {
    return {base::ErrorCode::permission,
            who + " at " + url + ": no key was sent there. If that is the gateway you mean, name "
                  "it: --url " + url + ", with --key-file or TOLLGATE_KEY"};
}

}  // namespace

base::Result<std::vector<std::uint32_t>> listeners_of(std::string_view tcp, std::string_view tcp6,
                                                      const std::string& address) {
    TRY(const net::Address parsed, net::parse_address(address));
    const Endpoint wanted = endpoint_of(parsed);
    std::vector<std::uint32_t> users;
    add_listeners(tcp, wanted, users);
    add_listeners(tcp6, wanted, users);
    return users;
}

base::Result<void> check_listener(const std::string& url,
                                  const std::vector<std::uint32_t>& trusted) {
    TRY(const http::Origin origin, http::parse_origin(url));
    const bool six = origin.host.find(':') != std::string::npos;
    const std::string host = six ? "[" + origin.host + "]" : origin.host;
    const std::string address = host + ":" + std::to_string(origin.port);
    TRY(const auto users, listeners_of(content_of("/proc/net/tcp"), content_of("/proc/net/tcp6"),
                                       address));
    if (users.empty()) return not_ours(url, "this machine does not say whose process listens");
    for (const std::uint32_t user : users) {
        if (user == root || std::find(trusted.begin(), trusted.end(), user) != trusted.end()) {
            continue;
        }
        return not_ours(url, "a process of " + name_of(user) + ", not of yours, listens");
    }
    return {};
}

}  // namespace tollgate::commands
