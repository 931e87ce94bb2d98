// Base URLs of providers.
#include <algorithm>

#include "http/client.hpp"
#include "http/scan.hpp"

namespace tollgate::http {
namespace {

constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;

struct Authority {
    std::string_view host;  // without brackets
    std::string_view port;
    bool bracketed = false;
};

// Gives what is wrong, or nullptr.
const char* split_authority(std::string_view text, Authority& out) {
    if (text.find('@') != text.npos) return "user names in the URL are not supported";
    if (text.starts_with('[')) {
        std::size_t close = text.find(']');
        if (close == text.npos) return "the IPv6 address has no closing bracket";
        out.bracketed = true;
        out.host = text.substr(1, close - 1);
        text.remove_prefix(close + 1);
        if (!text.empty() && text.front() != ':') return "bytes after the IPv6 address";
    } else {
        std::size_t colon = std::min(text.find(':'), text.size());
        out.host = text.substr(0, colon);
        text.remove_prefix(colon);
    }
    if (out.host.empty()) return "the host is missing";
    const bool fits = std::all_of(out.host.begin(), out.host.end(), [&](char c) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool digit = c >= '0' && c <= '9';
        return letter || digit || c == '-' || c == '.' || c == '_' || (out.bracketed && c == ':');
    });
    if (!fits) return "the host holds a byte that no host name may hold";
    if (!text.empty()) out.port = text.substr(1);
    if (!text.empty() && out.port.empty()) return "the port after the colon is missing";
    return nullptr;
}

bool parse_port(std::string_view text, std::uint16_t& port) {
    std::uint32_t value = 0;
    if (text.empty() || text.size() > 5) return false;
    for (char c : text) {
        if (c < '0' || c > '9') return false;
        value = value * 10 + static_cast<std::uint32_t>(c - '0');
    }
    port = static_cast<std::uint16_t>(value);
    return value > 0 && value <= 65'535;
}

}  // namespace

std::string Origin::pool_key() const {
    return (tls ? "https://" : "http://") + host + ":" + std::to_string(port);
}

base::Result<Origin> parse_origin(std::string_view base_url) {
    const auto wrong = [&](std::string_view why) {
        return base::invalid("the base URL \"" + std::string(base_url) + "\" cannot be used: " +
                                 std::string(why) + " (expected https://host[:port][/path])",
                             "base_url");
    };
    Origin origin;
    std::string_view rest = base_url;
    const std::size_t scheme = rest.find("://");
    if (scheme == rest.npos) return wrong("it does not begin with https:// or http://");
    origin.tls = iequals(rest.substr(0, scheme), "https");
    if (!origin.tls && !iequals(rest.substr(0, scheme), "http")) {
        return wrong("its scheme is neither https nor http");
    }
    rest.remove_prefix(scheme + 3);
    const std::size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
    Authority authority;
    if (const char* fault = split_authority(rest.substr(0, authority_end), authority)) {
        return wrong(fault);
    }
    rest.remove_prefix(authority_end);
    if (skip_target(rest.data(), rest.data() + rest.size()) != rest.data() + rest.size()) {
        return wrong("its path holds a space or a byte that must be percent-encoded");
    }
    if (rest.find_first_of("?#") != rest.npos) return wrong("it holds a query or a fragment");
    while (rest.ends_with('/')) rest.remove_suffix(1);

    const std::uint16_t usual_port = origin.tls ? https_port : http_port;
    origin.port = usual_port;
    if (!authority.port.empty() && !parse_port(authority.port, origin.port)) {
        return wrong("its port is not a number from 1 to 65535");
    }
    origin.host = authority.host;
    origin.base_path = rest;
    origin.authority = authority.bracketed ? "[" + origin.host + "]" : origin.host;
    if (origin.port != usual_port) origin.authority += ":" + std::to_string(origin.port);
    return origin;
}

}  // namespace tollgate::http
