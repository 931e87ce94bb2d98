// The keys, hashed: look-up by key without a store. Built once per directory, then const and
// thread-safe. Keys themselves are not kept, and nothing is remembered of those that were offered.
// Keys no longer in force stay in, so that their holders can be told what became of them.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "crypto/digest.hpp"
#include "domain/principal.hpp"
#include "domain/tenancy.hpp"
#include "policy/installation_key.hpp"

namespace tollgate::policy {

// Whether an administrator lets it in.
enum class KeyState : std::uint8_t {
    active,
    revoked,
    blocked,          // for a while
    tenant_disabled,  // or removed from its file
    team_disabled,
    user_disabled,
};

// What decides on a key besides its secret. Times are Unix microseconds, 0: never.
struct KeyTerms {
    KeyState state = KeyState::active;
    domain::UnixMicros expires = 0;
    // Set for the secret before a rotation: when its grace ends.
    domain::UnixMicros replaced_until = 0;
};

struct KnownKey {
    const domain::Principal* principal = nullptr;
    KeyTerms terms;
    bool in_force(domain::UnixMicros now) const {
        return terms.state == KeyState::active && (terms.expires == 0 || now < terms.expires) &&
               (terms.replaced_until == 0 || now < terms.replaced_until);
    }
};

class KeyIndex {
public:
    KeyIndex() = default;  // knows keys by their SHA-256 alone
    // `installation` hashes what is offered, for keys added by add_hmac.
    explicit KeyIndex(std::shared_ptr<const InstallationKey> installation)
        : installation_(std::move(installation)) {}
    void reserve(std::size_t keys);

    // A key that is at hand (of the configuration).
    // Fails: invalid_request when the key is empty or already stands for another principal.
    base::Result<void> add(std::string_view key, domain::Principal principal, KeyTerms terms = {});
    // A key of which only the SHA-256 is known (imported).
    base::Result<void> add_digest(const crypto::Digest& digest, domain::Principal principal,
                                  KeyTerms terms = {});
    // A key of which the HMAC under the installation key is known. REQUIRES: an installation key.
    base::Result<void> add_hmac(const crypto::Digest& digest, domain::Principal principal,
                                KeyTerms terms = {});
    // One key by the hexadecimal hash(es) that domain::Key keeps: its secret, and the one before a
    // rotation. Fails also: invalid_request naming the key when a hash is not 64 hexadecimal digits
    // or its kind is unknown.
    base::Result<void> add_stored(const domain::Key& key, domain::Principal principal,
                                  KeyTerms terms);

    // The key whatever its state, or nullopt. The time taken does not tell how much of a key was
    // right.
    std::optional<KnownKey> look_up(std::string_view key) const;
    // The principal of a key that is in force now, or null.
    const domain::Principal* find(std::string_view key) const;
    std::size_t size() const { return entries_.size(); }

private:
    enum class Hash : std::uint8_t { sha256, hmac };
    struct Entry {
        crypto::Digest digest;
        std::uint32_t principal;
        Hash hash;
        KeyTerms terms;
    };
    base::Result<void> insert(Hash hash, const crypto::Digest& digest, std::uint32_t principal,
                              KeyTerms terms);
    base::Result<std::uint32_t> insert_new(Hash hash, const crypto::Digest& digest,
                                           domain::Principal principal, KeyTerms terms);
    const Entry* entry(Hash hash, const crypto::Digest& digest) const;
    void index(std::uint32_t entry);
    void grow(std::size_t entries);

    std::shared_ptr<const InstallationKey> installation_;
    std::vector<Entry> entries_;
    std::vector<domain::Principal> principals_;
    std::vector<std::uint32_t> slots_;  // open addressing by the digest; 0: free, else entry + 1
    bool by_sha256_ = false, by_hmac_ = false;  // some entry is
};

// "3f..": 64 hexadecimal digits. Fails: invalid_request.
base::Result<crypto::Digest> parse_digest(std::string_view hexadecimal);

}  // namespace tollgate::policy
