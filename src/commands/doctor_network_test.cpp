#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <thread>

#include "commands/doctor.hpp"

namespace tollgate::commands {
namespace {

// A provider on a loopback port: answers each path with a fixed body, and 401 without the key.
class FakeProvider {
public:
    explicit FakeProvider(std::map<std::string, std::string> bodies, std::string wanted_header)
        : bodies_(std::move(bodies)), wanted_(std::move(wanted_header)) {
        fd_ = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), length), 0);
        EXPECT_EQ(listen(fd_, 16), 0);
        getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length);
        port = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~FakeProvider() {
        stop_ = true;
        thread_.join();
        close(fd_);
    }
    std::uint16_t port = 0;

private:
    void serve() {
        while (!stop_) {
            pollfd ready{fd_, POLLIN, 0};
            if (poll(&ready, 1, 20) <= 0) continue;
            const int peer = accept(fd_, nullptr, nullptr);
            answer(peer);
            close(peer);
        }
    }
    void answer(int peer) const {
        const timeval patience{1, 0};
        setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        std::string head;
        char part[2048];
        while (head.find("\r\n\r\n") == head.npos) {
            const ssize_t count = recv(peer, part, sizeof part, 0);
            if (count <= 0) return;  // doctor's bare connection
            head.append(part, static_cast<std::size_t>(count));
        }
        const std::string path = head.substr(4, head.find(' ', 4) - 4);
        const auto found = bodies_.find(path);
        const bool allowed = wanted_.empty() || head.find(wanted_) != head.npos;
        const std::string status = !allowed                 ? "401 Unauthorized"
                                   : found == bodies_.end() ? "404 Not Found"
                                                            : "200 OK";
        const std::string body = found == bodies_.end() ? "{}" : found->second;
        const std::string text = "HTTP/1.1 " + status +
                                 "\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n" +
                                 "Content-Length: " + std::to_string(body.size()) +
                                 "\r\nConnection: close\r\n\r\n" + body;
        send(peer, text.data(), text.size(), MSG_NOSIGNAL);
    }

    std::map<std::string, std::string> bodies_;
    std::string wanted_;
    int fd_ = -1;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

domain::Deployment target(std::uint16_t port, std::string path) {
    domain::Deployment out;
    out.provider.type = "fake";
    out.provider.credential_env = {"FAKE_API_KEY"};
    out.base_url = "http://127.0.0.1:" + std::to_string(port) + path;
    out.api_key = "made-up";
    return out;
}

const Check& named(const Checks& checks, std::string_view name) {
    static const Check none{"none", Health::ok, "", "", -1};
    for (const Check& check : checks) {
        if (check.name == name) return check;
    }
    ADD_FAILURE() << "no check " << name;
    return none;
}

TEST(DoctorNetwork, ProviderThatAnswers_PassesEachStepWithItsTime) {
    const FakeProvider server({{"/v1/models", R"({"data":[{"id":"a"},{"id":"b"}]})"}},
                              "Bearer made-up");
    const auto deployment = target(server.port, "/v1");
    const Checks checks = check_providers({deployment, deployment});
    EXPECT_EQ(named(checks, "fake: DNS").health, Health::ok);
    EXPECT_GE(named(checks, "fake: TCP").milliseconds, 0);
    EXPECT_EQ(named(checks, "fake: authentication").health, Health::ok);
    EXPECT_EQ(named(checks, "fake: authentication").detail, "credential accepted, 2 models");
    EXPECT_EQ(named(checks, "fake: clock").health, Health::warn);
    EXPECT_EQ(checks.size(), 4u) << "one account is examined once";
}

TEST(DoctorNetwork, WrongCredential_FailsAndNamesTheVariable) {
    const FakeProvider server({{"/v1/models", "{}"}}, "Bearer another");
    const Checks checks = check_providers({target(server.port, "/v1")});
    const Check& check = named(checks, "fake: authentication");
    EXPECT_EQ(check.health, Health::fail);
    EXPECT_NE(check.hint.find("FAKE_API_KEY"), std::string::npos);
    EXPECT_EQ((check.hint + check.detail).find("made-up"), std::string::npos);
}

TEST(DoctorNetwork, MissingPathPrefix_IsSuspected) {
    const FakeProvider server({{"/v1/models", "{}"}}, "");
    const Checks checks = check_providers({target(server.port, "")});
    EXPECT_EQ(named(checks, "fake: authentication").health, Health::warn);
    EXPECT_NE(named(checks, "fake: authentication").hint.find("/v1"), std::string::npos);
}

TEST(DoctorNetwork, NobodyListens_FailsAtTcp) {
    std::uint16_t port = 0;
    {
        const FakeProvider server({}, "");
        port = server.port;
    }
    const Checks checks = check_providers({target(port, "")});
    EXPECT_EQ(named(checks, "fake: TCP").health, Health::fail);
    EXPECT_EQ(checks.size(), 2u) << "nothing is asked after that";
}

TEST(DoctorNetwork, OllamaWithASmallContext_IsAWarning) {
    const FakeProvider server(
        {{"/api/version", R"({"version":"0.15.1"})"},
         {"/api/ps", R"({"models":[{"name":"qwen3:8b","context_length":4096}]})"}},
        "");
    auto deployment = target(server.port, "");
    deployment.provider.protocol = domain::Protocol::ollama;
    const Checks checks = check_providers({deployment});
    EXPECT_EQ(named(checks, "fake: version").detail, "0.15.1");
    EXPECT_EQ(named(checks, "fake: context of qwen3:8b").health, Health::warn);
}

TEST(DoctorNetwork, EchoAndBadAddress_NeedNoNetwork) {
    domain::Deployment echo;
    echo.provider.echo = true;
    EXPECT_TRUE(check_providers({echo}).empty());
    domain::Deployment bad;
    bad.provider.type = "fake";
    bad.base_url = "nonsense";
    EXPECT_EQ(named(check_providers({bad}), "fake: address").health, Health::fail);
}

}  // namespace
}  // namespace tollgate::commands
