#include "http/client.hpp"

#include <latch>

#include "http/client_fixture_test.hpp"

namespace tollgate::http {
namespace {

TEST_F(ClientTest, Request_ArrivesAsWrittenAndConnectionIsReused) {
    std::string head;
    ScriptedServer server([&](Peer& peer) {
        while (peer.read_request()) {
            head = peer.head;
            peer.answer(peer.body);
        }
    });
    Reply first = call(server, {"{\"a\":", "", "1}"});
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(first.body, "{\"a\":1}");
    EXPECT_FALSE(first.reused);
    EXPECT_EQ(client->idle_connections(), 1u);
    Reply second = call(server);
    EXPECT_TRUE(second.reused);
    EXPECT_EQ(client->connects(), 1u);
    EXPECT_EQ(client->active_connections(), 0u);
    client->sweep();
    EXPECT_EQ(client->idle_connections(), 1u);
    EXPECT_EQ(head,
              "POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                  "\r\ncontent-type: application/json\r\nx-api-key: k\r\n"
                  "Content-Length: 2\r\n\r\n");
    limits.idle_max = std::chrono::seconds(0);
    client.emplace(loop, limits);
    EXPECT_EQ(client->idle_connections(), 0u);
}

TEST_F(ClientTest, HeadersThatWouldSplitTheRequest_AreRefused) {
    ScriptedServer server(echo);
    headers = {{"authorization", "Bearer k\r\nx-other: y"}};
    Reply reply = call(server);
    EXPECT_EQ(reply.error.code, ErrorCode::invalid_request);
    EXPECT_NE(reply.error.message.find("authorization"), std::string::npos);
    EXPECT_EQ(server.connections(), 0);
}

TEST_F(ClientTest, IdleConnectionClosedByProvider_IsNotUsedAgain) {
    std::latch closed(1);
    ScriptedServer server([&](Peer& peer) {
        peer.read_request();
        peer.answer("one");
        peer.close();
        if (peer.number() == 0) closed.count_down();
    });
    EXPECT_EQ(call(server).body, "one");
    closed.wait();
    // The loop hears of the closing in its next turn.
    loop.run_once(0);
    Reply second = call(server);
    EXPECT_EQ(second.body, "one");
    EXPECT_FALSE(second.reused);
    EXPECT_EQ(client->stale_retries(), 0u);
    EXPECT_EQ(client->connects(), 2u);
}

TEST_F(ClientTest, ReusedConnectionClosedOnArrivalOfTheRequest_IsRetriedOnAFreshOne) {
    ScriptedServer server([&](Peer& peer) {
        peer.read_request();
        peer.answer("first on " + std::to_string(peer.number()));
        if (peer.number() == 0) {
            peer.read_head();
            peer.reset();
        } else {
            echo(peer);
        }
    });
    EXPECT_EQ(call(server).body, "first on 0");
    EXPECT_TRUE(departure.begun);
    EXPECT_EQ(departure.again, net::Instant{});
    const net::Instant before = net::Clock::now();
    Reply second = call(server);
    EXPECT_EQ(second.body, "first on 1");
    EXPECT_FALSE(second.reused);
    EXPECT_EQ(second.failure, CallFailure::none);
    EXPECT_EQ(client->stale_retries(), 1u);
    EXPECT_GE(departure.again, before);
    EXPECT_LE(departure.again, net::Clock::now());
}

TEST_F(ClientTest, FreshConnectionClosedWithoutAnswer_IsNotRetried) {
    ScriptedServer server([](Peer& peer) { peer.read_request(); });
    Reply reply = call(server);
    EXPECT_EQ(reply.error.code, ErrorCode::unavailable);
    EXPECT_EQ(reply.failure, CallFailure::closed_before_head);
    EXPECT_EQ(server.connections(), 1);
    EXPECT_EQ(client->active_connections(), 0u);
}

TEST_F(ClientTest, ResetWithoutAnswer_IsUnavailable) {
    ScriptedServer server([](Peer& peer) {
        peer.read_request();
        peer.reset();
    });
    Reply reply = call(server);
    EXPECT_EQ(reply.error.code, ErrorCode::unavailable);
    EXPECT_EQ(reply.failure, CallFailure::closed_before_head);
}

TEST_F(ClientTest, RefusedConnection_IsUnavailable) {
    std::string url;
    {
        ScriptedServer server(echo);
        url = server.url();
    }
    Reply reply = call_url(url);
    EXPECT_EQ(reply.error.code, ErrorCode::unavailable);
    EXPECT_EQ(reply.failure, CallFailure::connect);
}

TEST_F(ClientTest, UnknownName_IsUnavailable) {
    Reply reply = call_url("http://name.invalid/");
    EXPECT_EQ(reply.error.code, ErrorCode::unavailable);
    EXPECT_EQ(reply.failure, CallFailure::resolve);
}

TEST_F(ClientTest, StallBeforeTheHead_TimesOutAndCloses) {
    std::promise<long> closed_after;
    ScriptedServer server([&](Peer& peer) {
        peer.read_request();
        closed_after.set_value(peer.milliseconds_until_closed());
    });
    deadlines.headers = milliseconds(200);
    Reply reply = call(server);
    EXPECT_EQ(reply.error.code, ErrorCode::timeout);
    EXPECT_EQ(reply.failure, CallFailure::head_timeout);
    long took = closed_after.get_future().get();
    EXPECT_GE(took, 150);
    EXPECT_LT(took, 2000);
}

TEST_F(ClientTest, Garbage_IsAProviderErrorThatSaysWhy) {
    const std::string answers[] = {
        "\x15\x03\x01 garbage\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: " + std::string(40'000, 'x') + "\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: exotic\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Le",
    };
    for (const std::string& text : answers) {
        ScriptedServer server([&](Peer& peer) {
            peer.read_request();
            peer.write(text);
        });
        Reply reply = call(server);
        EXPECT_EQ(reply.error.code, ErrorCode::provider) << text;
        EXPECT_EQ(reply.failure, CallFailure::bad_head) << text;
    }
}

TEST_F(ClientTest, ConnectionClose_IsNotReused) {
    ScriptedServer server([](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx");
        peer.milliseconds_until_closed();
    });
    EXPECT_EQ(call(server).body, "x");
    EXPECT_EQ(client->idle_connections(), 0u);
}

TEST_F(ClientTest, CancelledCall_ClosesTheProvidersSocketPromptly) {
    std::promise<long> closed_after;
    std::latch streaming(1);
    ScriptedServer server([&](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        streaming.wait();
        closed_after.set_value(peer.milliseconds_until_closed());
    });
    Origin origin = *parse_origin(server.url());
    base::Error error;
    auto streams = [&]() -> Task<void> {
        CallFailure failure = CallFailure::none;
        std::vector<std::string_view> body;
        auto sent = co_await send(origin, body, failure);
        EXPECT_TRUE(sent.ok());
        auto first = co_await sent->read();
        EXPECT_EQ(*first, "abc");
        streaming.count_down();
        auto second = co_await sent->read();
        EXPECT_FALSE(second.ok());
        error = second.error();
    };
    auto cancels = [&]() -> Task<void> {
        co_await net::sleep_for(milliseconds(100));
        scope.cancel(loop, net::CancelReason::client_gone);
    };
    net::spawn(cancels(), "cancels");
    run(streams());
    EXPECT_EQ(error.code, ErrorCode::cancelled);
    EXPECT_LT(closed_after.get_future().get(), 200 + 100);
    Reply after = call(server);
    EXPECT_EQ(after.failure, CallFailure::cancelled);
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(ClientTest, RefusalBeforeTheBodyIsSent_IsTheAnswer) {
    std::string big(20 * 1024 * 1024, 'b');
    ScriptedServer server([&](Peer& peer) {
        peer.read_head();
        peer.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
        // Open, but reading no more.
        std::this_thread::sleep_for(milliseconds(peer.number() == 0 ? 500 : 0));
    });
    for (int i = 0; i < 2; ++i) {
        Reply reply = call(server, {big});
        EXPECT_EQ(reply.status, 413) << reply.error.message;
        if (i == 0) {
            EXPECT_EQ(reply.body, "big");
        }
        EXPECT_EQ(client->idle_connections(), 0u);
    }
}

TEST_F(ClientTest, IdleConnections_AreBounded) {
    limits.idle_per_origin_max = 2;
    client.emplace(loop, limits);
    std::latch all_here(5);
    ScriptedServer server([&](Peer& peer) {
        peer.read_request();
        all_here.arrive_and_wait();
        peer.answer("x");
        peer.milliseconds_until_closed();
    });
    Origin origin = *parse_origin(server.url());
    std::vector<Reply> replies(5);
    int running = 5;
    auto one = [&](Reply& reply) -> Task<void> {
        std::vector<std::string_view> body;
        co_await whole_call(origin, body, reply);
        --running;
    };
    for (Reply& reply : replies) net::spawn(one(reply), "one");
    auto limit = net::Clock::now() + std::chrono::seconds(10);
    while (running > 0 && net::Clock::now() < limit) loop.run_once(100);
    for (const Reply& reply : replies) EXPECT_EQ(reply.body, "x");
    EXPECT_EQ(client->idle_connections(), 2u);
    EXPECT_EQ(client->connects(), 5u);
    client.emplace(loop, limits);
}

}  // namespace
}  // namespace tollgate::http
