// Hides the credentials that are kept in the database: of providers and of users. What is encrypted
// says whose it is and for which provider, so that a token copied to another row opens nothing.
// Thread-safe; keys can be replaced while others read. Secrets are in no message.
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "crypto/fernet.hpp"

namespace tollgate::policy {

// Whose a credential is; all of it is inside the token.
struct CredentialOwner {
    std::string tenant;    // "" : the platform's
    std::string owner;     // a user's id, "" : the tenant's or the platform's own
    std::string provider;  // a provider's slug, or the type that a user's key is for
    friend bool operator==(const CredentialOwner&, const CredentialOwner&) = default;
};

class KeyVault {
public:
    // `list`: as crypto::FernetKeys::of(). Fails: invalid_request.
    static base::Result<KeyVault> of(std::string_view list);
    // `configured` (BYOK_ENCRYPTION_KEY: the list, newest first) when it is not empty, else the
    // file `<data_directory>/encryption_keys`, one key a line, which is made with one new key and
    // mode 0600 when it is absent. Blocking. Fails: invalid_request, unavailable.
    static base::Result<KeyVault> open(const std::string& data_directory,
                                       std::string_view configured);
    KeyVault(KeyVault&& other) noexcept;
    KeyVault(const KeyVault&) = delete;
    KeyVault& operator=(const KeyVault&) = delete;
    KeyVault& operator=(KeyVault&&) = delete;
    ~KeyVault() = default;

    struct Sealed {
        std::string token;
        std::string key_id;  // of the encryption key
    };
    Sealed seal(const CredentialOwner& owner, std::string_view secret) const;
    // Fails: invalid_request when no key opens it, permission when it is somebody else's.
    base::Result<std::string> open(const CredentialOwner& owner, std::string_view token) const;
    // The same secret under the newest key. Fails as open().
    base::Result<Sealed> rewrap(const CredentialOwner& owner, std::string_view token) const;
    std::string newest_id() const { return keys()->newest_id(); }
    std::vector<std::string> ids() const { return keys()->ids(); }

    // Puts a new key before the others, in the file and here. Blocking. Fails: invalid_request
    // where the list is configured: there whoever configured it does that.
    base::Result<void> add_key();
    // Reads the file again, if there is one: another instance may have added a key. Blocking.
    base::Result<void> reload();
    // The file, "" : the list was configured. made(): this process made it.
    const std::string& file() const { return file_; }
    bool made() const { return made_; }

private:
    using Keys = std::shared_ptr<const crypto::FernetKeys>;
    explicit KeyVault(Keys keys) : keys_(std::move(keys)) {}
    Keys keys() const { return keys_.load(); }
    std::atomic<Keys> keys_;
    std::string file_;
    bool made_ = false;
};

// For people: "sk-...****". Nothing of a short one.
std::string masked_key(std::string_view secret);

}  // namespace tollgate::policy
