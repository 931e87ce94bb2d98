#include "policy/address_range.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

namespace tollgate::policy {
namespace {

constexpr unsigned bits_max = 128, v4_start_bits = 96;
constexpr AddressBytes v4_start = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};

AddressBytes from_v4(const in_addr& v4) {
    AddressBytes bytes = v4_start;
    std::memcpy(bytes.data() + 12, &v4, sizeof v4);
    return bytes;
}

bool is_v4(const AddressBytes& address) {
    return std::equal(address.begin(), address.begin() + 12, v4_start.begin());
}

// The host of "host:port" and "[host]:port".
std::string_view host_of(std::string_view text) {
    if (text.starts_with('[')) return text.substr(1, text.find(']') - 1);
    const std::size_t colon = text.find(':');
    const bool one = colon != std::string_view::npos && text.find(':', colon + 1) == text.npos;
    return one ? text.substr(0, colon) : text;
}

AddressRange range(const char* text) {
    const auto parsed = parse_range(text);
    return parsed.value();  // of the lists below, which tests read
}

}  // namespace

std::optional<AddressBytes> parse_ip(std::string_view text) {
    std::string_view host = host_of(text);
    host = host.substr(0, host.find('%'));
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (host.size() >= terminated.size()) return std::nullopt;
    std::copy(host.begin(), host.end(), terminated.begin());
    in_addr v4{};
    if (::inet_pton(AF_INET, terminated.data(), &v4) == 1) return from_v4(v4);
    AddressBytes bytes{};
    if (::inet_pton(AF_INET6, terminated.data(), bytes.data()) == 1) return bytes;
    return std::nullopt;
}

std::optional<AddressBytes> ip_of(const sockaddr_storage& address) {
    if (address.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address, sizeof v4);
        return from_v4(v4.sin_addr);
    }
    if (address.ss_family != AF_INET6) return std::nullopt;
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    AddressBytes bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return bytes;
}

bool AddressRange::contains(const AddressBytes& address) const {
    const unsigned whole = bits / 8, rest = bits % 8;
    if (!std::equal(start.begin(), start.begin() + whole, address.begin())) return false;
    if (rest == 0) return true;
    const unsigned mask = 0xffU << (8 - rest);
    return ((start[whole] ^ address[whole]) & mask) == 0;
}

base::Result<AddressRange> parse_range(std::string_view text) {
    const auto wrong = [text](const std::string& why) {
        return base::invalid("'" + std::string(text) + "' is no range of addresses: " + why +
                             " (write 10.0.0.0/8, 2001:db8::/32 or one address)");
    };
    const std::size_t slash = text.find('/');
    const std::string_view host = text.substr(0, slash);
    const auto start = parse_ip(host);
    // A port would be taken for part of the address, and none may stand here.
    if (!start || host != host_of(host)) return wrong("it does not begin with an address");
    AddressRange range{*start, bits_max};
    const unsigned before = is_v4(*start) && host.find(':') == host.npos ? v4_start_bits : 0;
    if (slash != std::string_view::npos) {
        const std::string_view digits = text.substr(slash + 1);
        unsigned bits = 0;
        const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
        if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() ||
            bits > bits_max - before) {
            return wrong("the part behind / is no number from 0 to " +
                         std::to_string(bits_max - before));
        }
        range.bits = before + bits;
    }
    for (unsigned bit = range.bits; bit < bits_max; ++bit) {
        if ((range.start[bit / 8] >> (7 - bit % 8) & 1) != 0) {
            return wrong("bits are set behind the first " + std::to_string(range.bits - before));
        }
    }
    return range;
}

base::Result<AddressList> AddressList::of(const std::vector<std::string>& ranges) {
    AddressList list;
    for (const std::string& text : ranges) {
        TRY(const AddressRange one, parse_range(text));
        list.ranges_.push_back(one);
    }
    return list;
}

bool AddressList::allows(std::string_view address) const {
    if (ranges_.empty()) return true;
    const auto ip = parse_ip(address);
    if (!ip) return false;
    return std::any_of(ranges_.begin(), ranges_.end(),
                       [&ip](const AddressRange& each) { return each.contains(*ip); });
}

bool is_public(const AddressBytes& address) {
    // IANA's special-purpose registries; 2000::/3 is all that is global in IPv6.
    static const std::vector<AddressRange> v4 = {
        range("0.0.0.0/8"),      range("10.0.0.0/8"),     range("100.64.0.0/10"),
        range("127.0.0.0/8"),    range("169.254.0.0/16"), range("172.16.0.0/12"),
        range("192.0.0.0/24"),   range("192.0.2.0/24"),   range("192.88.99.0/24"),
        range("192.168.0.0/16"), range("198.18.0.0/15"),  range("198.51.100.0/24"),
        range("203.0.113.0/24"), range("224.0.0.0/3"),
    };
    static const AddressRange global = range("2000::/3");
    static const std::vector<AddressRange> v6 = {range("2001::/23"), range("2001:db8::/32"),
                                                 range("2002::/16"), range("3fff::/20")};
    const auto in = [&address](const AddressRange& each) { return each.contains(address); };
    if (is_v4(address)) return std::none_of(v4.begin(), v4.end(), in);
    return global.contains(address) && std::none_of(v6.begin(), v6.end(), in);
}

}  // namespace tollgate::policy
