// Notices of changes and outages, on both stores where both have them.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "store/changes.hpp"
#include "store/stores_test.hpp"

namespace tollgate::store {
namespace {

using base::ErrorCode;
using base::Result;
using Clock = std::chrono::steady_clock;

// What watch_changes told, waited for.
class Notices {
public:
    void hear(std::int64_t version) {
        {
            std::lock_guard lock(mutex_);
            last_ = version;
            ++count_;
        }
        wake_.notify_all();
    }
    bool wait_for(std::int64_t version, std::chrono::milliseconds patience) {
        std::unique_lock lock(mutex_);
        return wake_.wait_for(lock, patience, [&] { return last_ == version; });
    }
    int count() {
        std::lock_guard lock(mutex_);
        return count_;
    }

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    std::int64_t last_ = -1;
    int count_ = 0;
};

class Changes : public OnBothStores {
protected:
    void SetUp() override {
        OnBothStores::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        watching_ = watching();
        watching_->watch_changes([this](std::int64_t version) { notices_.hear(version); });
    }
    void TearDown() override {
        watching_.reset();
        OnBothStores::TearDown();
    }
    // Another instance, which looks by itself rarely.
    virtual std::unique_ptr<Db> watching() {
        if (GetParam() == Dialect::sqlite) return open_again();
        PostgresOptions options;
        options.url = server().url(database());
        return std::move(open_postgres(options)).value();
    }
    Notices notices_;
    std::unique_ptr<Db> watching_;
};
INSTANTIATE_TEST_SUITE_P(Stores, Changes, both_stores(), store_name);

TEST_P(Changes, AnotherInstanceBumps_NoticeWithinASecond) {
    ASSERT_TRUE(notices_.wait_for(1, std::chrono::seconds(5)));
    ASSERT_TRUE(db().write(Access::of_tenant("anybody"), bump).ok());
    EXPECT_TRUE(notices_.wait_for(2, std::chrono::seconds(1)));
    ASSERT_TRUE(watching_->write(Access::everything(), bump).ok());
    EXPECT_TRUE(notices_.wait_for(3, std::chrono::seconds(1)));
}

TEST_P(Changes, RolledBack_NoNotice) {
    ASSERT_TRUE(notices_.wait_for(1, std::chrono::seconds(5)));
    static_cast<void>(db().write(Access::everything(), [](Session& session) -> Result<void> {
        TRY_VOID(bump(session));
        return base::invalid("no");
    }));
    ASSERT_TRUE(execute("UPDATE tiers SET updated = 5").ok());
    EXPECT_FALSE(notices_.wait_for(2, std::chrono::milliseconds(700)));
    EXPECT_EQ(notices_.count(), 1);
}

class LostNotices : public Changes {
protected:
    std::unique_ptr<Db> watching() override { return open_again(); }  // looks every 300 ms
};
INSTANTIATE_TEST_SUITE_P(Stores, LostNotices, both_stores(), store_name);

TEST_P(LostNotices, AreMendedByLooking) {
    ASSERT_TRUE(notices_.wait_for(1, std::chrono::seconds(5)));
    ASSERT_TRUE(execute("UPDATE changes SET version = 40").ok());  // without telling anybody
    EXPECT_TRUE(notices_.wait_for(40, std::chrono::seconds(3)));
}

class Outages : public Changes {
protected:
    void TearDown() override {
        if (!IsSkipped() && !server().running()) server().start();
        Changes::TearDown();
    }
};
INSTANTIATE_TEST_SUITE_P(Stores, Outages, ::testing::Values(Dialect::postgres), store_name);

TEST_P(Outages, ServerStopsAndStarts_ConnectionsAndNoticesComeBack) {
    ASSERT_TRUE(notices_.wait_for(1, std::chrono::seconds(5)));
    EXPECT_EQ(number("SELECT version FROM changes"), 1);
    server().stop();
    const auto began = Clock::now();
    const auto away = db().write(Access::everything(), bump);
    ASSERT_FALSE(away.ok());
    EXPECT_EQ(away.error().code, ErrorCode::unavailable);
    EXPECT_LT(Clock::now() - began, std::chrono::seconds(6));
    EXPECT_NE(db().trouble(), "");
    EXPECT_EQ(db().trouble().find("postgres:///"), std::string::npos);

    server().start();
    EXPECT_TRUE(db().write(Access::everything(), bump).ok());
    EXPECT_EQ(db().trouble(), "");
    EXPECT_EQ(number("SELECT version FROM changes"), 2);
    EXPECT_TRUE(notices_.wait_for(2, std::chrono::seconds(5)));
    ASSERT_TRUE(db().write(Access::everything(), bump).ok());
    EXPECT_TRUE(notices_.wait_for(3, std::chrono::seconds(1)));
}

TEST_P(Outages, ServerRestartsBetweenCalls_CallerNoticesNothing) {
    std::vector<std::thread> callers;
    for (int i = 0; i < 6; ++i) {
        callers.emplace_back([&] { number("SELECT COUNT(*) FROM tiers"); });
    }
    for (auto& caller : callers) caller.join();
    server().stop();
    server().start();
    for (int i = 0; i < 6; ++i) EXPECT_TRUE(db().write(Access::everything(), bump).ok());
    EXPECT_EQ(number("SELECT version FROM changes"), 7);
}

TEST_P(Outages, ServerDiesInsideTheWork_WorkRunsAgainOnce) {
    int runs = 0;
    const auto done = db().write(Access::everything(), [&](Session& session) -> Result<void> {
        ++runs;
        TRY_VOID(bump(session));
        if (runs == 1) {
            server().stop();
            server().start();
        }
        TRY_VOID(session.execute("UPDATE tiers SET updated = updated + 1"));
        return {};
    });
    EXPECT_TRUE(done.ok()) << done.error().message;
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(number("SELECT version FROM changes"), 2);
}

TEST_P(Outages, Deadlock_IsTriedAgain) {
    ASSERT_TRUE(execute("INSERT INTO tenants (id, name, created, updated) VALUES "
                        "('a', 'a', 1, 1), ('b', 'b', 1, 1)").ok());
    std::atomic<int> runs{0}, inside{0};
    auto crosswise = [&](const char* first, const char* second) {
        return [&, first, second](Session& session) -> Result<void> {
            ++runs;
            constexpr auto count = "UPDATE tenants SET updated = updated + 1 WHERE id = $1";
            const Parameter one[] = {std::string_view(first)};
            const Parameter other[] = {std::string_view(second)};
            TRY_VOID(session.execute(count, one));
            ++inside;
            for (int i = 0; i < 100 && inside < 2; ++i) {
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
            }
            TRY_VOID(session.execute(count, other));
            return {};
        };
    };
    std::thread one([&] { write(crosswise("a", "b")); });
    std::thread two([&] { write(crosswise("b", "a")); });
    one.join();
    two.join();
    EXPECT_GE(runs.load(), 3);
    EXPECT_EQ(number("SELECT SUM(updated) FROM tenants"), 6);
}

TEST_P(Outages, ServerHangs_CallEnds) {
    PostgresOptions options;
    options.url = server().url(database());
    options.answer_timeout = std::chrono::milliseconds(300);
    options.patience = std::chrono::milliseconds(100);
    auto impatient = std::move(open_postgres(options)).value();
    const auto began = Clock::now();
    const auto done = impatient->read(Access::everything(), [](Session& session) {
        return session.each("SELECT pg_sleep(30)", {}, [](const Row&) { return Result<void>(); });
    });
    ASSERT_FALSE(done.ok());
    EXPECT_LT(Clock::now() - began, std::chrono::seconds(5));
}

}  // namespace
}  // namespace tollgate::store
