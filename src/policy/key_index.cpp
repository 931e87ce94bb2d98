#include "policy/key_index.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>

namespace tollgate::policy {
namespace {

constexpr std::size_t slots_min = 16;

std::uint64_t start_of(const crypto::Digest& digest) {
    std::uint64_t start = 0;
    std::memcpy(&start, digest.data(), sizeof start);
    return start;
}

int nibble(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

domain::UnixMicros now_micros() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}

}  // namespace

base::Result<crypto::Digest> parse_digest(std::string_view hexadecimal) {
    crypto::Digest digest{};
    bool good = hexadecimal.size() == 2 * digest.size();
    for (std::size_t i = 0; good && i < digest.size(); ++i) {
        const int high = nibble(hexadecimal[2 * i]), low = nibble(hexadecimal[2 * i + 1]);
        good = high >= 0 && low >= 0;
        if (good) digest[i] = static_cast<std::uint8_t>(16 * high + low);
    }
    if (!good) return base::invalid("a key's hash must be 64 hexadecimal digits");
    return digest;
}

void KeyIndex::reserve(std::size_t keys) {
    entries_.reserve(keys);
    principals_.reserve(keys);
    grow(keys);
}

// At most half full, so that a look-up ends after a probe or two.
void KeyIndex::grow(std::size_t entries) {
    const std::size_t wanted = std::bit_ceil(std::max(slots_min, 2 * entries));
    if (wanted <= slots_.size()) return;
    slots_.assign(wanted, 0);
    for (std::uint32_t i = 0; i < entries_.size(); ++i) index(i);
}

void KeyIndex::index(std::uint32_t entry) {
    std::size_t at = start_of(entries_[entry].digest) & (slots_.size() - 1);
    while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = entry + 1;
}

const KeyIndex::Entry* KeyIndex::entry(Hash hash, const crypto::Digest& digest) const {
    if (slots_.empty()) return nullptr;
    for (std::size_t at = start_of(digest) & (slots_.size() - 1); slots_[at] != 0;
         at = (at + 1) & (slots_.size() - 1)) {
        const Entry& entry = entries_[slots_[at] - 1];
        if (entry.hash == hash && crypto::equal_constant_time(entry.digest, digest)) return &entry;
    }
    return nullptr;
}

base::Result<void> KeyIndex::insert(Hash hash, const crypto::Digest& digest,
                                    std::uint32_t principal, KeyTerms terms) {
    if (const Entry* known = entry(hash, digest); known != nullptr) {
        const domain::Principal &one = principals_[known->principal], &two = principals_[principal];
        if (one == two && one.key_id == two.key_id) return {};
        return base::invalid("one key stands for " + one.key_name + " and for " + two.key_name +
                             ": give each its own");
    }
    grow(entries_.size() + 1);
    entries_.push_back({digest, principal, hash, terms});
    index(static_cast<std::uint32_t>(entries_.size() - 1));
    (hash == Hash::hmac ? by_hmac_ : by_sha256_) = true;
    return {};
}

base::Result<std::uint32_t> KeyIndex::insert_new(Hash hash, const crypto::Digest& digest,
                                                 domain::Principal principal, KeyTerms terms) {
    const auto number = static_cast<std::uint32_t>(principals_.size());
    principals_.push_back(std::move(principal));
    const std::size_t before = entries_.size();
    auto inserted = insert(hash, digest, number, terms);
    if (entries_.size() == before) principals_.pop_back();
    if (!inserted.ok()) return std::move(inserted).error();
    return number;
}

base::Result<void> KeyIndex::add(std::string_view key, domain::Principal principal,
                                 KeyTerms terms) {
    if (key.empty()) return base::invalid("the key is empty");
    if (installation_ == nullptr) {
        return add_digest(crypto::sha256(key), std::move(principal), terms);
    }
    return add_hmac(installation_->hmac(key), std::move(principal), terms);
}

base::Result<void> KeyIndex::add_digest(const crypto::Digest& digest, domain::Principal principal,
                                        KeyTerms terms) {
    TRY([[maybe_unused]] const std::uint32_t number,
        insert_new(Hash::sha256, digest, std::move(principal), terms));
    return {};
}

base::Result<void> KeyIndex::add_hmac(const crypto::Digest& digest, domain::Principal principal,
                                      KeyTerms terms) {
    TRY([[maybe_unused]] const std::uint32_t number,
        insert_new(Hash::hmac, digest, std::move(principal), terms));
    return {};
}

base::Result<void> KeyIndex::add_stored(const domain::Key& key, domain::Principal principal,
                                        KeyTerms terms) {
    const auto named = [&key](const base::Error& error) {
        return base::invalid("key " + (key.name.empty() ? key.id : key.name) + ": " +
                             error.message);
    };
    if (key.hash_kind != "hmac" && key.hash_kind != "sha256") {
        return named(
            base::invalid("hash_kind must be hmac or sha256, not '" + key.hash_kind + "'"));
    }
    const auto digest = parse_digest(key.secret_hash);
    if (!digest.ok()) return named(digest.error());
    const Hash hash = key.hash_kind == "hmac" ? Hash::hmac : Hash::sha256;
    const auto number = insert_new(hash, *digest, std::move(principal), terms);
    if (!number.ok()) return number.error();
    if (key.previous_hash.empty()) return {};
    const auto previous = parse_digest(key.previous_hash);
    if (!previous.ok()) return named(previous.error());
    // A rotation makes a secret of ours, but what it replaced may have been imported; its kind is
    // not kept, so both are looked for.
    terms.replaced_until = key.previous_until > 0 ? key.previous_until : 1;
    TRY_VOID(insert(Hash::hmac, *previous, *number, terms));
    return insert(Hash::sha256, *previous, *number, terms);
}

std::optional<KnownKey> KeyIndex::look_up(std::string_view key) const {
    const Entry* found = nullptr;
    if (by_hmac_ && installation_ != nullptr) found = entry(Hash::hmac, installation_->hmac(key));
    if (found == nullptr && by_sha256_) found = entry(Hash::sha256, crypto::sha256(key));
    if (found == nullptr) return std::nullopt;
    return KnownKey{&principals_[found->principal], found->terms};
}

const domain::Principal* KeyIndex::find(std::string_view key) const {
    const auto known = look_up(key);
    return known && known->in_force(now_micros()) ? known->principal : nullptr;
}

}  // namespace tollgate::policy
