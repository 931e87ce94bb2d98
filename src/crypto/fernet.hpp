// Fernet tokens (github.com/fernet/spec, version 0x80): AES-128-CBC under HMAC-SHA256, as Python's
// `cryptography` writes and reads them, and a list of keys, newest first, of which the first
// encrypts and all decrypt. Keys are immutable, never printed, and wiped when they are destroyed.
// Any thread. What a token or a key says is in no error.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tollgate::crypto {

constexpr std::size_t fernet_keys_max = 32;
constexpr std::size_t fernet_token_bytes_max = 1024 * 1024;

// Seconds of Unix time.
std::int64_t fernet_now();

class FernetKey {
public:
    // 32 bytes as base64url with its padding: the signing half, then the encrypting half.
    // Fails: invalid_request saying what is wrong, not what it is.
    static base::Result<FernetKey> of(std::string_view text);
    // A new one as that text.
    static std::string make_text();

    FernetKey(FernetKey&& other) noexcept;
    FernetKey& operator=(FernetKey&& other) noexcept;
    FernetKey(const FernetKey&) = delete;
    FernetKey& operator=(const FernetKey&) = delete;
    ~FernetKey();

    // Tells keys apart and tells nothing of them: 16 hexadecimal digits.
    std::string id() const;

    using Vector = std::array<std::uint8_t, 16>;
    std::string encrypt(std::string_view plain, std::int64_t now, const Vector& vector) const;
    struct Opened {
        std::string plain;
        std::int64_t made = 0;  // Unix seconds, as the token says
    };
    // With `lifetime` the token must be no older, and not made more than 60 s after `now`.
    // Fails: invalid_request when it is no token of this key, or outside its lifetime.
    base::Result<Opened> decrypt(std::string_view token, std::int64_t now,
                                 std::optional<std::chrono::seconds> lifetime = {}) const;

private:
    FernetKey() = default;
    std::array<std::uint8_t, 32> bytes_{};
};

class FernetKeys {
public:
    // Comma separated, newest first; white space around each does not count. Fails:
    // invalid_request naming which of them is wrong (none at all, more than fernet_keys_max, one
    // given twice).
    static base::Result<FernetKeys> of(std::string_view list);

    std::string encrypt(std::string_view plain) const;
    // By whichever key opens it. Fails: invalid_request.
    base::Result<std::string> decrypt(std::string_view token) const;
    // The same content and the same time under the first key, with a new vector.
    base::Result<std::string> rotate(std::string_view token) const;
    // Whether the first key made it. Fails as decrypt() does.
    base::Result<bool> is_newest(std::string_view token) const;
    // Of the first key, and of all of them in order.
    std::string newest_id() const { return keys_.front().id(); }
    std::vector<std::string> ids() const;
    std::size_t size() const { return keys_.size(); }

private:
    struct Found {
        FernetKey::Opened opened;
        std::size_t key = 0;
    };
    base::Result<Found> find(std::string_view token) const;
    std::vector<FernetKey> keys_;  // never empty
};

}  // namespace tollgate::crypto
