// SHA-256 (FIPS 180-4) and HMAC (RFC 2104) for short inputs where crypto/ is out of reach: stable
// short names, identifiers that a third party may see. Not for passwords or bulk data.
// Pure functions, thread-safe.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tollgate::base {

using Sha256Digest = std::array<std::uint8_t, 32>;

Sha256Digest sha256(std::string_view data);
// The same without the processor's own instructions, for machines that lack them.
Sha256Digest sha256_portable(std::string_view data);
Sha256Digest hmac_sha256(std::string_view key, std::string_view data);

// HMAC-SHA256 under one key for many texts: what depends on the key alone is worked out once.
// Allocates nothing; wiped when it is destroyed.
class HmacSha256 {
public:
    HmacSha256() = default;
    explicit HmacSha256(std::string_view key);
    HmacSha256(HmacSha256&&) noexcept = default;
    HmacSha256& operator=(HmacSha256&&) noexcept = default;
    HmacSha256(const HmacSha256&) = delete;
    HmacSha256& operator=(const HmacSha256&) = delete;
    ~HmacSha256();
    Sha256Digest operator()(std::string_view data) const;

private:
    std::array<std::uint32_t, 8> inner_{}, outer_{};  // behind the blocks that RFC 2104 pads
};
// Lower-case hexadecimal of the first `bytes` bytes. REQUIRES: bytes <= 32.
std::string hex(const Sha256Digest& digest, std::size_t bytes = 32);

}  // namespace tollgate::base
