// The valid keys, hashed: look-up by key without a store. Built once per snapshot, then const and
// thread-safe. Keys themselves are not kept.
#pragma once
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "crypto/digest.hpp"
#include "domain/principal.hpp"

namespace tollgate::policy {

class KeyIndex {
public:
    // Fails: invalid_request when the key is empty or already stands for another principal.
    base::Result<void> add(std::string_view key, domain::Principal principal);
    // Adds a key of which only the SHA-256 is known.
    base::Result<void> add_digest(const crypto::Digest& digest, domain::Principal principal);
    // The principal, or null. The time taken does not tell how much of a key was right.
    const domain::Principal* find(std::string_view key) const;
    std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        crypto::Digest digest;
        domain::Principal principal;
    };
    std::vector<Entry> entries_;
    std::unordered_multimap<std::uint64_t, std::uint32_t> by_prefix_;
};

}  // namespace tollgate::policy
