#include "policy/secret_file.hpp"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/ids.hpp"
#include "base/log.hpp"

namespace tollgate::policy {
namespace {

base::Error trouble(const SecretFileWords& words, const char* doing, const std::string& path,
                    const std::string& reason) {
    return {base::ErrorCode::unavailable, std::string(words.what) + ": " + doing + " " + path +
                                              " failed: " + reason + " (or set " + words.instead +
                                              ")"};
}
base::Error trouble(const SecretFileWords& words, const char* doing, const std::string& path) {
    return trouble(words, doing, path, ::strerror(errno));
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

}  // namespace

SecretText::~SecretText() { ::explicit_bzero(text.data(), text.size()); }

base::Result<void> read_secret_file(const std::string& path, const SecretFileWords& words,
                                    SecretText& into, bool& absent) {
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    absent = file.fd < 0 && errno == ENOENT;
    if (file.fd < 0) return trouble(words, "reading", path);
    struct stat status{};
    if (::fstat(file.fd, &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        base::log().warn(words.readable_by_others, {{"file", path}, {"fix", "chmod 600"}});
    }
    into.text.resize(secret_file_bytes_max + 1);  // the one more tells of a file that is too long
    std::size_t size = 0;
    while (size < into.text.size()) {
        const ssize_t got = ::read(file.fd, into.text.data() + size, into.text.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return trouble(words, "reading", path);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size > secret_file_bytes_max) {
        return trouble(words, "reading", path,
                       "it has more than " + std::to_string(secret_file_bytes_max) + " bytes");
    }
    into.text.resize(size);
    return {};
}

base::Result<void> write_secret_file(const std::string& path, const SecretFileWords& words,
                                     const SecretText& text, IfThere there) {
    if (text.text.size() > secret_file_bytes_max) {
        return trouble(words, "writing", path,
                       "it would have more than " + std::to_string(secret_file_bytes_max) +
                           " bytes");
    }
    const std::string draft = path + "." + base::uuid7();
    {
        const File file(
            ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
        if (file.fd < 0) return trouble(words, "making", draft);
        const ssize_t written = ::write(file.fd, text.text.data(), text.text.size());
        if (written != static_cast<ssize_t>(text.text.size()) || ::fsync(file.fd) != 0) {
            base::Error error = trouble(words, "writing", draft);
            ::unlink(draft.c_str());
            return error;
        }
    }
    const bool done = there == IfThere::replace
                          ? ::rename(draft.c_str(), path.c_str()) == 0
                          : ::link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST;
    base::Error error = trouble(words, "making", path);
    ::unlink(draft.c_str());
    if (!done) return error;
    // The name must outlive a loss of power as well as what is in the file.
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const File names(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (names.fd < 0 || ::fsync(names.fd) != 0) return trouble(words, "keeping", path);
    return {};
}

}  // namespace tollgate::policy
