#include "secret_sources/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tollgate::secret_sources {
namespace {

base::Error refused(const std::string& path, const std::string& why) {
    return base::invalid("the secret file " + path + " " + why);
}

// Closes the file whatever happens in between.
struct Descriptor {
    int number;
    ~Descriptor() {
        if (number >= 0) close(number);
    }
};

}  // namespace

base::Result<std::string> read_secret_file(const std::string& path) {
    // Non-blocking, so that a named pipe cannot hold up the start.
    const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (file.number < 0) {
        return refused(path, std::string("cannot be read: ") + std::strerror(errno));
    }
    struct stat facts {};
    if (fstat(file.number, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return refused(path, "is no regular file");
    }
    std::string content(secret_bytes_max + 1, '\0');
    std::size_t size = 0;
    while (size < content.size()) {
        const ssize_t got = read(file.number, content.data() + size, content.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return refused(path, std::string("cannot be read: ") + std::strerror(errno));
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size > secret_bytes_max) return refused(path, "is larger than 64 KiB; is it a secret?");
    content.resize(size);
    if (content.ends_with('\n')) content.pop_back();
    if (content.ends_with('\r')) content.pop_back();
    if (content.empty()) return refused(path, "is empty");
    if (content.find('\0') != std::string::npos) return refused(path, "holds a NUL byte");
    return content;
}

}  // namespace tollgate::secret_sources
