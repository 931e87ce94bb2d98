#include "policy/installation_key.hpp"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "base/ids.hpp"
#include "base/log.hpp"

namespace tollgate::policy {
namespace {

constexpr std::size_t characters_min = 32;
constexpr std::size_t made_characters = 64;
constexpr std::size_t file_bytes_max = 4096;

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    const std::size_t first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

base::Error trouble(const std::string& path, const char* doing) {
    const std::string reason = std::strerror(errno);
    return {base::ErrorCode::unavailable, "installation key: " + std::string(doing) + " " + path +
                                              " failed: " + reason +
                                              " (or set TOLLGATE_INSTALLATION_KEY)"};
}

// A descriptor that closes itself.
struct File {
    explicit File(int of) : fd(of) {}
    ~File() {
        if (fd >= 0) ::close(fd);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int fd;
};

// Wiped when the reader is done with it.
struct Wiped {
    std::array<char, file_bytes_max> bytes{};
    Wiped() = default;
    Wiped(const Wiped&) = delete;
    Wiped& operator=(const Wiped&) = delete;
    ~Wiped() { ::explicit_bzero(bytes.data(), bytes.size()); }
};

// nullopt would not tell an absent file from an unreadable one: `absent` does.
base::Result<InstallationKey> read_key(const std::string& path, bool& absent) {
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    absent = file.fd < 0 && errno == ENOENT;
    if (file.fd < 0) return trouble(path, "reading");
    struct stat status{};
    if (::fstat(file.fd, &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        base::log().warn("installation_key_readable_by_others",
                         {{"file", path}, {"fix", "chmod 600"}});
    }
    Wiped text;
    std::size_t size = 0;
    while (size < text.bytes.size()) {
        const ssize_t got = ::read(file.fd, text.bytes.data() + size, text.bytes.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return trouble(path, "reading");
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    auto key = InstallationKey::of({text.bytes.data(), size});
    if (!key.ok()) {
        return base::invalid(path + ": " + key.error().message +
                             "; restore it from a backup, since keys made under it stop working");
    }
    return key;
}

// Whole or not at all, and never over one that another process made meanwhile.
base::Result<void> make_key_file(const std::string& path) {
    const std::string draft = path + "." + base::uuid7();
    {
        const File file(
            ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
        if (file.fd < 0) return trouble(draft, "making");
        std::string text = crypto::random_base62(made_characters) + "\n";
        const ssize_t written = ::write(file.fd, text.data(), text.size());
        const bool good = written == static_cast<ssize_t>(text.size()) && ::fsync(file.fd) == 0;
        ::explicit_bzero(text.data(), text.size());
        if (!good) {
            base::Error error = trouble(draft, "writing");
            ::unlink(draft.c_str());
            return error;
        }
    }
    const bool linked = ::link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST;
    base::Error error = trouble(path, "making");
    ::unlink(draft.c_str());
    if (!linked) return error;
    return {};
}

}  // namespace

base::Result<InstallationKey> InstallationKey::of(std::string_view text) {
    const std::string_view secret = trimmed(text);
    if (secret.size() < characters_min) {
        return base::invalid("the installation key must have at least " +
                             std::to_string(characters_min) + " characters, and has " +
                             std::to_string(secret.size()));
    }
    InstallationKey key;
    Block block{};
    if (secret.size() > block.size()) {
        const crypto::Digest digest = crypto::sha256(secret);
        std::memcpy(block.data(), digest.data(), digest.size());
    } else {
        std::copy(secret.begin(), secret.end(), block.begin());
    }
    constexpr unsigned inner_pad = 0x36, outer_pad = 0x5c;
    for (std::size_t i = 0; i < block.size(); ++i) {
        const auto byte = static_cast<unsigned char>(block[i]);
        key.inner_[i] = static_cast<char>(byte ^ inner_pad);
        key.outer_[i] = static_cast<char>(byte ^ outer_pad);
    }
    ::explicit_bzero(block.data(), block.size());
    return key;
}

base::Result<InstallationKey> InstallationKey::open(const std::string& data_directory,
                                                    std::string_view environment) {
    if (!environment.empty()) {
        auto key = of(environment);
        if (!key.ok()) {
            return base::invalid("TOLLGATE_INSTALLATION_KEY: " + key.error().message,
                                 "TOLLGATE_INSTALLATION_KEY");
        }
        return key;
    }
    const std::string path = data_directory + "/installation_key";
    bool absent = false;
    auto key = read_key(path, absent);
    if (!absent) return key;
    TRY_VOID(make_key_file(path));
    base::log().info("installation_key_made", {{"file", path}});
    return read_key(path, absent);
}

InstallationKey::~InstallationKey() {
    ::explicit_bzero(inner_.data(), inner_.size());
    ::explicit_bzero(outer_.data(), outer_.size());
}

crypto::Digest InstallationKey::hmac(std::string_view secret) const {
    const std::array<std::string_view, 2> inside{std::string_view(inner_.data(), inner_.size()),
                                                 secret};
    const crypto::Digest inner = crypto::sha256(inside);
    const std::array<std::string_view, 2> outside{
        std::string_view(outer_.data(), outer_.size()),
        std::string_view(reinterpret_cast<const char*>(inner.data()), inner.size())};
    return crypto::sha256(outside);
}

std::string InstallationKey::fingerprint() const {
    return crypto::hex(hmac("tollgate installation key, version 1"));
}

}  // namespace tollgate::policy
