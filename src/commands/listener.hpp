// Whose process listens on an address of this machine, as the kernel says in /proc/net/tcp and
// tcp6: a key for the gateway here must not be sent to whoever else was first on its port.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tollgate::commands {

// The users whose sockets take connections to `address` ("127.0.0.1:4000", "[::1]:4000"), once
// each. `tcp` and `tcp6` are what those files hold. Pure. Fails: invalid_request (the address).
base::Result<std::vector<std::uint32_t>> listeners_of(std::string_view tcp, std::string_view tcp6,
                                                      const std::string& address);

// Fails: permission unless all who listen on the address of `url` are root or of `trusted`; also
// when the kernel does not say who does. Reads files.
base::Result<void> check_listener(const std::string& url,
                                  const std::vector<std::uint32_t>& trusted);

}  // namespace tollgate::commands
