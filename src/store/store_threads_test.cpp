// run(): the store's work for an event loop.
#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "store/changes.hpp"
#include "store/plain_text.hpp"
#include "store/postgres_error.hpp"
#include "store/store_threads.hpp"
#include "store/stores_test.hpp"

namespace tollgate::store {
namespace {

using base::ErrorCode;
using base::Result;

// A loop on the test's thread, run until `done`.
void run_until(net::Loop& loop, const bool& done) {
    const auto until = net::Clock::now() + std::chrono::seconds(10);
    while (!done && net::Clock::now() < until) loop.run_once(20);
    EXPECT_TRUE(done);
}

class Run : public OnBothStores {};
INSTANTIATE_TEST_SUITE_P(Stores, Run, both_stores(), store_name);

net::Task<void> bump_from_loop(Db& db, net::Loop& loop, Result<void>& result, bool& done) {
    Db::Work work = [](Session& session) { return bump(session); };
    Access access = Access::everything();
    result = co_await db.run(loop, access, true, work);
    done = true;
}

TEST_P(Run, FromALoop_ComesBackToItWithTheResult) {
    net::Loop loop;
    Result<void> result = base::invalid("not yet");
    bool done = false;
    net::spawn(bump_from_loop(db(), loop, result, done), "test");
    EXPECT_FALSE(done);
    run_until(loop, done);
    EXPECT_TRUE(result.ok()) << result.error().message;
    EXPECT_EQ(number("SELECT version FROM changes"), 2);
}

class Stopping : public OnBothStores {};
INSTANTIATE_TEST_SUITE_P(Stores, Stopping, ::testing::Values(Dialect::postgres), store_name);

net::Task<void> sleep_in_database(Db& db, net::Loop& loop, Result<void>& result, bool& done) {
    Db::Work work = [](Session& session) {
        return session.each("SELECT pg_sleep(30)", {}, [](const Row&) { return Result<void>(); });
    };
    Access access = Access::everything();
    result = co_await db.run(loop, access, false, work);
    done = true;
}

TEST_P(Stopping, QueryIsRunning_EndsAtOnce) {
    net::Loop loop;
    Result<void> result;
    bool done = false;
    auto stopping = open_again();
    net::spawn(sleep_in_database(*stopping, loop, result, done), "test");
    const auto until = net::Clock::now() + std::chrono::seconds(5);
    constexpr auto sleeping = "SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE '%sleep(30)' "
                              "AND pid <> pg_backend_pid() AND state = 'active'";
    while (number(sleeping) == 0 && net::Clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    const auto began = net::Clock::now();
    stopping.reset();
    EXPECT_LT(net::Clock::now() - began, std::chrono::seconds(3));
    run_until(loop, done);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::unavailable);
}

net::Task<void> await_work(StoreThreads& threads, net::Loop& loop, StoreThreads::Work work,
                           net::Patience patience, Result<void>& result, bool& done) {
    result = co_await threads.run(loop, work, patience);
    done = true;
}

TEST(StoreThreads, CallerCancelled_GoesOnWithoutTheWork) {
    net::Loop loop;
    net::CancelScope scope;
    StoreThreads threads(1, nullptr);
    auto begun = std::make_shared<std::latch>(1), may_end = std::make_shared<std::latch>(1);
    Result<void> result;
    bool done = false;
    net::Patience patience{net::Instant::max(), &scope};
    net::spawn(await_work(threads, loop, [begun, may_end]() -> Result<void> {
        begun->count_down();
        may_end->wait();
        return {};
    }, patience, result, done), "test");
    begun->wait();
    scope.cancel(loop, net::CancelReason::client_gone);
    run_until(loop, done);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::cancelled);
    may_end->count_down();
    threads.stop();
    loop.run_once(0);
}

TEST(StoreThreads, DeadlinePasses_CallerGetsTimeout) {
    net::Loop loop;
    StoreThreads threads(1, nullptr);
    auto may_end = std::make_shared<std::latch>(1);
    Result<void> result;
    bool done = false;
    net::Patience patience{loop.after(std::chrono::milliseconds(150)), nullptr};
    net::spawn(await_work(threads, loop, [may_end]() -> Result<void> {
        may_end->wait();
        return {};
    }, patience, result, done), "test");
    run_until(loop, done);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::timeout);
    may_end->count_down();
}

