// A Redis server for tests: private, in a temporary folder, on a free port of the loopback.
#pragma once
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace tollgate::shared_state {

class RedisServer {
public:
    explicit RedisServer(std::vector<std::string> options = {}) : options_(std::move(options)) {
        std::array<char, 32> folder{"/tmp/tollgate-redis-XXXXXX"};
        folder_ = ::mkdtemp(folder.data());
        port_ = free_port();
        start();
    }
    ~RedisServer() {
        stop();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;

    static bool installed() {
        const char* path = std::getenv("PATH");
        std::string folders = path == nullptr ? "" : path;
        for (std::size_t begin = 0; begin < folders.size();) {
            const std::size_t end = std::min(folders.find(':', begin), folders.size());
            if (std::filesystem::exists(folders.substr(begin, end - begin) + "/redis-server")) {
                return true;
            }
            begin = end + 1;
        }
        return false;
    }
    std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
    int port() const { return port_; }
    const std::string& folder() const { return folder_; }

    void start() {
        std::vector<std::string> words{"redis-server", "--port", std::to_string(port_), "--bind",
                                       "127.0.0.1", "--save", "", "--appendonly", "no",
                                       "--dir", folder_, "--hz", "50"};
        words.insert(words.end(), options_.begin(), options_.end());
        std::vector<char*> arguments;
        for (std::string& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        child_ = ::fork();
        if (child_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            static_cast<void>(::freopen("/dev/null", "w", stdout));
            static_cast<void>(::freopen("/dev/null", "w", stderr));
            ::execvp(arguments[0], arguments.data());
            ::_exit(127);
        }
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (command("PING").empty()) {
            ASSERT_LT(std::chrono::steady_clock::now(), until) << "redis-server did not start";
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }
    // At once, as a crash would. Nothing of it is on disk: it comes back empty.
    void stop() {
        if (child_ <= 0) return;
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
        child_ = 0;
    }
    // One command as a line; its answer as it came, "" when there is none.
    std::string command(const std::string& line) const {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_in address = loopback(port_);
        std::string answer;
        if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
            const std::string sent = line + "\r\n";
            std::array<char, 65536> bytes;
            if (::write(fd, sent.data(), sent.size()) > 0) {
                const ssize_t size = ::read(fd, bytes.data(), bytes.size());
                if (size > 0) answer.assign(bytes.data(), static_cast<std::size_t>(size));
            }
        }
        ::close(fd);
        return answer;
    }
    // How often it ran one of our scripts.
    long scripts_run() const {
        const std::string stats = command("INFO commandstats");
        long calls = 0;
        for (const char* name : {"cmdstat_evalsha:calls=", "cmdstat_eval:calls="}) {
            const std::size_t at = stats.find(name);
            if (at != std::string::npos) calls += std::atol(stats.c_str() + at + strlen(name));
        }
        return calls;
    }

    static int free_port() {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address = loopback(0);
        ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
        socklen_t size = sizeof address;
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
        ::close(fd);
        return ntohs(address.sin_port);
    }

private:
    static sockaddr_in loopback(int port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }

    std::vector<std::string> options_;
    std::string folder_;
    int port_ = 0;
    pid_t child_ = 0;
};

// Skips, by name, where redis-server is not installed; a CI must not skip.
#define TOLLGATE_NEEDS_REDIS()                                                        \
    if (!::tollgate::shared_state::RedisServer::installed()) {                        \
        const char* ci = std::getenv("CI");                                           \
        ASSERT_FALSE(ci != nullptr && std::string(ci) == "true")                      \
            << "redis-server is not installed: apt-get install redis-server";         \
        GTEST_SKIP() << "redis-server is not installed: apt-get install redis-server"; \
    }

}  // namespace tollgate::shared_state
