// Checks of this machine: files, ports, clock, limits.
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "base/clock.hpp"
#include "commands/doctor.hpp"
#include "net/connect.hpp"

namespace tollgate::commands {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t gibibyte = 1024LL * 1024 * 1024;
constexpr int certificate_days_warn = 30;

struct FileClose {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileClose>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Check failed(std::string name, std::string detail, std::string hint) {
    return {std::move(name), Health::fail, std::move(detail), std::move(hint), -1};
}
Check good(std::string name, std::string detail) {
    return {std::move(name), Health::ok, std::move(detail), "", -1};
}
Check doubtful(std::string name, std::string detail, std::string hint) {
    return {std::move(name), Health::warn, std::move(detail), std::move(hint), -1};
}

// The folder itself, or the nearest one above it that exists.
fs::path existing(const std::string& folder) {
    std::error_code ignored;
    fs::path path = fs::absolute(folder, ignored);
    while (!fs::exists(path, ignored) && path.has_relative_path()) path = path.parent_path();
    return path;
}

class Socket {
public:
    explicit Socket(int family) : fd_(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
    ~Socket() {
        if (fd_ >= 0) close(fd_);
    }
    Socket(const Socket&) = delete;
    int fd() const { return fd_; }

private:
    int fd_;
};

// True when what listens there answers as this gateway does.
bool gateway_answers(const net::Address& address) {
    const Socket peer(address.storage.ss_family);
    const timeval patience{2, 0};
    setsockopt(peer.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(peer.fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const auto* name = reinterpret_cast<const sockaddr*>(&address.storage);
    if (connect(peer.fd(), name, address.length) != 0) return false;
    constexpr std::string_view request =
        "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    if (send(peer.fd(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return false;
    std::string answer;
    char part[1024];
    while (answer.size() < 8192) {
        const ssize_t count = recv(peer.fd(), part, sizeof part, 0);
        if (count <= 0) break;
        answer.append(part, static_cast<std::size_t>(count));
    }
    std::transform(answer.begin(), answer.end(), answer.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return answer.starts_with("http/1.1 200") && answer.find("x-request-id") != answer.npos;
}

std::string openssl_reason() {
    char text[160] = "no reason given";
    if (const unsigned long code = ERR_get_error()) ERR_error_string_n(code, text, sizeof text);
    ERR_clear_error();
    return text;
}

Check check_expiry(const X509& certificate) {
    int days = 0;
    int seconds = 0;
    ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(&certificate));
    if (days < 0 || seconds < 0) {
        return failed("TLS certificate", "expired " + std::to_string(-days) + " days ago",
                      "renew it and send SIGHUP to the gateway");
    }
    const std::string detail = "expires in " + std::to_string(days) + " days";
    if (X509_cmp_current_time(X509_get0_notBefore(&certificate)) > 0) {
        return failed("TLS certificate", "is not valid yet", "check the clock, or wait");
    }
    if (days < certificate_days_warn) return doubtful("TLS certificate", detail, "renew it soon");
    return good("TLS certificate", detail);
}

}  // namespace

Check check_configuration(const std::string& file, const config::LoadResult& loaded) {
    const std::string name = "configuration";
    const std::string what = file.empty() ? "no file" : file;
    const auto& problems = loaded.problems;
    const auto first = [&](config::Severity severity) {
        return std::find_if(problems.begin(), problems.end(),
                            [severity](const auto& one) { return one.severity == severity; });
    };
    if (!loaded.ok()) {
        return failed(name, first(config::Severity::error)->text(),
                      "run `tollgate config check` for the whole list");
    }
    if (file.empty() && loaded.config.demo) {
        return doubtful(name, "no file and no provider variable: demo mode, only echo answers",
                        "set a provider's key, e.g. OPENAI_API_KEY, or run `tollgate init`");
    }
    const std::string detail =
        what + ", " + std::to_string(loaded.config.model_list.size()) + " deployments";
    const auto warning = first(config::Severity::warning);
    if (warning == problems.end()) return good(name, detail);
    return doubtful(name, warning->text(), "run `tollgate config check` for the whole list");
}

Check check_listen(const std::string& address) {
    const std::string name = "listen";
    const auto parsed = net::parse_address(address);
    if (!parsed.ok()) {
        return failed(name, parsed.error().message, "write host:port in server.listen");
    }
    const Socket probe(parsed->storage.ss_family);
    const int on = 1;
    // A connection of the last run that still lingers is no obstacle.
    setsockopt(probe.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const auto* wanted = reinterpret_cast<const sockaddr*>(&parsed->storage);
    if (bind(probe.fd(), wanted, parsed->length) == 0) return good(name, address + " is free");
    const int why = errno;
    if (why == EADDRINUSE && gateway_answers(*parsed)) {
        return good(name, "a gateway is running at " + address);
    }
    std::string hint = "set server.listen, or --listen, to another address";
    if (why == EADDRINUSE) hint = "find who holds it with `ss -ltnp`, or " + hint;
    if (why == EACCES) hint = "ports below 1024 need CAP_NET_BIND_SERVICE; or " + hint;
    return failed(name, address + ": " + std::strerror(why), hint);
}

Checks check_tls(const config::TlsFiles& files) {
    if (!files.enabled()) return {};
    const File chain(std::fopen(files.certificate.c_str(), "re"));
    if (!chain) {
        return {failed("TLS certificate", files.certificate + ": " + std::strerror(errno),
                       "correct server.tls.certificate or the file's owner")};
    }
    const Certificate certificate(PEM_read_X509(chain.get(), nullptr, nullptr, nullptr), X509_free);
    if (!certificate) {
        return {failed("TLS certificate", files.certificate + ": " + openssl_reason(),
                       "the file must hold the chain in PEM form, our certificate first")};
    }
    const File secret(std::fopen(files.key.c_str(), "re"));
    if (!secret) {
        return {failed("TLS key", files.key + ": " + std::strerror(errno),
                       "correct server.tls.key or the file's owner")};
    }
    // An encrypted key would ask for a password on the terminal: an empty one is given instead.
    char no_password[] = "";
    const Key key(PEM_read_PrivateKey(secret.get(), nullptr, nullptr, no_password), EVP_PKEY_free);
    if (!key) {
        return {failed("TLS key", files.key + ": " + openssl_reason(),
                       "the file must hold one private key in PEM form, without a password")};
    }
    Checks checks = {check_expiry(*certificate)};
    const bool match = X509_check_private_key(certificate.get(), key.get()) == 1;
    ERR_clear_error();
    checks.push_back(match ? good("TLS key", "belongs to the certificate")
                           : failed("TLS key", "does not belong to the certificate",
                                    "name the key that the certificate was made for"));
    return checks;
}

Check check_clock(std::int64_t unix_now) {
    constexpr std::int64_t year_2026 = 1'767'225'600;
    constexpr std::int64_t year_2100 = 4'102'444'800;
    const auto point = std::chrono::system_clock::time_point(std::chrono::seconds(unix_now));
    const std::string text = base::rfc3339(point);
    if (unix_now >= year_2026 && unix_now < year_2100) return good("clock", text);
    return failed("clock", text + " cannot be right",
                  "set the clock (`timedatectl set-ntp true`): certificates and limits need it");
}

Check check_data_dir(const std::string& folder) {
    const std::string name = "data directory";
    std::error_code failure;
    if (fs::exists(folder, failure) && !fs::is_directory(folder, failure)) {
        return failed(name, folder + " is no directory", "set --data-dir to another place");
    }
    const bool made = fs::is_directory(folder, failure);
    const std::string probe = (existing(folder) / ".tollgate_doctor_XXXXXX").string();
    std::string path = probe;
    const int fd = mkstemp(path.data());
    if (fd < 0) {
        return failed(name, folder + ": " + std::strerror(errno),
                      "give it to the gateway's user, or set --data-dir to another place");
    }
    close(fd);
    unlink(path.c_str());
    return good(name, folder + (made ? " is writable" : " will be made at the first start"));
}

Check check_disk(const std::string& folder) {
    struct statvfs state{};
    const std::string place = existing(folder).string();
    if (statvfs(place.c_str(), &state) != 0) {
        return doubtful("disk", place + ": " + std::strerror(errno), "check the mount");
    }
    const auto free_bytes =
        static_cast<std::int64_t>(state.f_bavail) * static_cast<std::int64_t>(state.f_frsize);
    char text[48];
    std::snprintf(text, sizeof text, "%.1f GiB free",
                  static_cast<double>(free_bytes) / static_cast<double>(gibibyte));
    if (free_bytes < gibibyte / 10) {
        return failed("disk", text, "usage records need room: free some, or move --data-dir");
    }
    if (free_bytes < gibibyte) return doubtful("disk", text, "make room before it is needed");
    return good("disk", text);
}

Check check_permissions(const std::vector<std::string>& files) {
    std::string open;
    std::size_t looked_at = 0;
    for (const std::string& file : files) {
        struct stat state{};
        if (stat(file.c_str(), &state) != 0 || !S_ISREG(state.st_mode)) continue;
        ++looked_at;
        if ((state.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) == 0) continue;
        if (!open.empty()) open += " ";
        open += file;
    }
    if (open.empty()) return good("permissions", std::to_string(looked_at) + " files are closed");
    return doubtful("permissions", "others can read or change: " + open, "chmod 600 " + open);
}

std::uint64_t descriptor_limit() {
    rlimit limit{};
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

Check check_descriptors(std::uint64_t limit, std::int64_t connections) {
    constexpr std::uint64_t own = 256;  // files, listeners, loops
    const std::uint64_t wanted =
        2 * static_cast<std::uint64_t>(std::max<std::int64_t>(connections, 0)) + own;
    const std::string detail = std::to_string(limit) + " open files allowed";
    const std::string hint = "`ulimit -n " + std::to_string(wanted) +
                             "`, or LimitNOFILE=" + std::to_string(wanted) + " in the systemd unit";
    if (limit < 2 * own) return failed("descriptors", detail, hint);
    if (limit >= wanted) return good("descriptors", detail);
    return doubtful("descriptors",
                    detail + ", enough for " + std::to_string((limit - own) / 2) + " of " +
                        std::to_string(connections) + " connections",
                    hint);
}

}  // namespace tollgate::commands
