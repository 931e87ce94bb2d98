// Who is asking: what a valid key stands for. A plain value; one per key is held in memory, so what
// many keys share (limits, allowed models, rules) stands behind `policy`.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "domain/tenancy.hpp"

namespace tollgate::domain {

struct Principal {
    std::string tenant;    // id; "" for the master key
    std::string key_name;  // for logs: "master", "acme/1"; never the key itself
    bool platform_admin = false;
    std::uint32_t policy = 0;              // index of the key's policy in the snapshot
    AccessRole role = AccessRole::member;  // what it may administer; see access_role()
    std::string key_id = {};               // "" : a key of the configuration
    std::string team = {}, user = {};      // ids, "" : none
    std::string tier = {};                 // "" : none
    // Of the key, for reports; null: none.
    std::shared_ptr<const std::vector<std::string>> tags = nullptr;

    AccessRole access_role() const { return platform_admin ? AccessRole::platform_admin : role; }
    // The same owner: two keys of one user are one principal, two users of a tenant are two.
    friend bool operator==(const Principal& a, const Principal& b) {
        return a.tenant == b.tenant && a.platform_admin == b.platform_admin && a.team == b.team &&
               a.user == b.user;
    }
};

}  // namespace tollgate::domain
