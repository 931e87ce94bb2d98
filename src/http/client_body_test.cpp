// The bodies of answers, as the client hands them on.
#include <zlib.h>

#include <latch>

#include "base/buffer_pool.hpp"
#include "http/client_fixture_test.hpp"

namespace tollgate::http {
namespace {

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

TEST_F(ClientTest, BytesBehindTheAnswer_MakeTheConnectionUnfit) {
    ScriptedServer server([](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n\r\n");
        peer.milliseconds_until_closed();
    });
    EXPECT_EQ(call(server).body, "x");
    EXPECT_EQ(client->idle_connections(), 0u);
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

}  // namespace
}  // namespace tollgate::http
