#include "crypto/fernet.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <ctime>
#include <memory>
#include <stdexcept>

#include "base/base64.hpp"
#include "crypto/digest.hpp"

namespace tollgate::crypto {
namespace {

constexpr std::uint8_t version_byte = 0x80;
constexpr std::size_t half_bytes = 16, block_bytes = 16, mac_bytes = 32, time_bytes = 8;
constexpr std::size_t head_bytes = 1 + time_bytes + block_bytes;
constexpr std::size_t token_bytes_min = head_bytes + block_bytes + mac_bytes;
constexpr std::int64_t skew_max_seconds = 60;

struct FreeCipher {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

// Bytes that are wiped whichever way they go.
struct Wiped {
    std::string bytes;
    Wiped() = default;
    explicit Wiped(std::size_t size) : bytes(size, '\0') {}
    Wiped(const Wiped&) = delete;
    Wiped& operator=(const Wiped&) = delete;
    ~Wiped() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* raw(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// Whole, padded, and the one spelling of its bytes: two texts are never one token.
bool decode(std::string_view text, std::string& bytes) {
    return base::base64url_decode_exact(text, base::Base64Padding::filled, bytes);
}
std::string encode(std::string_view bytes) {
    return base::base64url_encode(bytes, base::Base64Padding::filled);
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    const std::size_t first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

// One answer for a false signature, false padding and rubbish: it tells nobody which it was.
base::Error no_token() {
    return base::invalid("it is no Fernet token of any of the encryption keys");
}

bool crypt(bool encrypts, const std::uint8_t* key, const std::uint8_t* vector,
           std::string_view from, std::string& to) {
    const Cipher context(EVP_CIPHER_CTX_new());
    to.resize(from.size() + block_bytes);
    int size = 0, rest = 0;
    bool good = EVP_CipherInit_ex(context.get(), EVP_aes_128_cbc(), nullptr, key, vector,
                                  encrypts ? 1 : 0) == 1;
    good = good && EVP_CipherUpdate(context.get(), raw(to), &size, raw(from),
                                    static_cast<int>(from.size())) == 1;
    good = good && EVP_CipherFinal_ex(context.get(), raw(to) + size, &rest) == 1;
    ERR_clear_error();
    if (good) to.resize(static_cast<std::size_t>(size) + static_cast<std::size_t>(rest));
    return good;
}

std::int64_t time_of(std::string_view bytes) {
    std::uint64_t time = 0;
    for (std::size_t i = 1; i <= time_bytes; ++i) {
        time = (time << 8) | static_cast<unsigned char>(bytes[i]);
    }
    return static_cast<std::int64_t>(time);
}

FernetKey::Vector random_vector() {
    FernetKey::Vector vector{};
    if (RAND_bytes(vector.data(), static_cast<int>(vector.size())) != 1) {
        throw std::runtime_error("no random bytes");
    }
    return vector;
}

}  // namespace

std::int64_t fernet_now() { return static_cast<std::int64_t>(std::time(nullptr)); }

base::Result<FernetKey> FernetKey::of(std::string_view text) {
    Wiped decoded;
    FernetKey key;
    if (!decode(trimmed(text), decoded.bytes) ||
        decoded.bytes.size() != key.bytes_.size()) {
        return base::invalid("must be 32 bytes as base64url with padding (44 characters), as "
                             "Fernet.generate_key() of Python's cryptography gives");
    }
    std::copy(decoded.bytes.begin(), decoded.bytes.end(), key.bytes_.begin());
    return key;
}

std::string FernetKey::make_text() {
    Wiped bytes(2 * half_bytes);
    if (RAND_bytes(raw(bytes.bytes), static_cast<int>(bytes.bytes.size())) != 1) {
        throw std::runtime_error("no random bytes");
    }
    return encode(bytes.bytes);
}

FernetKey::FernetKey(FernetKey&& other) noexcept : bytes_(other.bytes_) {
    OPENSSL_cleanse(other.bytes_.data(), other.bytes_.size());
}

FernetKey& FernetKey::operator=(FernetKey&& other) noexcept {
    if (this == &other) return *this;
    bytes_ = other.bytes_;
    OPENSSL_cleanse(other.bytes_.data(), other.bytes_.size());
    return *this;
}

FernetKey::~FernetKey() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

std::string FernetKey::id() const {
    const std::string_view secret(reinterpret_cast<const char*>(bytes_.data()), bytes_.size());
    return hex(hmac_sha256(secret, "tollgate encryption key, version 1")).substr(0, 16);
}

std::string FernetKey::encrypt(std::string_view plain, std::int64_t now,
                               const Vector& vector) const {
    std::string bytes(1, static_cast<char>(version_byte));
    for (std::size_t i = time_bytes; i-- > 0;) {
        bytes += static_cast<char>((static_cast<std::uint64_t>(now) >> (8 * i)) & 0xff);
    }
    bytes.append(reinterpret_cast<const char*>(vector.data()), vector.size());
    std::string hidden;
    if (!crypt(true, bytes_.data() + half_bytes, vector.data(), plain, hidden)) {
        throw std::runtime_error("AES-128-CBC is not available");
    }
    bytes += hidden;
    const std::string_view signing(reinterpret_cast<const char*>(bytes_.data()), half_bytes);
    const Digest mac = hmac_sha256(signing, bytes);
    bytes.append(reinterpret_cast<const char*>(mac.data()), mac.size());
    return encode(bytes);
}

base::Result<FernetKey::Opened> FernetKey::decrypt(
    std::string_view token, std::int64_t now, std::optional<std::chrono::seconds> lifetime) const {
    std::string bytes;
    if (token.size() > fernet_token_bytes_max || !decode(token, bytes) ||
        bytes.size() < token_bytes_min || static_cast<std::uint8_t>(bytes[0]) != version_byte ||
        (bytes.size() - token_bytes_min) % block_bytes != 0) {
        return no_token();
    }
    Opened opened;
    opened.made = time_of(bytes);
    if (lifetime) {
        if (opened.made > now + skew_max_seconds) {
            return base::invalid("the token was made in the future: check the clocks");
        }
        // A time before 1970 would be past every lifetime, and must not wrap round to within it.
        if (opened.made < 0 || now - opened.made > lifetime->count()) {
            return base::invalid("the token is older than its lifetime");
        }
    }
    const std::string_view all(bytes);
    const std::string_view content = all.substr(0, all.size() - mac_bytes);
    const std::string_view signing(reinterpret_cast<const char*>(bytes_.data()), half_bytes);
    const Digest mac = hmac_sha256(signing, content);
    const std::string_view wanted(reinterpret_cast<const char*>(mac.data()), mac.size());
    if (!equal_constant_time(wanted, all.substr(content.size()))) return no_token();
    const auto* vector = reinterpret_cast<const std::uint8_t*>(bytes.data() + 1 + time_bytes);
    if (!crypt(false, bytes_.data() + half_bytes, vector, content.substr(head_bytes),
               opened.plain)) {
        OPENSSL_cleanse(opened.plain.data(), opened.plain.size());
        return no_token();
    }
    return opened;
}

base::Result<FernetKeys> FernetKeys::of(std::string_view list) {
    FernetKeys keys;
    for (std::string_view rest = trimmed(list); !rest.empty();) {
        const std::size_t end = std::min(rest.find(','), rest.size());
        auto key = FernetKey::of(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const std::string which = "key " + std::to_string(keys.keys_.size() + 1) + " of the list ";
        if (!key.ok()) return base::invalid(which + key.error().message);
        for (const FernetKey& other : keys.keys_) {
            if (other.id() == key->id()) return base::invalid(which + "is there twice");
        }
        if (keys.keys_.size() == fernet_keys_max) {
            return base::invalid("more than " + std::to_string(fernet_keys_max) + " keys");
        }
        keys.keys_.push_back(std::move(key).value());
    }
    if (keys.keys_.empty()) return base::invalid("no key is given");
    return keys;
}

std::string FernetKeys::encrypt(std::string_view plain) const {
    return keys_.front().encrypt(plain, fernet_now(), random_vector());
}

base::Result<FernetKeys::Found> FernetKeys::find(std::string_view token) const {
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        auto opened = keys_[i].decrypt(token, 0);
        if (opened.ok()) return Found{std::move(opened).value(), i};
    }
    return no_token();
}

base::Result<std::string> FernetKeys::decrypt(std::string_view token) const {
    TRY(Found found, find(token));
    return std::move(found.opened.plain);
}

base::Result<std::string> FernetKeys::rotate(std::string_view token) const {
    TRY(Found found, find(token));
    std::string fresh = keys_.front().encrypt(found.opened.plain, found.opened.made,
                                              random_vector());
    OPENSSL_cleanse(found.opened.plain.data(), found.opened.plain.size());
    return fresh;
}

base::Result<bool> FernetKeys::is_newest(std::string_view token) const {
    TRY(Found found, find(token));
    OPENSSL_cleanse(found.opened.plain.data(), found.opened.plain.size());
    return found.key == 0;
}

std::vector<std::string> FernetKeys::ids() const {
    std::vector<std::string> all;
    for (const FernetKey& key : keys_) all.push_back(key.id());
    return all;
}

}  // namespace tollgate::crypto