TEST(StoreThreads, TooManyWait_TheNextIsRefusedAtOnce) {
    net::Loop loop;
    base::Registry registry;
    StoreMetrics metrics(registry);
    StoreThreads threads(1, &metrics);
    auto begun = std::make_shared<std::latch>(1), may_end = std::make_shared<std::latch>(1);
    std::vector<Result<void>> results(store_queue_max + 2);
    std::unique_ptr<bool[]> done(new bool[store_queue_max + 2]());
    net::spawn(await_work(threads, loop, [begun, may_end]() -> Result<void> {
        begun->count_down();
        may_end->wait();
        return {};
    }, {}, results[0], done[0]), "test");
    begun->wait();
    for (std::size_t i = 1; i < results.size(); ++i) {
        net::spawn(await_work(threads, loop, [] { return Result<void>(); }, {}, results[i],
                              done[i]), "test");
    }
    run_until(loop, done[store_queue_max + 1]);
    EXPECT_EQ(metrics.waiting.value(), static_cast<double>(store_queue_max));
    ASSERT_FALSE(results.back().ok());
    EXPECT_EQ(results.back().error().code, ErrorCode::unavailable);
    may_end->count_down();
    run_until(loop, done[store_queue_max]);
    EXPECT_TRUE(results[store_queue_max].ok());
    EXPECT_EQ(metrics.waiting.value(), 0);
}

TEST(StoreThreads, Stopped_WaitingCallersAreTold) {
    net::Loop loop;
    auto threads = std::make_unique<StoreThreads>(1, nullptr);
    auto begun = std::make_shared<std::latch>(1), may_end = std::make_shared<std::latch>(1);
    Result<void> first, second;
    bool first_done = false, second_done = false;
    net::spawn(await_work(*threads, loop, [begun, may_end]() -> Result<void> {
        begun->count_down();
        may_end->wait();
        return {};
    }, {}, first, first_done), "test");
    net::spawn(await_work(*threads, loop, [] { return Result<void>(); }, {}, second, second_done),
               "test");
    begun->wait();
    std::thread stopper([&] { threads->stop(); });
    may_end->count_down();
    stopper.join();
    run_until(loop, first_done);
    run_until(loop, second_done);
    EXPECT_TRUE(first.ok());
}

TEST(StoreThreads, WorkThrows_IsAnInternalError) {
    net::Loop loop;
    StoreThreads threads(1, nullptr);
    Result<void> result;
    bool done = false;
    net::spawn(await_work(threads, loop, []() -> Result<void> { throw std::runtime_error("bug"); },
                          {}, result, done), "test");
    run_until(loop, done);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::internal);
}

TEST(PlainText, OnlyWhatIsNoUtf8IsReplaced) {
    using namespace std::string_literals;
    const std::string replaced = "\xEF\xBF\xBD";
    const std::string good = "ascii, \xC3\xA9, \xE2\x82\xAC, \xF0\x9F\x98\x80, \xEF\xBF\xBF";
    EXPECT_TRUE(is_plain_text(good));
    EXPECT_EQ(plain_text(good), good);
    EXPECT_TRUE(is_plain_text(""));
    for (const std::string& bad : {"\xC0\x80"s, "\xED\xA0\x80"s, "\xF4\x90\x80\x80"s, "\xE2\x82"s,
                                   "\x80"s, "\0"s, "\xC3"s, "\xF8\x88"s}) {
        for (const std::string& around : {""s, "12345678"s, "1234567"s}) {
            const std::string text = around + bad + around;
            EXPECT_FALSE(is_plain_text(text));
            std::string expected = around;
            for (std::size_t i = 0; i < bad.size(); ++i) expected += replaced;
            EXPECT_EQ(plain_text(text), expected + around);
        }
    }
}

TEST(PostgresErrors, MeanWhatTheirStatesSay) {
    const auto unique = postgres_failure("23505", "duplicate key", "tenants_pkey");
    EXPECT_EQ(unique.error.code, ErrorCode::invalid_request);
    EXPECT_EQ(unique.error.field, "tenants_pkey");
    EXPECT_EQ(postgres_failure("40001", "", "").trouble, PostgresTrouble::again);
    EXPECT_EQ(postgres_failure("40P01", "", "").trouble, PostgresTrouble::again);
    EXPECT_EQ(postgres_failure("57P01", "", "").trouble, PostgresTrouble::lost);
    EXPECT_EQ(postgres_failure("25006", "", "").trouble, PostgresTrouble::lost);
    EXPECT_EQ(postgres_failure("0A000", "cached plan must not change result type", "").trouble,
              PostgresTrouble::lost);
    EXPECT_EQ(postgres_failure("0A000", "no such feature", "").error.code, ErrorCode::internal);
    EXPECT_EQ(postgres_failure("53100", "disk full", "").error.code, ErrorCode::unavailable);
    EXPECT_EQ(postgres_failure("42501", "", "").error.code, ErrorCode::permission);
    EXPECT_EQ(postgres_failure("22P02", "", "").error.code, ErrorCode::invalid_request);
    EXPECT_EQ(postgres_failure("42P01", "", "").error.code, ErrorCode::internal);
}

TEST(PostgresUrl, Malformed_IsRefusedWithoutItsPassword) {
    PostgresOptions options;
    options.url = "postgres://user:secret@host/na%me";
    const auto opened = open_postgres(options);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().field, "stores.database");
    EXPECT_EQ(opened.error().message.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::store
