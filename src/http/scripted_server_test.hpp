// A provider for tests: accepts on a free loopback port and runs a script for each connection, in
// threads of its own with blocking sockets. Everything is bounded to a few seconds.
#pragma once
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace tollgate::http {

// The server's side of one connection.
class Peer {
public:
    Peer(int fd, int number) : fd_(fd), number_(number) {
        timeval patience{5, 0};
        setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    }
    ~Peer() { close(); }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    int number() const { return number_; }  // of the connection, from 0
    int fd() const { return fd_; }
    // The next request's head, with the blank line; "" when the client has closed.
    std::string read_head() {
        while (buffered_.find("\r\n\r\n") == std::string::npos) {
            if (!fill()) return "";
        }
        std::size_t end = buffered_.find("\r\n\r\n") + 4;
        std::string bytes = buffered_.substr(0, end);
        buffered_.erase(0, end);
        return bytes;
    }
    std::string read_bytes(std::size_t count) {
        while (buffered_.size() < count) {
            if (!fill()) break;
        }
        std::string bytes = buffered_.substr(0, count);
        buffered_.erase(0, bytes.size());
        return bytes;
    }
    // A whole request; false when the client has closed.
    bool read_request() {
        head = read_head();
        if (head.empty()) return false;
        std::size_t at = head.find("Content-Length: ");
        body = at == std::string::npos ? "" : read_bytes(std::stoul(head.substr(at + 16)));
        return true;
    }
    bool write(std::string_view bytes) {
        while (!bytes.empty()) {
            ssize_t count = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }
    bool answer(std::string_view body_text) {
        return write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body_text.size()) +
                     "\r\n\r\n" + std::string(body_text));
    }
    // Milliseconds until the client closes its end; -1 when it does not.
    long milliseconds_until_closed() {
        auto start = std::chrono::steady_clock::now();
        char byte;
        ssize_t count = recv(fd_, &byte, 1, 0);
        if (count > 0 || (count < 0 && errno == EAGAIN)) return -1;
        auto took = std::chrono::steady_clock::now() - start;
        return std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
    }
    void reset() {
        linger hard{1, 0};
        setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close();
    }
    void close() {
        std::lock_guard lock(mutex_);
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }
    // From another thread: ends what the script is waiting for.
    void interrupt() {
        std::lock_guard lock(mutex_);
        if (fd_ >= 0) shutdown(fd_, SHUT_RDWR);
    }

    std::string head;
    std::string body;

private:
    bool fill() {
        char block[65536];
        ssize_t count = recv(fd_, block, sizeof block, 0);
        if (count <= 0) return false;
        buffered_.append(block, static_cast<std::size_t>(count));
        return true;
    }
    std::mutex mutex_;  // of fd_ against interrupt()
    int fd_;
    int number_;
    std::string buffered_;
};

class ScriptedServer {
public:
    using Script = std::function<void(Peer&)>;
    explicit ScriptedServer(Script script) : script_(std::move(script)) {
        fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), length), 0);
        EXPECT_EQ(listen(fd_, 64), 0);
        getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length);
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread([this] { accept_all(); });
    }
    ~ScriptedServer() { stop(); }
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    std::uint16_t port() const { return port_; }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v1"; }
    int connections() const { return connections_; }
    // Ends all connections and waits for their scripts.
    void stop() {
        if (!acceptor_.joinable()) return;
        shutdown(fd_, SHUT_RDWR);
        acceptor_.join();
        for (auto& peer : peers_) peer->interrupt();
        for (std::thread& thread : threads_) thread.join();
        ::close(fd_);
    }

private:
    void accept_all() {
        while (true) {
            int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) return;
            int number = connections_++;
            peers_.push_back(std::make_unique<Peer>(fd, number));
            threads_.emplace_back([this, peer = peers_.back().get()] {
                script_(*peer);
                peer->close();
            });
        }
    }
    Script script_;
    int fd_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<int> connections_{0};
    std::thread acceptor_;
    std::vector<std::unique_ptr<Peer>> peers_;
    std::vector<std::thread> threads_;
};

}  // namespace tollgate::http
