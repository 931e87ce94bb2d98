#include "credentials/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace tollgate::credentials {
namespace {

using base::ErrorCode;

struct Descriptor {
    int fd = -1;
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
};

base::Error unreadable(const std::string& path, int number) {
    ErrorCode code = ErrorCode::invalid_request;
    if (number == ENOENT || number == ENOTDIR) code = ErrorCode::not_found;
    if (number == EACCES || number == EPERM) code = ErrorCode::permission;
    return {code, path + ": " + std::generic_category().message(number)};
}

}  // namespace

base::Result<std::string> read_text_file(const std::string& path) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (file.fd < 0) return unreadable(path, errno);
    struct stat status {};
    if (::fstat(file.fd, &status) != 0) return unreadable(path, errno);
    if (!S_ISREG(status.st_mode)) return base::invalid(path + " is not a regular file");
    std::string text;
    char block[16 * 1024];
    while (text.size() <= file_bytes_max) {
        const ssize_t count = ::read(file.fd, block, sizeof block);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return unreadable(path, errno);
        if (count == 0) return text;
        text.append(block, static_cast<std::size_t>(count));
    }
    return base::invalid(path + " is longer than " + std::to_string(file_bytes_max) + " bytes");
}

net::Task<base::Result<std::string>> read_file(const FetchContext& context, std::string path) {
    std::function<base::Result<std::string>()> work = [path] { return read_text_file(path); };
    co_return co_await blocking(context, "reading " + path, std::move(work));
}

std::string trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(blanks) - begin + 1));
}

std::string home_path(const Variables& variables, std::string_view path) {
    if (!path.starts_with("~/")) return std::string(path);
    return variable(variables, "HOME") + std::string(path.substr(1));
}

}  // namespace tollgate::credentials
