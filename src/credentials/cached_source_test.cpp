#include "credentials/cached_source.hpp"

#include "credentials/fetch_fixture_test.hpp"
#include "credentials/token_call.hpp"

namespace tollgate::credentials {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const WallTime morning = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21);

// Asks the service for "/token"; the answer's body is the token, it lives an hour.
class OneCall : public Fetcher {
public:
    OneCall(std::string url, std::function<WallTime()> clock, seconds life)
        : url_(std::move(url)), clock_(std::move(clock)), life_(life) {}
    net::Task<base::Result<domain::Credential>> fetch(const FetchContext& context) const override {
        TokenCall call;
        call.what = "the token service";
        call.url = url_ + "/token";
        auto body = co_await ask_for_body(context, call);
        if (!body.ok()) co_return std::move(body).error();
        domain::Credential credential;
        credential.bearer = std::move(body).value();
        credential.expires = clock_() + life_;
        co_return credential;
    }
    std::string describe() const override { return "the test's token"; }

private:
    std::string url_;
    std::function<WallTime()> clock_;
    seconds life_;
};

class CachedSourceTest : public FetchTest {
protected:
    CachedSourceTest() {
        service.answer("GET /token", 200, "first");
        service.answer("GET /token", 200, "second");
        make(std::chrono::hours(1));
    }
    void make(seconds life) {
        const std::function<WallTime()> clock = [this] { return now.load(); };
        source = std::make_shared<CachedSource>(
            std::make_unique<OneCall>(service.url(), clock, life), clock);
    }
    std::string token() {
        auto got = get(source);
        return got.ok() ? (*got)->bearer : "failed: " + got.error().message;
    }
    std::size_t calls() { return service.asked().size(); }

    std::atomic<WallTime> now = morning;
    SourcePointer source;
};

TEST_F(CachedSourceTest, FreshCredential_IsGivenWithoutAskingOrWaiting) {
    EXPECT_EQ(token(), "first");
    now = morning + minutes(54);
    Got got;
    net::spawn(get_into(source, client, &scope, got), "test");
    ASSERT_TRUE(got.has_value()) << "it suspended";
    EXPECT_EQ((*got->operator->())->bearer, "first");
    EXPECT_EQ(calls(), 1u);
}

TEST_F(CachedSourceTest, NearItsEnd_OneRenewsAndTheOthersGoOnWithTheOldOne) {
    EXPECT_EQ(token(), "first");
    now = morning + minutes(56);
    service.hold();
    Got renewing, other;
    net::spawn(get_into(source, client, &scope, renewing), "test");
    net::spawn(get_into(source, client, &scope, other), "test");
    ASSERT_TRUE(other.has_value());
    EXPECT_EQ((**other)->bearer, "first");
    EXPECT_FALSE(renewing.has_value());
    service.release();
    wait_for(renewing);
    EXPECT_EQ((**renewing)->bearer, "second");
    EXPECT_EQ(token(), "second");
    EXPECT_EQ(calls(), 2u);
}

TEST_F(CachedSourceTest, RenewalFails_TheOldOneServesUntilItsEnd) {
    TokenService broken;
    broken.answer("GET /token", 200, "old");
    broken.answer("GET /token", 403, R"({"error":"no"})");
    const std::function<WallTime()> clock = [this] { return now.load(); };
    source = std::make_shared<CachedSource>(
        std::make_unique<OneCall>(broken.url(), clock, std::chrono::hours(1)), clock);
    EXPECT_EQ(token(), "old");
    now = morning + minutes(56);
    EXPECT_EQ(token(), "old");
    EXPECT_EQ(token(), "old");
    EXPECT_EQ(broken.asked().size(), 2u) << "the failure was not remembered";
    now = morning + minutes(61);
    EXPECT_EQ(token(), "failed: the token service said 403 no");
}

TEST_F(CachedSourceTest, Expired_AllWaitForOneFetch) {
    EXPECT_EQ(token(), "first");
    now = morning + minutes(61);
    service.hold();
    Got got[5];
    for (Got& each : got) net::spawn(get_into(source, client, &scope, each), "test");
    turn(3);
    for (Got& each : got) EXPECT_FALSE(each.has_value());
    service.release();
    for (Got& each : got) {
        wait_for(each);
        EXPECT_EQ((**each)->bearer, "second");
    }
    EXPECT_EQ(calls(), 2u);
}

