// Who is asking: what a valid key stands for. A plain value.
#pragma once
#include <cstdint>
#include <string>

namespace tollgate::domain {

struct Principal {
    std::string tenant;    // id; "" for the master key
    std::string key_name;  // for logs: "master", "acme/1"; never the key itself
    bool platform_admin = false;
    std::uint32_t policy = 0;  // index of the key's policy in the snapshot

    friend bool operator==(const Principal& a, const Principal& b) {
        return a.tenant == b.tenant && a.platform_admin == b.platform_admin;
    }
};

}  // namespace tollgate::domain
