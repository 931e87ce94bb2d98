#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "net/blocking_pool.hpp"
#include "net/connect.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"

namespace tollgate::net {
namespace {

using std::chrono::milliseconds;

// Runs a task on a fresh loop until it is done.
Task<void> finish(Task<void> work, Loop& loop) {
    co_await work;
    loop.stop();
}
void run(Loop& loop, Task<void> work) {
    spawn(finish(std::move(work), loop), "test");
    loop.run();
}

std::pair<int, int> socket_pair() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    return {fds[0], fds[1]};
}

Task<int> answer() { co_return 42; }
Task<int> fails() {
    throw std::runtime_error("boom");
    co_return 0;
}

TEST(Task, GivesItsResultAndPassesExceptionsOn) {
    Loop loop;
    int got = 0;
    bool caught = false;
    auto work = [&]() -> Task<void> {
        got = co_await answer();
        try {
            co_await fails();
        } catch (const std::runtime_error&) {
            caught = true;
        }
    };
    run(loop, work());
    EXPECT_EQ(got, 42);
    EXPECT_TRUE(caught);
}

TEST(Loop, DeadlineWakesAReaderThatNobodyServes) {
    Loop loop;
    auto [a, b] = socket_pair();
    Stream stream(loop, a);
    base::Result<std::size_t> result = std::size_t{0};
    auto work = [&]() -> Task<void> {
        char byte;
        const Patience patience{loop.after(milliseconds(150)), nullptr};
        result = co_await stream.read_some(&byte, 1, patience);
    };
    const auto before = Clock::now();
    run(loop, work());
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, base::ErrorCode::timeout);
    EXPECT_GE(Clock::now() - before, milliseconds(150));
    EXPECT_LT(Clock::now() - before, milliseconds(2000));
    close(b);
}

TEST(Loop, DeadlinesBeyondTheWheelsTurnDoNotFireEarly) {
    Loop loop;
    CancelScope scope;
    bool woken = false;
    auto waits = [&]() -> Task<void> {
        Signal never;
        const Patience patience{loop.after(std::chrono::seconds(300)), &scope};
        co_await never.wait(patience);
        woken = true;
    };
    spawn(waits(), "far");
    auto work = [&]() -> Task<void> { co_await sleep_for(milliseconds(350)); };
    run(loop, work());
    EXPECT_FALSE(woken);
    // The task is let go, so that nothing of it is left behind.
    scope.cancel(loop, CancelReason::shutdown);
    loop.run_once(0);
    EXPECT_TRUE(woken);
}

// Connections that become readable in one turn, each answered with others.
class WithOthersTest : public testing::Test {
protected:
    // A letter for what was read, a capital for what went on.
    std::string order_of(std::size_t count, std::size_t bytes_of_each) {
        for (std::size_t i = 0; i < count; ++i) {
            auto [a, b] = socket_pair();
            streams_.push_back(std::make_unique<Stream>(loop_, a));
            peers_.push_back(b);
        }
        loop_.run_once(0);
        for (std::size_t i = 0; i < count; ++i) spawn(answer(i, bytes_of_each), "test");
        for (const int peer : peers_) EXPECT_EQ(write(peer, "x", 1), 1);
        loop_.run_once(1000);
        streams_.clear();
        for (const int peer : peers_) close(peer);
        peers_.clear();
        return std::exchange(order_, {});
    }

private:
    Task<void> answer(std::size_t number, std::size_t bytes) {
        char byte = 0;
        while (streams_[number]->try_read(&byte, 1).status != IoStatus::ok) {
            co_await streams_[number]->wait_readable({});
        }
        order_ += static_cast<char>('a' + number);
        co_await WithOthers{loop_, bytes};
        order_ += static_cast<char>('A' + number);
    }

    Loop loop_;
    std::vector<std::unique_ptr<Stream>> streams_;
    std::vector<int> peers_;
    std::string order_;
};

// The last in the turn does not wait: it goes on before those that do.
TEST_F(WithOthersTest, GoOnByTheTwoDozenAndAtTheEndOfTheTurn) {
    EXPECT_EQ(order_of(26, 100),
              "abcdefghijklmnopqrstuvwxABCDEFGHIJKLMNOPQRSTUVWXyzZY");
    EXPECT_EQ(order_of(4, 100), "abcdDABC");
}
TEST_F(WithOthersTest, GoOnWhenWhatTheyHoldIsMuch) {
    EXPECT_EQ(order_of(5, 300 * 1024), "abcABCdeED");
}
TEST_F(WithOthersTest, AloneInTheTurn_DoesNotWait) { EXPECT_EQ(order_of(1, 100), "aA"); }

// A stretch is the work on one event: two readings in it are one, the next event's is another.
TEST(StretchClock, StandsStillWithinOneEventAlone) {
    using base::StretchClock;
    Loop loop;
    std::vector<StretchClock::Instant> seen;
    auto work = [&]() -> Task<void> {
        seen.push_back(StretchClock::now());
        std::this_thread::sleep_for(milliseconds(2));
        seen.push_back(StretchClock::now());
        seen.push_back(StretchClock::read());
        co_await sleep_for(milliseconds(1));
        seen.push_back(StretchClock::now());
    };
    const auto before = StretchClock::now();
    std::this_thread::sleep_for(milliseconds(1));
    EXPECT_GT(StretchClock::now(), before);  // out of a loop each reading is one
    loop.post([&] { spawn(work(), "test"); });
    while (seen.size() < 4) loop.run_once(1000);
    EXPECT_EQ(seen[0], seen[1]);
    EXPECT_GE(seen[2] - seen[1], milliseconds(2));
    EXPECT_GE(seen[3] - seen[2], milliseconds(1));
    const auto after = StretchClock::now();
    std::this_thread::sleep_for(milliseconds(1));
    EXPECT_GT(StretchClock::now(), after);
}

