#include "http/client.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <latch>
#include <optional>

#include "base/buffer_pool.hpp"
#include "http/scripted_server_test.hpp"

namespace tollgate::http {
namespace {

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

// One loop, one client, and calls that run to their end.
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
        co_return co_await client->send(origin, request, deadlines, &scope, &failure);
    }

    net::Loop loop;
    ClientLimits limits;
    std::optional<Client> client{std::in_place, loop, limits};
    net::CancelScope scope;
    Deadlines deadlines;
    std::string_view method = "POST";
    std::vector<Header> headers = {{"content-type", "application/json"}, {"x-api-key", "k"}};
};

// Answers every request on every connection with the body it got.
void echo(Peer& peer) {
    while (peer.read_request()) peer.answer(peer.body);
}

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
    Reply second = call(server);
    EXPECT_EQ(second.body, "first on 1");
    EXPECT_FALSE(second.reused);
    EXPECT_EQ(second.failure, CallFailure::none);
    EXPECT_EQ(client->stale_retries(), 1u);
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

TEST_F(ClientTest, StallInsideTheBody_TimesOut) {
    ScriptedServer server([](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        peer.milliseconds_until_closed();
    });
    deadlines.idle = milliseconds(200);
    Reply reply = call(server);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.error.code, ErrorCode::timeout);
}

TEST_F(ClientTest, TotalDeadline_EndsABodyThatNeverStops) {
    ScriptedServer server([](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\n\r\n");
        while (peer.write(std::string(1000, 'x'))) {
            std::this_thread::sleep_for(milliseconds(5));
        }
    });
    deadlines.total = net::Clock::now() + milliseconds(300);
    Reply reply = call(server);
    EXPECT_EQ(reply.error.code, ErrorCode::timeout);
    EXPECT_NE(reply.error.message.find("total"), std::string::npos);
}

