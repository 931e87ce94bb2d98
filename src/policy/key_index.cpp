#include "policy/key_index.hpp"

#include <cstring>

namespace tollgate::policy {
namespace {

std::uint64_t prefix_of(const crypto::Digest& digest) {
    std::uint64_t prefix = 0;
    std::memcpy(&prefix, digest.data(), sizeof prefix);
    return prefix;
}

}  // namespace

base::Result<void> KeyIndex::add(std::string_view key, domain::Principal principal) {
    if (key.empty()) return base::invalid("the key is empty");
    return add_digest(crypto::sha256(key), std::move(principal));
}

base::Result<void> KeyIndex::add_digest(const crypto::Digest& digest, domain::Principal principal) {
    const std::uint64_t prefix = prefix_of(digest);
    auto [first, last] = by_prefix_.equal_range(prefix);
    for (auto it = first; it != last; ++it) {
        const Entry& entry = entries_[it->second];
        if (!crypto::equal_constant_time(entry.digest, digest)) continue;
        if (entry.principal == principal) return {};
        return base::invalid("one key stands for " + entry.principal.key_name + " and for " +
                             principal.key_name + ": give each its own");
    }
    by_prefix_.emplace(prefix, static_cast<std::uint32_t>(entries_.size()));
    entries_.push_back({digest, std::move(principal)});
    return {};
}

const domain::Principal* KeyIndex::find(std::string_view key) const {
    // The hash hides the key's structure: where two digests differ says nothing about the keys.
    const crypto::Digest digest = crypto::sha256(key);
    auto [first, last] = by_prefix_.equal_range(prefix_of(digest));
    for (auto it = first; it != last; ++it) {
        const Entry& entry = entries_[it->second];
        if (crypto::equal_constant_time(entry.digest, digest)) return &entry.principal;
    }
    return nullptr;
}

}  // namespace tollgate::policy