TEST(CancelScope, EndsAWaitAndEveryLaterOne) {
    Loop loop;
    auto [a, b] = socket_pair();
    Stream stream(loop, a);
    CancelScope scope;
    std::vector<Wake> wakes;
    auto reader = [&]() -> Task<void> {
        const Patience patience{loop.after(std::chrono::seconds(10)), &scope};
        char byte;
        stream.try_read(&byte, 1);
        wakes.push_back(co_await stream.wait_readable(patience));
        wakes.push_back(co_await stream.wait_readable(patience));
    };
    spawn(reader(), "reader");
    scope.cancel(loop, CancelReason::client_gone);
    auto work = [&]() -> Task<void> { co_await sleep_for(milliseconds(1)); };
    run(loop, work());
    EXPECT_EQ(wakes, (std::vector<Wake>{Wake::cancelled, Wake::cancelled}));
    close(b);
}

TEST(Stream, PeerClosingCancelsTheWatchedScope) {
    Loop loop;
    auto [a, b] = socket_pair();
    Stream stream(loop, a);
    CancelScope scope;
    stream.watch_hangup(&scope);
    auto work = [&, fd = b]() -> Task<void> {
        close(fd);
        const Wake wake = co_await sleep_for(std::chrono::seconds(5), &scope);
        EXPECT_EQ(wake, Wake::cancelled);
    };
    run(loop, work());
    EXPECT_EQ(scope.reason(), CancelReason::client_gone);
}

TEST(Stream, WritesMoreThanTheSocketHoldsWhileThePeerReads) {
    Loop loop;
    auto [a, b] = socket_pair();
    Stream writer(loop, a), reader(loop, b);
    const std::string big(3'000'000, 'x');
    std::size_t got = 0;
    auto read = [&]() -> Task<void> {
        std::string buffer(100'000, 0);
        const Patience patience{loop.after(std::chrono::seconds(10)), nullptr};
        while (got < big.size()) {
            auto count = co_await reader.read_some(buffer.data(), buffer.size(), patience);
            if (!count.ok() || *count == 0) break;
            got += *count;
        }
        loop.stop();
    };
    auto write = [&]() -> Task<void> {
        const iovec pieces[] = {{const_cast<char*>(big.data()), 10},
                                {const_cast<char*>(big.data()), 0},
                                {const_cast<char*>(big.data()) + 10, big.size() - 10}};
        const Patience patience{loop.after(std::chrono::seconds(10)), nullptr};
        auto done = co_await writer.write_all(pieces, patience);
        EXPECT_TRUE(done.ok());
    };
    spawn(read(), "read");
    spawn(write(), "write");
    loop.run();
    EXPECT_EQ(got, big.size());
}

// Short pieces are joined, long ones are not: the peer sees the same bytes.
TEST(Stream, PiecesAroundTheLengthThatIsJoined) {
    Loop loop;
    for (const std::size_t last : {0U, 1U, 2000U, 2043U, 2044U, 2045U, 5000U}) {
        auto [a, b] = socket_pair();
        Stream stream(loop, a);
        std::string first = "abcd", end(last, 'e');
        const iovec pieces[] = {
            {first.data(), first.size()}, {nullptr, 0}, {end.data(), end.size()}};
        const IoResult sent = stream.try_write(pieces);
        ASSERT_EQ(sent.status, IoStatus::ok);
        ASSERT_EQ(sent.bytes, 4 + last);
        std::string got(8192, '\0');
        const ssize_t count = read(b, got.data(), got.size());
        ASSERT_EQ(count, static_cast<ssize_t>(4 + last));
        EXPECT_EQ(got.substr(0, 4 + last), first + end);
        close(b);
    }
}

TEST(Connect, RefusedPortSaysSo) {
    Loop loop;
    auto address = parse_address("127.0.0.1:1");
    ASSERT_TRUE(address.ok());
    std::string message;
    auto work = [&]() -> Task<void> {
        std::vector<Address> addresses{*address};
        const Patience patience{loop.after(std::chrono::seconds(5)), nullptr};
        auto stream = co_await connect(loop, addresses, patience);
        if (!stream.ok()) message = stream.error().message;
    };
    run(loop, work());
    EXPECT_NE(message.find("127.0.0.1:1: Connection refused"), std::string::npos) << message;
}

TEST(Resolve, NamesComeFromThePoolAndUnknownOnesAreErrors) {
    Loop loop;
    bool found = false;
    std::string message;
    auto work = [&]() -> Task<void> {
        const Patience patience{loop.after(std::chrono::seconds(20)), nullptr};
        auto local = co_await resolve(loop, "localhost", 80, patience);
        found = local.ok() && !local->empty();
        auto unknown = co_await resolve(loop, "nosuchhost.invalid", 80, patience);
        if (!unknown.ok()) message = unknown.error().message;
    };
    run(loop, work());
    EXPECT_TRUE(found);
    EXPECT_NE(message.find("cannot resolve nosuchhost.invalid"), std::string::npos) << message;
}

TEST(ParseAddress, ExplainsWhatIsWrong) {
    EXPECT_TRUE(parse_address("[::1]:4000").ok());
    EXPECT_TRUE(parse_address(":4000").ok());
    EXPECT_FALSE(parse_address("4000").ok());
    EXPECT_FALSE(parse_address("127.0.0.1:70000").ok());
    EXPECT_FALSE(parse_address("example:80").ok());
}

}  // namespace
}  // namespace tollgate::net
