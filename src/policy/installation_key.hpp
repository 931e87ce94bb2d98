// The secret of this installation, under which keys are hashed: whoever steals the database alone
// can neither use a key nor guess one. Immutable once opened; any thread. Never printed; wiped when
// it is destroyed. Instances that share a database must share it.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/sha256.hpp"
#include "crypto/digest.hpp"

namespace tollgate::policy {

class InstallationKey {
public:
    // `text`: what the environment or the file says; at least 32 characters, white space around it
    // does not count. Fails: invalid_request saying what is wrong, not what it is.
    static base::Result<InstallationKey> of(std::string_view text);
    // `environment` (TOLLGATE_INSTALLATION_KEY) when it is not empty, else the file
    // `<data_directory>/installation_key`, which is made with mode 0600 when it is absent.
    // Blocking. A file that others may read is taken, and logged as a warning. Fails:
    // invalid_request (too short, empty), unavailable naming the file and the reason.
    static base::Result<InstallationKey> open(const std::string& data_directory,
                                              std::string_view environment);
    InstallationKey(InstallationKey&&) noexcept = default;
    InstallationKey& operator=(InstallationKey&&) noexcept = default;
    InstallationKey(const InstallationKey&) = delete;
    InstallationKey& operator=(const InstallationKey&) = delete;

    // HMAC-SHA256 under this key. Allocates nothing.
    crypto::Digest hmac(std::string_view secret) const;
    // Tells installation keys apart without telling them: what the database keeps to refuse another
    // one. 64 hexadecimal digits.
    std::string fingerprint() const;

private:
    explicit InstallationKey(std::string_view secret) : hmac_(secret) {}
    base::HmacSha256 hmac_;
};

}  // namespace tollgate::policy
