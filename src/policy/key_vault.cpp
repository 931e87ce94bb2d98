#include "policy/key_vault.hpp"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/log.hpp"

namespace tollgate::policy {
namespace {

constexpr std::size_t file_bytes_max = 4096;
constexpr std::string_view sealed_kind = "tollgate-credential-1";

struct File {
    explicit File(int of) : fd(of) {}
    ~File() {
        if (fd >= 0) ::close(fd);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int fd;
};

// Wiped when it is done with.
struct WipedText {
    std::string text;
    WipedText() { text.reserve(file_bytes_max); }  // growing would leave copies behind
    explicit WipedText(std::string of) : text(std::move(of)) {}
    WipedText(const WipedText&) = delete;
    WipedText& operator=(const WipedText&) = delete;
    ~WipedText() { ::explicit_bzero(text.data(), text.size()); }
};

base::Error trouble(const std::string& path, const char* doing) {
    const std::string reason = std::strerror(errno);
    return {base::ErrorCode::unavailable, "encryption keys: " + std::string(doing) + " " + path +
                                              " failed: " + reason +
                                              " (or set BYOK_ENCRYPTION_KEY)"};
}

// One key a line; a comma is as good. `absent`: there is no such file.
base::Result<void> read_list(const std::string& path, WipedText& list, bool& absent) {
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    absent = file.fd < 0 && errno == ENOENT;
    if (file.fd < 0) return trouble(path, "reading");
    struct stat status{};
    if (::fstat(file.fd, &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        base::log().warn("encryption_keys_readable_by_others",
                         {{"file", path}, {"fix", "chmod 600"}});
    }
    list.text.resize(file_bytes_max);
    std::size_t size = 0;
    while (size < list.text.size()) {
        const ssize_t got = ::read(file.fd, list.text.data() + size, list.text.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return trouble(path, "reading");
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    list.text.resize(size);
    while (list.text.ends_with('\n')) list.text.pop_back();
    std::replace(list.text.begin(), list.text.end(), '\n', ',');
    return {};
}

// Whole or not at all. `replace` false: a file that another process made meanwhile stays.
base::Result<void> write_list(const std::string& path, const WipedText& lines, bool replace) {
    const std::string draft = path + "." + base::uuid7();
    {
        const File file(
            ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
        if (file.fd < 0) return trouble(draft, "making");
        const ssize_t written = ::write(file.fd, lines.text.data(), lines.text.size());
        if (written != static_cast<ssize_t>(lines.text.size()) || ::fsync(file.fd) != 0) {
            base::Error error = trouble(draft, "writing");
            ::unlink(draft.c_str());
            return error;
        }
    }
    const bool there = replace ? ::rename(draft.c_str(), path.c_str()) == 0
                               : ::link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST;
    base::Error error = trouble(path, "making");
    ::unlink(draft.c_str());
    if (!there) return error;
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
        WipedText there;
        auto read = read_list(path, there, absent);
        if (!read.ok() && !absent) return read.error();
    }
    if (absent) {
        const WipedText line(crypto::FernetKey::make_text() + "\n");
        TRY_VOID(write_list(path, line, false));
        made = true;
        base::log().info("encryption_key_made",
                         {{"file", path},
                          {"hint", "keep a copy: without it stored provider keys are lost"}});
    }
    WipedText list;
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
    const WipedText plain(sealed_text(owner, secret));
    return {pinned->encrypt(plain.text), pinned->newest_id()};
}

base::Result<std::string> KeyVault::open(const CredentialOwner& owner,
                                         std::string_view token) const {
    auto opened = keys()->decrypt(token);
    if (!opened.ok()) return base::invalid("the stored credential cannot be opened: no encryption "
                                           "key fits it (BYOK_ENCRYPTION_KEY)");
    const WipedText plain(std::move(opened).value());
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
    const WipedText plain(std::move(secret));
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
    WipedText list;
    bool absent = false;
    TRY_VOID(read_list(file_, list, absent));
    WipedText lines;
    lines.text = crypto::FernetKey::make_text() + "\n";
    lines.text += list.text;
    lines.text += '\n';
    std::replace(lines.text.begin(), lines.text.end(), ',', '\n');
    std::string as_list = lines.text;
    std::replace(as_list.begin(), as_list.end(), '\n', ',');
    const WipedText checked(std::move(as_list));
    TRY(crypto::FernetKeys keys, crypto::FernetKeys::of(checked.text));
    TRY_VOID(write_list(file_, lines, true));
    keys_.store(std::make_shared<const crypto::FernetKeys>(std::move(keys)));
    return {};
}

base::Result<void> KeyVault::reload() {
    if (file_.empty()) return {};
    WipedText list;
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
