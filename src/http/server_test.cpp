#include "http/server.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "net/connect.hpp"

namespace tollgate::http {
namespace {

using std::chrono::milliseconds;

net::Task<void> echo_body(Exchange& exchange) {
    auto body = co_await exchange.read_body();
    if (!body.ok()) {
        const int status = body.error().code == base::ErrorCode::too_large ? 413 : 400;
        auto sent = co_await exchange.respond(status, "text/plain", body.error().message);
        co_return;
    }
    auto sent = co_await exchange.respond(200, "text/plain", *body);
}

// The path's query in front of the body instead of its first byte; then the body as it was.
net::Task<void> body_with_front(Exchange& exchange) {
    exchange.leave_room_in_front(20);
    auto body = co_await exchange.read_body();
    if (!body.ok()) {
        auto sent = co_await exchange.respond(413, "text/plain", body.error().message);
        co_return;
    }
    const std::string before(body->substr(0, 1));
    const auto with = exchange.put_in_front(exchange.head().query, before.size());
    std::string answer(with.value_or("no room"));
    const std::size_t length = exchange.head().query.size();
    if (with) answer += "|" + std::string(*exchange.put_in_front(before, length));
    answer += "|" + std::string(exchange.body());
    auto sent = co_await exchange.respond(200, "text/plain", answer);
}

net::Task<void> stream_words(Exchange& exchange) {
    auto started = co_await exchange.start_stream(200, "text/plain");
    for (const char* word : {"one ", "two "}) {
        auto written = co_await exchange.write(word);
        if (!written.ok()) co_return;
    }
    auto finished = co_await exchange.finish("three");
}

std::atomic<int> cancelled_waits{0};
net::Task<void> wait_for_ever(Exchange& exchange) {
    const net::Wake wake = co_await net::sleep_for(std::chrono::seconds(20), &exchange.scope());
    if (wake == net::Wake::cancelled) ++cancelled_waits;
}

net::Task<void> not_found(Exchange& exchange) {
    auto sent = co_await exchange.respond(exchange.path_known() ? 405 : 404, "text/plain", "no");
}

net::Task<void> count_body(Exchange& exchange) {
    auto body = co_await exchange.read_body();
    if (!body.ok()) co_return;
    const std::string count = std::to_string(body->size());
    auto sent = co_await exchange.respond(200, "text/plain", count);
}

net::Task<void> answer_with_odd_header(Exchange& exchange) {
    exchange.add_header("x-model", "a\r\nx-injected: yes");
    auto sent = co_await exchange.respond(200, "text/plain", "ok");
}

net::Task<void> throws(Exchange&) {
    throw std::runtime_error("a bug");
    co_return;
}

// A server on its own thread, and a blocking client.
class ServerTest : public ::testing::Test {
protected:
    ServerTest() : server_(loop_, router_, limits()) {
        router_.add(Method::post, "/echo", echo_body);
        router_.add(Method::post, "/front", body_with_front);
        router_.add(Method::get, "/stream", stream_words);
        router_.add(Method::get, "/wait", wait_for_ever);
        router_.add(Method::get, "/throws", throws);
        router_.add(Method::post, "/count", count_body);
        router_.add(Method::get, "/odd", answer_with_odd_header);
        router_.set_fallback(not_found);
        auto address = net::parse_address("127.0.0.1:0");
        auto fd = net::listen(*address, 128);
        port_ = net::bound_port(*fd);
        server_.serve(*fd, nullptr);
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~ServerTest() override {
        // Sessions end before their loop does.
        on_loop([this] {
            server_.stop_accepting();
            server_.cancel_all();
        });
        for (int i = 0; i < 500 && connections() > 0; ++i) {
            std::this_thread::sleep_for(milliseconds(2));
            on_loop([this] { server_.cancel_all(); });
        }
        loop_.stop();
        thread_.join();
    }
    static ServerLimits limits() {
        ServerLimits limits;
        limits.body_bytes_max = 1000;
        limits.head_timeout = milliseconds(300);
        limits.body_timeout = milliseconds(300);
        return limits;
    }
    void on_loop(const std::function<void()>& work) {
        std::atomic<bool> done{false};
        loop_.post([&] {
            work();
            done = true;
            done.notify_one();
        });
        done.wait(false);
    }
    std::size_t connections() {
        std::size_t count = 0;
        on_loop([&] { count = server_.connections(); });
        return count;
    }
    int connect() const {
        const int fd = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port_);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        const timeval patience{5, 0};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        return fd;
    }
    static void send(int fd, std::string_view bytes) {
        ASSERT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }
    // Everything until the server closes, or until `enough` is in it.
    static std::string receive(int fd, std::string_view enough = {}) {
        std::string all;
        char buffer[4096];
        while (enough.empty() || all.find(enough) == std::string::npos) {
            const ssize_t count = recv(fd, buffer, sizeof buffer, 0);
            if (count <= 0) break;
            all.append(buffer, static_cast<std::size_t>(count));
        }
        return all;
    }
    std::string talk(std::string_view request, std::string_view enough = {}) {
        const int fd = connect();
        send(fd, request);
        std::string answer = receive(fd, enough);
        close(fd);
        return answer;
    }
    net::Loop loop_;
    Router router_;
    Server server_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

TEST_F(ServerTest, HeadLongerThanOneBuffer_UpToTheLimit) {
    const auto with_head_of = [](std::size_t bytes) {
        return "POST /echo HTTP/1.1\r\nHost: a\r\nX-Long: " + std::string(bytes, 'x') +
               "\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
    };
    for (const std::size_t bytes : {30'000U, 32'700U, 40'000U, 60'000U}) {
        const std::string answer = talk(with_head_of(bytes));
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << bytes << ' ' << answer.substr(0, 99);
        EXPECT_TRUE(answer.ends_with("hi")) << bytes;
    }
    const std::string refused = talk(with_head_of(65'600));
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 431 ")) << refused.substr(0, 99);
    EXPECT_NE(refused.find("server.limits.head"), std::string::npos);
    std::string lines;
    for (int i = 0; i < 40; ++i) lines += "\r\n";
    EXPECT_TRUE(talk(lines).starts_with("HTTP/1.1 400 "));
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
    const std::string answer = talk(
        "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\none"
        "POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"
        "POST /echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 5\r\n\r\nthree");
    const auto one = answer.find("\r\n\r\none");
    const auto two = answer.find("\r\n\r\ntwo");
    const auto three = answer.find("\r\n\r\nthree");
    EXPECT_LT(one, two);
    EXPECT_LT(two, three);
    EXPECT_NE(three, std::string::npos) << answer;
}

TEST_F(ServerTest, AStreamIsChunkedAndEnds) {
    const std::string answer =
        talk("GET /stream HTTP/1.1\r\nhost: x\r\n\r\n", "0\r\n\r\n");
    EXPECT_NE(answer.find("transfer-encoding: chunked"), std::string::npos);
    EXPECT_NE(answer.find("4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"), std::string::npos)
        << answer;
}

TEST_F(ServerTest, AnOldClientGetsItsStreamUntilClose) {
    const std::string answer = talk("GET /stream HTTP/1.0\r\n\r\n");
    EXPECT_EQ(answer.find("chunked"), std::string::npos);
    EXPECT_TRUE(answer.ends_with("\r\n\r\none two three")) << answer;
}

TEST_F(ServerTest, ExpectContinueIsAnsweredBeforeTheBody) {
    const int fd = connect();
    send(fd, "POST /echo HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
    EXPECT_EQ(receive(fd, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    send(fd, "hi");
    EXPECT_NE(receive(fd, "hi").find("200 OK"), std::string::npos);
    close(fd);
}

TEST_F(ServerTest, AFrontIsPutBeforeTheBodyWhereThereIsRoom) {
    const auto ask = [this](const std::string& front, const std::string& body, bool chunked) {
        const std::string head = "POST /front?" + front + " HTTP/1.1\r\nhost: x\r\n"
                                 "connection: close\r\n";
        std::string sent = head + "content-length: " + std::to_string(body.size()) +
                           "\r\n\r\n" + body;
        if (chunked) {
            sent = head + "transfer-encoding: chunked\r\n\r\n";
            for (const char c : body) sent += std::string("1\r\n") + c + "\r\n";
            sent += "0\r\n\r\n";
        }
        const std::string answer = talk(sent);
        return answer.substr(answer.find("\r\n\r\n") + 4);
    };
    const std::string most(21, 'm');  // the room and the byte that is replaced
    const std::string long_body = "{" + std::string(900, 'b');
    for (const bool chunked : {false, true}) {
        EXPECT_EQ(ask("front", "{body", chunked), "frontbody|{body|{body");
        EXPECT_EQ(ask("f", "{", chunked), "f|{|{");
        EXPECT_EQ(ask(most, "{body", chunked), most + "body|{body|{body");
        EXPECT_EQ(ask(most + "m", "{body", chunked), "no room|{body");
        EXPECT_EQ(ask("front", long_body, chunked),
                  "front" + long_body.substr(1) + "|" + long_body + "|" + long_body);
        EXPECT_NE(ask("f", std::string(1001, 'b'), chunked).find("body_bytes"), std::string::npos);
        EXPECT_EQ(ask("f", std::string(1000, 'b'), chunked).find("body_bytes"), std::string::npos);
    }
}

TEST_F(ServerTest, ABodyOverTheLimitIsRefusedInWordsBeforeItIsRead) {
    const std::string answer =
        talk("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n", "body_bytes");
    EXPECT_NE(answer.find("HTTP/1.1 413"), std::string::npos) << answer;
}

TEST_F(ServerTest, UnknownPathsAndMethods) {
    EXPECT_NE(talk("GET /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").find(" 404 "),
              std::string::npos);
    const std::string wrong = talk("GET /echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    EXPECT_NE(wrong.find(" 405 "), std::string::npos);
    EXPECT_NE(wrong.find("allow: POST"), std::string::npos);
}

TEST_F(ServerTest, NonsenseAndSmugglingAreRefusedAndClosed) {
    for (const char* request :
         {"nonsense\r\n\r\n", "GET / HTTP/1.1\r\nhost : x\r\n\r\n",
          "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: "
          "chunked\r\n\r\n",
          "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc"}) {
        const std::string answer = talk(request);
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 400")) << request << answer;
        EXPECT_NE(answer.find("connection: close"), std::string::npos);
    }
}

TEST_F(ServerTest, ALineEndInAHeaderValueSplitsNothing) {
    const std::string answer = talk("GET /odd HTTP/1.1\r\nhost: x\r\n\r\n", "ok");
    EXPECT_EQ(answer.find("\r\nx-injected"), std::string::npos) << answer;
    EXPECT_NE(answer.find("x-model: a  x-injected: yes\r\n"), std::string::npos) << answer;
}

// More than a session's buffer holds arrives behind the end of a chunked body, in one piece.
TEST_F(ServerTest, MuchBehindAChunkedBodyIsTakenForTheNextRequests) {
    on_loop([this] {
        ServerLimits wide = limits();
        wide.body_bytes_max = 1024 * 1024;
        server_.set_limits(wide);
    });
    const int fd = connect();
    const std::string data(300'000, 'x');
    send(fd, "POST /count HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n493e0\r\n" +
                 data + "\r\n");
    std::string behind = "0\r\n\r\n";
    constexpr int followers = 4'000;
    for (int i = 0; i < followers; ++i) behind += "POST /count HTTP/1.1\r\nhost: x\r\n\r\n";
    behind += "GET /last HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    std::thread sender([&] { send(fd, behind); });
    const std::string answer = receive(fd);
    sender.join();
    close(fd);
    std::size_t answers = 0;
    for (auto at = answer.find(" 200 OK"); at != std::string::npos;
         at = answer.find(" 200 OK", at + 1)) {
        ++answers;
    }
    EXPECT_EQ(answers, 1U + followers);
    EXPECT_NE(answer.find(" 404 "), std::string::npos);
}

TEST_F(ServerTest, ARefusalThatQuotesIsStillJson) {
    const std::string answer =
        talk("POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n");
    EXPECT_NE(answer.find(R"(is not \"chunked\", the only one supported",)"), std::string::npos)
        << answer;
}

TEST_F(ServerTest, AHeadThatNeverEndsTimesOut) {
    const std::string answer = talk("GET / HTTP/1.1\r\nhost: x\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 408")) << answer;
}

TEST_F(ServerTest, ABugIsA500AndTheServerGoesOn) {
    EXPECT_TRUE(talk("GET /throws HTTP/1.1\r\nhost: x\r\n\r\n").starts_with("HTTP/1.1 500"));
    EXPECT_NE(talk("GET /stream HTTP/1.1\r\nhost: x\r\n\r\n", "three").find("200 OK"),
              std::string::npos);
}

TEST_F(ServerTest, AClientThatLeavesCancelsItsHandlerSoon) {
    const int before = cancelled_waits;
    const int fd = connect();
    send(fd, "GET /wait HTTP/1.1\r\nhost: x\r\n\r\n");
    while (connections() == 0) std::this_thread::yield();
    const auto left_at = std::chrono::steady_clock::now();
    close(fd);
    while (cancelled_waits == before &&
           std::chrono::steady_clock::now() - left_at < std::chrono::seconds(2)) {
        std::this_thread::yield();
    }
    EXPECT_EQ(cancelled_waits, before + 1);
    EXPECT_LT(std::chrono::steady_clock::now() - left_at, milliseconds(100));
}

TEST_F(ServerTest, ARequestCutByShutdownIsToldToComeAgain) {
    const int fd = connect();
    send(fd, "GET /wait HTTP/1.1\r\nhost: x\r\n\r\n");
    const auto in_flight = [this] {
        std::size_t count = 0;
        on_loop([&] { count = server_.in_flight(); });
        return count;
    };
    while (in_flight() == 0) std::this_thread::yield();
    on_loop([this] {
        server_.stop_accepting();
        server_.cancel_plain();
    });
    const std::string answer = receive(fd);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503")) << answer;
    EXPECT_NE(answer.find("retry-after: 1\r\n"), std::string::npos) << answer;
    EXPECT_NE(answer.find("connection: close\r\n"), std::string::npos) << answer;
    close(fd);
}

TEST_F(ServerTest, DrainAnswersAConnectionThatWasJustAccepted) {
    const int fd = connect();
    on_loop([this] {
        server_.stop_accepting();
        server_.close_idle();
    });
    send(fd, "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi");
    const std::string answer = receive(fd);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
    EXPECT_NE(answer.find("connection: close\r\n"), std::string::npos) << answer;
    close(fd);
}

TEST_F(ServerTest, DrainAcceptsAllThatIsQueued) {
    constexpr int clients = 100;  // more than one turn accepts
    std::vector<int> fds;
    on_loop([&] {
        for (int i = 0; i < clients; ++i) fds.push_back(connect());
        server_.stop_accepting();
    });
    for (const int fd : fds) {
        send(fd, "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi");
        EXPECT_TRUE(receive(fd).starts_with("HTTP/1.1 200"));
        close(fd);
    }
}

TEST_F(ServerTest, WithoutADescriptorAcceptingPausesAndGoesOnLater) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{5, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const int free_one = dup(fd);
    close(free_one);
    const rlimit none{static_cast<rlim_t>(free_one), before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    ASSERT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    send(fd, "POST /echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
             "content-length: 2\r\n\r\nhi");
    on_loop([] {});
    EXPECT_EQ(connections(), 0U);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_TRUE(receive(fd).starts_with("HTTP/1.1 200"));
    close(fd);
}

TEST_F(ServerTest, DrainEndsIdleConnectionsAndRefusesNewOnes) {
    const int fd = connect();
    send(fd, "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\na");
    receive(fd, "\r\n\r\na");
    on_loop([this] {
        server_.stop_accepting();
        server_.close_idle();
    });
    EXPECT_EQ(receive(fd), "");
    close(fd);
    const int late = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_NE(::connect(late, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    close(late);
}

}  // namespace
}  // namespace tollgate::http
