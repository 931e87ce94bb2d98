// The form of a key: `sk-tg-`, 43 characters of base62 that hold 256 random bits, and 6 that check
// them, so that a typing error is told from a revoked key and secret scanners can match. Keys that
// somebody chose or imported may have any form. Pure but for make_key; any thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/installation_key.hpp"

namespace tollgate::policy {

constexpr std::string_view key_start = "sk-tg-";
constexpr std::size_t key_random_characters = 43;   // 62^43 > 2^256
constexpr std::size_t key_checksum_characters = 6;  // 62^6 > 2^32
constexpr std::size_t key_characters =
    key_start.size() + key_random_characters + key_checksum_characters;

// A new key, from the system's random generator.
std::string make_key();
// CRC-32 (IEEE 802.3) of everything before it, in base62, most significant digit first.
std::string key_checksum(std::string_view start_and_random);

enum class KeyForm : std::uint8_t {
    ours,      // complete, and its checksum is right
    mistyped,  // begins as ours do, but is cut, lengthened or altered
    other,     // chosen or imported
};
KeyForm form_of(std::string_view key);

// What people may see of a key, to tell theirs from others.
struct KeyDisplay {
    std::string prefix;     // "sk-tg-Ab3d", "sk-", ""
    std::string last_four;  // fewer of a short key, "" of a very short one
};
KeyDisplay display_of(std::string_view key);
// "sk-tg-Ab3d...9fGh".
std::string masked(const KeyDisplay& display);

// Why a chosen key is a bad one ("has only 8 characters: ..."), "" when it is not.
std::string weakness_of(std::string_view key);

// As domain::Key::secret_hash keeps it.
std::string hash_of(const InstallationKey& installation, std::string_view key);

}  // namespace tollgate::policy
