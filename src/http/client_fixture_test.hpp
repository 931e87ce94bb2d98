// What the client's tests share: one loop, one client, and calls that run to their end.
#pragma once
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/client.hpp"
#include "http/scripted_server_test.hpp"

namespace tollgate::http {

using base::ErrorCode;
using net::Task;
using std::chrono::milliseconds;

struct Reply {
    int status = 0;
    std::string body;
    bool reused = false;
    bool ok = false;
    base::Error error;
    CallFailure failure = CallFailure::none;
};

class ClientTest : public testing::Test {
protected:
    Reply call(const ScriptedServer& server, std::vector<std::string_view> body = {"{}"}) {
        return call_url(server.url(), std::move(body));
    }
    Reply call_url(const std::string& url, std::vector<std::string_view> body = {"{}"}) {
        Reply reply;
        Origin origin = *parse_origin(url);
        run(whole_call(origin, std::move(body), reply));
        return reply;
    }
    void run(Task<void> work) {
        bool done = false;
        auto wrapped = [&](Task<void> inner) -> Task<void> {
            co_await inner;
            done = true;
        };
        net::spawn(wrapped(std::move(work)), "test");
        auto limit = net::Clock::now() + std::chrono::seconds(20);
        while (!done && net::Clock::now() < limit) loop.run_once(1000);
        ASSERT_TRUE(done) << "the call did not end";
    }
    Task<void> whole_call(const Origin& origin, std::vector<std::string_view> body, Reply& reply) {
        auto sent = co_await send(origin, body, reply.failure);
        if (!sent.ok()) {
            reply.error = sent.error();
            co_return;
        }
        reply.status = sent->head().status;
        reply.reused = sent->reused_connection();
        auto text = co_await sent->read_all(64 * 1024 * 1024);
        reply.ok = text.ok();
        if (text.ok())
            reply.body = *text;
        else
            reply.error = text.error();
    }
    Task<base::Result<Call>> send(const Origin& origin, const std::vector<std::string_view>& body,
                                  CallFailure& failure) {
        OutgoingRequest request;
        request.method = method;
        request.target = "/v1/messages";
        request.headers = headers;
        request.body = body;
        departure = {};
        co_return co_await client->send(origin, request, deadlines, &scope, &failure, &departure);
    }

    net::Loop loop;
    ClientLimits limits;
    std::optional<Client> client{std::in_place, loop, limits};
    net::CancelScope scope;
    Departure departure;  // of the last call
    Deadlines deadlines;
    std::string_view method = "POST";
    std::vector<Header> headers = {{"content-type", "application/json"}, {"x-api-key", "k"}};
};

// Answers every request on every connection with the body it got.
inline void echo(Peer& peer) {
    while (peer.read_request()) peer.answer(peer.body);
}

}  // namespace tollgate::http