TEST_F(ClientTest, CutInsideTheBody_IsAProviderError) {
    const std::string starts[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n",
    };
    for (const std::string& start : starts) {
        for (bool hard : {false, true}) {
            ScriptedServer server([&](Peer& peer) {
                peer.read_request();
                peer.write(start);
                if (hard) peer.reset();
            });
            Reply reply = call(server);
            EXPECT_FALSE(reply.ok);
            if (!hard) {
                EXPECT_EQ(reply.status, 200);
                EXPECT_EQ(reply.error.code, ErrorCode::provider) << reply.error.message;
            }
        }
    }
    EXPECT_EQ(client->idle_connections(), 0u);
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

TEST_F(ClientTest, ChunkedBodyWithTrailersInAnyPieces_IsReadAndReused) {
    const std::string answer =
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
        "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n";
    ScriptedServer server([&](Peer& peer) {
        std::size_t step = 1;
        while (peer.read_request()) {
            for (std::size_t at = 0; at < answer.size(); at += step) {
                peer.write(std::string_view(answer).substr(at, step));
                if (step < 40) std::this_thread::sleep_for(std::chrono::microseconds(200));
            }
            step *= 7;
        }
    });
    for (int i = 0; i < 4; ++i) EXPECT_EQ(call(server).body, "hello world") << i;
    EXPECT_EQ(client->connects(), 1u);
}

TEST_F(ClientTest, BodiesThatEndByClosing_AreReadAndNotReused) {
    ScriptedServer server([](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.0 200 OK\r\n\r\nuntil the end");
    });
    EXPECT_EQ(call(server).body, "until the end");
    EXPECT_EQ(client->idle_connections(), 0u);
}

TEST_F(ClientTest, AnswersWithoutBody_EndAtTheirHead) {
    ScriptedServer server([](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 204 No Content\r\n\r\n");
        peer.read_request();
        peer.write("HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n");
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Encoding: gzip\r\n\r\n");
        peer.read_request();
        peer.answer("");
        peer.read_request();
    });
    EXPECT_EQ(call(server).status, 204);
    EXPECT_EQ(call(server).status, 304);
    method = "HEAD";
    Reply head = call(server, {});
    EXPECT_EQ(head.status, 200);
    EXPECT_TRUE(head.ok);
    method = "GET";
    EXPECT_TRUE(call(server, {}).ok);
    EXPECT_EQ(client->connects(), 1u);
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

TEST_F(ClientTest, BytesBehindTheAnswer_MakeTheConnectionUnfit) {
    ScriptedServer server([](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n\r\n");
        peer.milliseconds_until_closed();
    });
    EXPECT_EQ(call(server).body, "x");
    EXPECT_EQ(client->idle_connections(), 0u);
}

std::string gzip(const std::string& plain) {
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
    std::string out(plain.size() + 1024, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

TEST_F(ClientTest, CompressedBody_IsDecompressed) {
    std::string plain;
    for (int i = 0; i < 50'000; ++i) plain += std::to_string(i);
    std::string packed = gzip(plain);
    ScriptedServer server([&](Peer& peer) {
        std::string start = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ";
        while (peer.read_request()) {
            std::size_t size = peer.body == "cut" ? packed.size() / 2 : packed.size();
            peer.write(start + std::to_string(size) + "\r\n\r\n" + packed.substr(0, size));
        }
    });
    EXPECT_TRUE(call(server).body == plain);
    EXPECT_TRUE(call(server).body == plain);
    EXPECT_EQ(client->connects(), 1u);
    Reply cut = call(server, {"cut"});
    EXPECT_EQ(cut.error.code, ErrorCode::provider);
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

TEST_F(ClientTest, AbandonedCall_ClosesUnlessOnlyTheEndIsMissing) {
    std::latch closed(1);
    ScriptedServer server([&](Peer& peer) {
        peer.read_request();
        std::string start = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
        if (peer.body == "end") start += "0\r\n\r\n";
        peer.write(start);
        EXPECT_GE(peer.milliseconds_until_closed(), 0);
        if (peer.body != "end") closed.count_down();
    });
    Origin origin = *parse_origin(server.url());
    auto abandons = [&](std::string text) -> Task<void> {
        CallFailure failure = CallFailure::none;
        std::vector<std::string_view> body{text};
        auto sent = co_await send(origin, body, failure);
        auto first = co_await sent->read();
        EXPECT_EQ(*first, "abc");
        EXPECT_EQ(client->active_connections(), 1u);
    };
    run(abandons("more"));
    closed.wait();
    EXPECT_EQ(client->idle_connections(), 0u);
    run(abandons("end"));
    EXPECT_EQ(client->idle_connections(), 1u);
    EXPECT_EQ(client->active_connections(), 0u);
    client.emplace(loop, limits);
}

TEST_F(ClientTest, BigBodies_PassBothWaysWhileTheProviderReadsSlowly) {
    std::string big(20 * 1024 * 1024, 'b');
    for (std::size_t i = 0; i < big.size(); i += 997) big[i] = static_cast<char>('a' + i % 26);
    ScriptedServer server([&](Peer& peer) {
        int small = 64 * 1024;
        setsockopt(peer.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        std::this_thread::sleep_for(milliseconds(300));  // the client's send stalls meanwhile
        echo(peer);
    });
    std::string_view whole = big;
    Reply reply = call(server, {whole.substr(0, 5'000'000), whole.substr(5'000'000)});
    EXPECT_TRUE(reply.body == big);
}

TEST_F(ClientTest, SlowReader_HoldsTheProviderBack) {
    std::atomic<std::size_t> written{0};
    const std::string block(64 * 1024, 'x');
    constexpr std::size_t total = 64 * 1024 * 1024;
    ScriptedServer server([&](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(total) + "\r\n\r\n");
        while (written < total && peer.write(block)) written += block.size();
    });
    Origin origin = *parse_origin(server.url());
    std::size_t seen_while_waiting = 0;
    auto reads = [&]() -> Task<void> {
        CallFailure failure = CallFailure::none;
        std::vector<std::string_view> body;
        auto sent = co_await send(origin, body, failure);
        auto first = co_await sent->read();
        co_await net::sleep_for(milliseconds(300));
        seen_while_waiting = written;
        std::size_t got = first->size();
        while (true) {
            auto bytes = co_await sent->read();
            EXPECT_TRUE(bytes.ok());
            if (!bytes.ok() || bytes->empty()) break;
            EXPECT_LE(bytes->size(), base::buffer_bytes);
            got += bytes->size();
        }
        EXPECT_EQ(got, total);
    };
    run(reads());
    EXPECT_LT(seen_while_waiting, total / 2);
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

TEST_F(ClientTest, Wait_SaysWhetherThereIsSomethingToRead) {
    std::latch go(1);
    ScriptedServer server([&](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        go.wait();
        peer.write("2\r\nab\r\n0\r\n\r\n");
        peer.milliseconds_until_closed();
    });
    Origin origin = *parse_origin(server.url());
    auto waits = [&]() -> Task<void> {
        CallFailure failure = CallFailure::none;
        std::vector<std::string_view> body;
        auto sent = co_await send(origin, body, failure);
        const std::size_t kept = base::buffers_kept();
        auto early = co_await sent->wait(net::Clock::now() + milliseconds(150));
        EXPECT_FALSE(*early);
        EXPECT_EQ(base::buffers_kept(), kept) << "an idle stream holds no buffer";
        EXPECT_EQ(sent->head().headers.get("transfer-encoding"), "chunked");
        go.count_down();
        auto ready = co_await sent->wait(net::Clock::now() + milliseconds(3000));
        EXPECT_TRUE(*ready);
        EXPECT_EQ(*co_await sent->read(), "ab");
        auto at_end = co_await sent->wait(net::Clock::now() + milliseconds(3000));
        EXPECT_TRUE(*at_end);
        EXPECT_EQ(*co_await sent->read(), "");
        EXPECT_EQ(*co_await sent->read(), "");
    };
    run(waits());
    client.emplace(loop, limits);
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

TEST(Origin, BaseUrls_AreSplitOrRefused) {
    Origin plain = *parse_origin("https://api.example.com/v1//");
    EXPECT_TRUE(plain.tls);
    EXPECT_EQ(plain.host, "api.example.com");
    EXPECT_EQ(plain.port, 443);
    EXPECT_EQ(plain.authority, "api.example.com");
    EXPECT_EQ(plain.base_path, "/v1");
    EXPECT_EQ(plain.pool_key(), "https://api.example.com:443");
    Origin numeric = *parse_origin("HTTP://[::1]:8080");
    EXPECT_FALSE(numeric.tls);
    EXPECT_EQ(numeric.host, "::1");
    EXPECT_EQ(numeric.authority, "[::1]:8080");
    EXPECT_EQ(numeric.base_path, "");
    for (const char* url :
         {"", "api.example.com", "ftp://a", "http://", "http:///v1", "http://u:p@a", "http://a:0",
          "http://a:70000", "http://a:", "http://a:x", "http://a/v1?x=1", "http://a/#f",
          "http://a b", "http://a/b c", "http://[::1", "http://[::1]x", "http://a\r\nb"}) {
        auto refused = parse_origin(url);
        ASSERT_FALSE(refused.ok()) << url;
        EXPECT_EQ(refused.error().field, "base_url");
    }
}

}  // namespace
}  // namespace tollgate::http
