// What the tests of this folder share: a loop with a client, a token service on loopback that keeps
// what it was asked, files in a directory of their own, and a clock that stands still.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <optional>

#include "credentials/cached_source.hpp"
#include "http/scripted_server_test.hpp"

namespace tollgate::credentials {

using base::ErrorCode;
using ::testing::HasSubstr;
using ::testing::Not;

// Answers by path: what `answers` holds for "GET /path" (without the query), 404 otherwise.
class TokenService {
public:
    struct Asked {
        std::string line, head, body;  // "GET /path?query", the whole head, the body
    };
    TokenService() : server_([this](http::Peer& peer) { serve(peer); }) {}
    ~TokenService() { server_.stop(); }

    // The next answer to `request`; the last one given stays.
    void answer(const std::string& request, int status, std::string body,
                std::string headers = {}) {
        std::lock_guard lock(mutex_);
        answers_[request].push_back({status, std::move(body), std::move(headers)});
    }
    // Answers wait until release().
    void hold() {
        std::lock_guard lock(mutex_);
        held_ = true;
    }
    void release() {
        std::lock_guard lock(mutex_);
        held_ = false;
    }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
    std::vector<Asked> asked() {
        std::lock_guard lock(mutex_);
        return asked_;
    }

private:
    struct Canned {
        int status;
        std::string body, headers;
    };
    void serve(http::Peer& peer) {
        while (peer.read_request()) {
            const std::string line = peer.head.substr(0, peer.head.find(" HTTP/1.1"));
            const std::string key = line.substr(0, line.find('?'));
            Canned canned{404, "", ""};
            {
                std::lock_guard lock(mutex_);
                asked_.push_back({line, peer.head, peer.body});
                auto& list = answers_[key];
                if (!list.empty()) canned = list.front();
                if (list.size() > 1) list.pop_front();
            }
            for (int i = 0; i < 400 && is_held(); ++i) {
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            }
            peer.write("HTTP/1.1 " + std::to_string(canned.status) + " X\r\n" + canned.headers +
                       "Content-Length: " + std::to_string(canned.body.size()) + "\r\n\r\n" +
                       canned.body);
        }
    }
    bool is_held() {
        std::lock_guard lock(mutex_);
        return held_;
    }
    std::mutex mutex_;
    std::map<std::string, std::deque<Canned>> answers_;
    std::vector<Asked> asked_;
    bool held_ = false;
    http::ScriptedServer server_;
};

using Got = std::optional<base::Result<CredentialPointer>>;

inline net::Task<void> get_into(SourcePointer source, http::Client& client,
                                net::CancelScope* scope, Got& got) {
    got = co_await source->get(client, scope);
}

class FetchTest : public testing::Test {
protected:
    FetchTest() {
        char name[] = "/tmp/tollgate_credentials_XXXXXX";
        directory = mkdtemp(name);
    }
    ~FetchTest() override { std::filesystem::remove_all(directory); }

    // Turns the loop until `got` is there.
    void wait_for(const Got& got) {
        const auto limit = net::Clock::now() + std::chrono::seconds(20);
        while (!got && net::Clock::now() < limit) loop.run_once(100);
        ASSERT_TRUE(got.has_value()) << "get() did not end";
    }
    void turn(int times) {
        for (int i = 0; i < times; ++i) loop.run_once(5);
    }
    base::Result<CredentialPointer> get(const SourcePointer& source) {
        Got got;
        net::spawn(get_into(source, client, &scope, got), "test");
        wait_for(got);
        if (!got) return base::Error{ErrorCode::internal, "none"};
        return *got;
    }
    // Asks `fetcher` once, without keeping anything.
    base::Result<CredentialPointer> fetch(std::unique_ptr<const Fetcher> fetcher) {
        return get(std::make_shared<CachedSource>(std::move(fetcher)));
    }
    std::string file(const std::string& name, std::string_view content) {
        const std::string path = directory + "/" + name;
        std::filesystem::create_directories(std::filesystem::path(path).parent_path());
        std::ofstream(path) << content;
        return path;
    }

    net::Loop loop;
    http::Client client{loop};
    net::CancelScope scope;
    TokenService service;
    Variables variables;
    std::string directory;
};

}  // namespace tollgate::credentials
