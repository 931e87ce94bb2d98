// Network addresses and ranges of them: who may use a key, and where an alert may be sent. Values;
// pure; any thread.
#pragma once
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tollgate::policy {

// IPv6, or IPv4 as ::ffff:a.b.c.d, so that a client behind a dual socket is the same client.
using AddressBytes = std::array<std::uint8_t, 16>;

// "10.0.0.7", "10.0.0.7:5123", "::1", "[::1]:443", with or without a scope ("%eth0"); nullopt when
// it is none of them ("unix").
std::optional<AddressBytes> parse_ip(std::string_view text);
std::optional<AddressBytes> ip_of(const sockaddr_storage& address);

struct AddressRange {
    AddressBytes start{};
    unsigned bits = 128;  // of `start` that count
    bool contains(const AddressBytes& address) const;
};
// "10.0.0.0/8", "2001:db8::/32", or one address. Fails: invalid_request quoting it; also when bits
// behind the prefix are set, since then something else was meant.
base::Result<AddressRange> parse_range(std::string_view text);

class AddressList {
public:
    AddressList() = default;  // allows everything
    // Fails: as parse_range.
    static base::Result<AddressList> of(const std::vector<std::string>& ranges);
    bool everything() const { return ranges_.empty(); }
    // `address` as parse_ip takes it; what is no IP address (a Unix socket) is not in any range.
    bool allows(std::string_view address) const;

private:
    std::vector<AddressRange> ranges_;
};

// False for loopback, private, link-local, carrier, documentation, multicast and metadata ranges:
// where an address that a tenant gave must not lead. What embeds an IPv4 address (6to4, NAT64,
// Teredo) is not public either.
bool is_public(const AddressBytes& address);

}  // namespace tollgate::policy
