#include "crypto/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstring>
#include <stdexcept>

#include "base/sha256.hpp"

namespace tollgate::crypto {
namespace {

// Fetching the algorithm and making a context cost more than hashing a key: both are kept.
struct Hasher {
    EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    ~Hasher() {
        EVP_MD_CTX_free(context);
        EVP_MD_free(algorithm);
    }
};
thread_local Hasher hasher;

}  // namespace

Digest sha256(std::span<const std::string_view> pieces) {
    Digest digest{};
    unsigned int size = 0;
    bool good = EVP_DigestInit_ex2(hasher.context, hasher.algorithm, nullptr) == 1;
    for (const std::string_view piece : pieces) {
        good = good && EVP_DigestUpdate(hasher.context, piece.data(), piece.size()) == 1;
    }
    good = good && EVP_DigestFinal_ex(hasher.context, digest.data(), &size) == 1;
    if (!good) throw std::runtime_error("SHA-256 is not available");
    return digest;
}

// Of the base's own: short texts cost a tenth of what the library's contexts do.
Digest sha256(std::string_view data) { return base::sha256(data); }

Digest hmac_sha256(std::string_view key, std::string_view data) {
    Digest digest{};
    unsigned int size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(data.data()), data.size(), digest.data(), &size);
    return digest;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool equal_constant_time(const Digest& a, const Digest& b) {
    // By words, all of them: where the first difference stands takes no part in the time.
    std::array<std::uint64_t, sizeof(Digest) / sizeof(std::uint64_t)> left, right;
    std::memcpy(left.data(), a.data(), sizeof left);
    std::memcpy(right.data(), b.data(), sizeof right);
    std::uint64_t differing = 0;
    for (std::size_t i = 0; i < left.size(); ++i) differing |= left[i] ^ right[i];
    return differing == 0;
}

std::string hex(const Digest& digest) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(64);
    for (const std::uint8_t byte : digest) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

std::string random_base62(std::size_t characters) {
    static constexpr char digits[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    std::string text;
    while (text.size() < characters) {
        std::uint8_t byte = 0;
        if (RAND_bytes(&byte, 1) != 1) throw std::runtime_error("no random bytes");
        if (byte < 248) text += digits[byte % 62];  // 248 = 4 * 62: no digit is favoured
    }
    return text;
}

}  // namespace tollgate::crypto