TEST_F(CachedSourceTest, Failure_IsRememberedForFiveSecondsThenLonger) {
    TokenService broken;
    broken.answer("GET /token", 401, R"({"error":"invalid_client","error_description":"bad"})");
    const std::function<WallTime()> clock = [this] { return now.load(); };
    source = std::make_shared<CachedSource>(
        std::make_unique<OneCall>(broken.url(), clock, std::chrono::hours(1)), clock);
    const std::string failed = "failed: the token service said 401 invalid_client: bad";
    EXPECT_EQ(token(), failed);
    now = morning + seconds(4);
    EXPECT_EQ(token(), failed);
    EXPECT_EQ(broken.asked().size(), 1u);
    now = morning + seconds(6);
    EXPECT_EQ(token(), failed);
    EXPECT_EQ(broken.asked().size(), 2u);
    now = morning + seconds(15);
    EXPECT_EQ(token(), failed);
    EXPECT_EQ(broken.asked().size(), 2u) << "the second failure is remembered for ten seconds";
    now = morning + seconds(17);
    EXPECT_EQ(token(), failed);
    EXPECT_EQ(broken.asked().size(), 3u);
}

TEST_F(CachedSourceTest, Refused_TheNextOneFetchesAnewButNotForEver) {
    auto first = get(source);
    ASSERT_TRUE(first.ok());
    source->refused(*first);
    auto second = get(source);
    ASSERT_TRUE(second.ok());
    EXPECT_EQ((*second)->bearer, "second");
    source->refused(*first);   // of before: says nothing about the second
    source->refused(*second);  // at once: fetching does not help
    EXPECT_EQ(token(), "second");
    EXPECT_EQ(calls(), 2u);
    now = morning + seconds(31);
    source->refused(*second);
    EXPECT_EQ(token(), "second");
    EXPECT_EQ(calls(), 3u);
}

TEST_F(CachedSourceTest, FetchingClientLeaves_AWaiterTakesOver) {
    service.hold();
    net::CancelScope leaving;
    Got left, stayed;
    net::spawn(get_into(source, client, &leaving, left), "test");
    net::spawn(get_into(source, client, &scope, stayed), "test");
    turn(3);
    leaving.cancel(loop, net::CancelReason::client_gone);
    wait_for(left);
    EXPECT_EQ(left->error().code, ErrorCode::cancelled);
    service.release();
    wait_for(stayed);
    ASSERT_TRUE(stayed->ok()) << stayed->error().message;
    EXPECT_EQ((**stayed)->bearer, "second") << "the first answer went to the one who left";
}

TEST_F(CachedSourceTest, WaitingClientLeaves_TheOthersAreServed) {
    service.hold();
    net::CancelScope leaving;
    Got fetching, left;
    net::spawn(get_into(source, client, &scope, fetching), "test");
    net::spawn(get_into(source, client, &leaving, left), "test");
    turn(3);
    leaving.cancel(loop, net::CancelReason::client_gone);
    wait_for(left);
    EXPECT_EQ(left->error().code, ErrorCode::cancelled);
    service.release();
    wait_for(fetching);
    EXPECT_EQ((**fetching)->bearer, "first");
}

TEST_F(CachedSourceTest, ShortLife_IsRenewedAtItsHalf) {
    make(minutes(4));
    EXPECT_EQ(token(), "first");
    now = morning + seconds(119);
    EXPECT_EQ(token(), "first");
    now = morning + seconds(121);
    EXPECT_EQ(token(), "second");
}

TEST_F(CachedSourceTest, ServiceWhoseClockIsBehind_IsNotAskedForEachRequest) {
    make(minutes(-10));
    EXPECT_EQ(token(), "first");
    EXPECT_EQ(token(), "first");
    now = morning + seconds(61);
    EXPECT_EQ(token(), "second");
    EXPECT_EQ(calls(), 2u);
}

TEST_F(CachedSourceTest, ServiceFailsOnce_IsAskedAgain) {
    TokenService shaky;
    shaky.answer("GET /token", 503, "");
    shaky.answer("GET /token", 200, "t");
    const std::function<WallTime()> clock = [this] { return now.load(); };
    source = std::make_shared<CachedSource>(
        std::make_unique<OneCall>(shaky.url(), clock, std::chrono::hours(1)), clock);
    EXPECT_EQ(token(), "t");
    EXPECT_EQ(shaky.asked().size(), 2u);
}

// One worker thread with a loop of its own, as the gateway has them.
void worker(const SourcePointer& source, std::string& token) {
    net::Loop loop;
    http::Client client(loop);
    net::CancelScope scope;
    Got got;
    net::spawn(get_into(source, client, &scope, got), "test");
    const auto limit = net::Clock::now() + std::chrono::seconds(20);
    while (!got && net::Clock::now() < limit) loop.run_once(100);
    if (got && got->ok()) token = (**got)->bearer;
}

TEST_F(CachedSourceTest, LoopsOfSeveralThreads_ShareOneFetch) {
    service.hold();
    std::string tokens[3];
    std::vector<std::thread> threads;
    for (std::string& each : tokens) threads.emplace_back([&] { worker(source, each); });
    while (calls() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    service.release();
    for (std::thread& thread : threads) thread.join();
    for (const std::string& each : tokens) EXPECT_EQ(each, "first");
    EXPECT_EQ(calls(), 1u);
}

}  // namespace
}  // namespace tollgate::credentials
