#include "shared_state/redis_address.hpp"

#include <charconv>
#include <optional>

namespace tollgate::shared_state {
namespace {

base::Error wrong(const char* why) {
    return base::invalid(std::string("stores.redis: ") + why +
                             "; expected redis://[user:password@]host[:port][/database], or "
                             "rediss:// for TLS",
                         "stores.redis");
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        unsigned value = 0;
        if (i + 2 >= text.size()) return std::nullopt;
        const char* end = text.data() + i + 3;
        const auto parsed = std::from_chars(text.data() + i + 1, end, value, 16);
        if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
        decoded += static_cast<char>(value);
        i += 2;
    }
    return decoded;
}

std::optional<int> number(std::string_view text, int least, int most) {
    int value = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    if (parsed.ec != std::errc() || parsed.ptr != end || value < least || value > most) {
        return std::nullopt;
    }
    return value;
}

// "host", "host:port", "[v6]", "[v6]:port".
base::Result<void> parse_host(std::string_view text, RedisAddress& address) {
    std::string_view port;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return wrong("the ']' of the address is missing");
        address.host = text.substr(1, end - 1);
        const std::string_view rest = text.substr(end + 1);
        if (!rest.empty() && rest.front() != ':') return wrong("':PORT' must follow the ']'");
        port = rest.empty() ? rest : rest.substr(1);
    } else {
        const std::size_t colon = text.find(':');
        address.host = text.substr(0, colon);
        if (colon != std::string_view::npos) port = text.substr(colon + 1);
    }
    if (address.host.empty()) return wrong("the host is missing");
    if (port.empty()) return {};
    const std::optional<int> parsed = number(port, 1, 65535);
    if (!parsed) return wrong("the port is no number from 1 to 65535");
    address.port = static_cast<std::uint16_t>(*parsed);
    return {};
}

}  // namespace

base::Result<RedisAddress> parse_redis_url(std::string_view url) {
    RedisAddress address;
    if (url.starts_with("rediss://")) {
        address.tls = true;
        url.remove_prefix(9);
    } else if (url.starts_with("redis://")) {
        url.remove_prefix(8);
    } else {
        return wrong("the URL does not begin with redis:// or rediss://");
    }
    const std::size_t at = url.rfind('@');
    if (at != std::string_view::npos) {
        const std::string_view who = url.substr(0, at);
        const std::size_t colon = who.find(':');
        const auto user = percent_decoded(who.substr(0, colon));
        const auto password = percent_decoded(
            colon == std::string_view::npos ? std::string_view() : who.substr(colon + 1));
        if (!user || !password) return wrong("user or password has a '%' without two hex digits");
        address.user = *user;
        address.password = *password;
        url.remove_prefix(at + 1);
    }
    const std::size_t slash = url.find('/');
    if (slash != std::string_view::npos && slash + 1 < url.size()) {
        const std::optional<int> database = number(url.substr(slash + 1), 0, 65535);
        if (!database) return wrong("the database is no number");
        address.database = *database;
    }
    TRY_VOID(parse_host(url.substr(0, slash), address));
    return address;
}

}  // namespace tollgate::shared_state
