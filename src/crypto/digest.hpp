// SHA-256, HMAC-SHA256 and constant-time comparison by OpenSSL. Any thread.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tollgate::crypto {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(std::string_view data);
// Of the pieces, one after another.
Digest sha256(std::span<const std::string_view> pieces);
Digest hmac_sha256(std::string_view key, std::string_view data);
// True when equal; the time taken does not depend on where they differ.
bool equal_constant_time(std::string_view a, std::string_view b);
bool equal_constant_time(const Digest& a, const Digest& b);
std::string hex(const Digest& digest);
// `bytes` random bytes of the system's generator as base62 text of `characters` characters.
std::string random_base62(std::size_t characters);

}  // namespace tollgate::crypto
