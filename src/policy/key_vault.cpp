#include "policy/key_vault.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/json.hpp"
#include "base/log.hpp"
#include "policy/secret_file.hpp"

namespace tollgate::policy {
namespace {

constexpr std::string_view sealed_kind = "tollgate-credential-1";

constexpr SecretFileWords file_words{"encryption keys", "BYOK_ENCRYPTION_KEY",
                                     "encryption_keys_readable_by_others"};

// One key a line; a comma is as good. `absent`: there is no such file.
base::Result<void> read_list(const std::string& path, SecretText& list, bool& absent) {
    TRY_VOID(read_secret_file(path, file_words, list, absent));
    while (list.text.ends_with('\n')) list.text.pop_back();
    std::replace(list.text.begin(), list.text.end(), '\n', ',');
    return {};
}

std::string sealed_text(const CredentialOwner& owner, std::string_view secret) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object().string("kind", sealed_kind).string("tenant", owner.tenant);
    writer.string("owner", owner.owner).string("provider", owner.provider);
    writer.string("secret", secret).end_object();
    return text;
}

// Held by one at a time among all who name the same file, threads and processes alike.
class FileLock {
public:
    explicit FileLock(const std::string& file)
        : fd_(::open((file + ".lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR)) {
        while (fd_ >= 0 && ::flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
        }
    }
    ~FileLock() {
        if (fd_ >= 0) ::close(fd_);
    }
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;
    bool held() const { return fd_ >= 0; }

private:
    int fd_;
};

}  // namespace

base::Result<KeyVault> KeyVault::of(std::string_view list) {
    TRY(crypto::FernetKeys keys, crypto::FernetKeys::of(list));
    return KeyVault(std::make_shared<const crypto::FernetKeys>(std::move(keys)));
}

base::Result<KeyVault> KeyVault::open(const std::string& data_directory,
                                      std::string_view configured) {
    if (!configured.empty()) {
        auto vault = of(configured);
        if (!vault.ok()) {
            return base::invalid("BYOK_ENCRYPTION_KEY: " + vault.error().message,
                                 "BYOK_ENCRYPTION_KEY");
        }
        return vault;
    }
    const std::string path = data_directory + "/encryption_keys";
    bool absent = false, made = false;
    {
        SecretText there;
        auto read = read_list(path, there, absent);
        if (!read.ok() && !absent) return read.error();
    }
    if (absent) {
        const SecretText line(crypto::FernetKey::make_text() + "\n");
        TRY_VOID(write_secret_file(path, file_words, line, IfThere::keep));
        made = true;
        base::log().info("encryption_key_made",
                         {{"file", path},
                          {"hint", "keep a copy: without it stored provider keys are lost"}});
    }
    SecretText list;
    TRY_VOID(read_list(path, list, absent));
    auto vault = of(list.text);
    if (!vault.ok()) {
        return base::invalid(path + ": " + vault.error().message +
                             "; restore it from a backup, since what was encrypted under it "
                             "cannot be read without it");
    }
    vault->file_ = path;
    vault->made_ = made;
    return vault;
}

KeyVault::KeyVault(KeyVault&& other) noexcept
    : keys_(other.keys()), file_(std::move(other.file_)), made_(other.made_) {}

KeyVault::Sealed KeyVault::seal(const CredentialOwner& owner, std::string_view secret) const {
    const Keys pinned = keys();
    const SecretText plain(sealed_text(owner, secret));
    return {pinned->encrypt(plain.text), pinned->newest_id()};
}

base::Result<std::string> KeyVault::open(const CredentialOwner& owner,
                                         std::string_view token) const {
    auto opened = keys()->decrypt(token);
    if (!opened.ok()) return base::invalid("the stored credential cannot be opened: no encryption "
                                           "key fits it (BYOK_ENCRYPTION_KEY)");
    const SecretText plain(std::move(opened).value());
    json::Document document;
    auto root = document.parse(plain.text);
    if (!root.ok() || (*root)["kind"].text() != sealed_kind) {
        return base::invalid("the stored credential was not made by this gateway: set it anew");
    }
    const CredentialOwner inside{(*root)["tenant"].text(), (*root)["owner"].text(),
                                 (*root)["provider"].text()};
    if (inside != owner) {
        return base::Error{base::ErrorCode::permission,
                           "the stored credential is somebody else's: its row was copied"};
    }
    return (*root)["secret"].text();
}

base::Result<KeyVault::Sealed> KeyVault::rewrap(const CredentialOwner& owner,
                                                std::string_view token) const {
    TRY(std::string secret, open(owner, token));
    const SecretText plain(std::move(secret));
    return seal(owner, plain.text);
}

base::Result<void> KeyVault::add_key() {
    if (file_.empty()) {
        return base::invalid("the encryption keys are configured (BYOK_ENCRYPTION_KEY): put the "
                             "new key in front of the list there and restart every instance");
    }
    // Two rotations at once, here or in two processes, must not lose one another's key: what was
    // sealed with it could never be opened again.
    const FileLock lock(file_);
    if (!lock.held()) {
        return base::Error{base::ErrorCode::unavailable,
                           "the lock of the encryption keys, " + file_ +
                               ".lock, cannot be taken: its folder must be writable"};
    }
    SecretText list;
    bool absent = false;
    TRY_VOID(read_list(file_, list, absent));
    const auto commas = std::count(list.text.begin(), list.text.end(), ',');
    if (static_cast<std::size_t>(commas) + 1 >= crypto::fernet_keys_max) {
        return base::invalid(file_ + " holds " + std::to_string(crypto::fernet_keys_max) +
                             " keys, the most there may be: rotate without a new key until none "
                             "failed, then take its last lines, the oldest keys, off");
    }
    SecretText lines;
    lines.text.reserve(secret_file_bytes_max);
    lines.text = crypto::FernetKey::make_text() + "\n";
    lines.text += list.text;
    lines.text += '\n';
    std::replace(lines.text.begin(), lines.text.end(), ',', '\n');
    std::string as_list = lines.text;
    std::replace(as_list.begin(), as_list.end(), '\n', ',');
    const SecretText checked(std::move(as_list));
    TRY(crypto::FernetKeys keys, crypto::FernetKeys::of(checked.text));
    TRY_VOID(write_secret_file(file_, file_words, lines, IfThere::replace));
    keys_.store(std::make_shared<const crypto::FernetKeys>(std::move(keys)));
    return {};
}

base::Result<void> KeyVault::reload() {
    if (file_.empty()) return {};
    SecretText list;
    bool absent = false;
    TRY_VOID(read_list(file_, list, absent));
    TRY(crypto::FernetKeys keys, crypto::FernetKeys::of(list.text));
    if (keys.ids() == ids()) return {};
    keys_.store(std::make_shared<const crypto::FernetKeys>(std::move(keys)));
    return {};
}

std::string masked_key(std::string_view secret) {
    constexpr std::size_t shown = 3, shortest = 12;
    return std::string(secret.size() < shortest ? "" : secret.substr(0, shown)) + "...****";
}

}  // namespace tollgate::policy
