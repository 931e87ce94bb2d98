#include "store/migrate.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "store/partitions.hpp"
#include "store/stores_test.hpp"

namespace tollgate::store {
namespace {

using base::Result;

class Migrations : public OnBothStores {
protected:
    // A database that nothing has been done to.
    std::unique_ptr<Db> empty() {
        if (GetParam() == Dialect::sqlite) return open_on_sqlite(path() + ".empty");
        if (empty_.empty()) empty_ = server().make_database();
        return open_on_postgres(server().url(empty_));
    }

private:
    std::string empty_;
};
INSTANTIATE_TEST_SUITE_P(Stores, Migrations, both_stores(), store_name);

TEST_P(Migrations, EmptyDatabase_GetsAllOnceInOrder) {
    auto fresh = empty();
    const auto waiting = pending_migrations(*fresh);
    ASSERT_TRUE(waiting.ok()) << waiting.error().message;
    const auto first = migrate(*fresh);
    ASSERT_TRUE(first.ok()) << first.error().message;
    EXPECT_EQ(*first, *waiting);
    ASSERT_EQ(first->size(), built_in_migrations().size());
    EXPECT_EQ(first->front(), "0001_tenancy");
    const auto second = migrate(*fresh);
    ASSERT_TRUE(second.ok()) << second.error().message;
    EXPECT_TRUE(second->empty());
    EXPECT_TRUE(pending_migrations(*fresh)->empty());
}

TEST_P(Migrations, FourInstancesAtOnce_ApplyThemOnce) {
    constexpr int instances = 4;
    std::vector<std::unique_ptr<Db>> opened;
    for (int i = 0; i < instances; ++i) opened.push_back(empty());
    std::latch all_ready(instances);
    std::atomic<std::size_t> applied{0};
    std::vector<std::thread> threads;
    for (auto& db : opened) {
        threads.emplace_back([&] {
            all_ready.arrive_and_wait();
            const auto done = migrate(*db);
            EXPECT_TRUE(done.ok()) << done.error().message;
            if (done.ok()) applied += done->size();
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(applied.load(), built_in_migrations().size());
}

TEST_P(Migrations, NewerDatabase_IsRefused) {
    ASSERT_TRUE(execute("INSERT INTO schema_migrations (number, name, checksum, applied) "
                        "VALUES (9000, 'future', 'x', 1)",
                        {}, Access::of_owner())
                    .ok());
    const auto done = migrate(db());
    ASSERT_FALSE(done.ok());
    EXPECT_NE(done.error().message.find("newer than this version"), std::string::npos);
    EXPECT_NE(done.error().message.find("9000_future"), std::string::npos);
}

TEST_P(Migrations, ChangedAfterBeingApplied_IsRefused) {
    std::vector<Migration> mine(built_in_migrations().begin(), built_in_migrations().end());
    mine.front().sqlite = mine.front().postgres = "SELECT 1;";
    const auto done = migrate(db(), mine);
    ASSERT_FALSE(done.ok());
    EXPECT_NE(done.error().message.find("0001_tenancy"), std::string::npos);
}

TEST_P(Migrations, OneFails_NoneIsApplied) {
    std::vector<Migration> more(built_in_migrations().begin(), built_in_migrations().end());
    const int next = more.back().number + 1;
    more.push_back(
        {next, "good", "CREATE TABLE extra (a INTEGER);", "CREATE TABLE extra (a INT);"});
    more.push_back({next + 1, "bad", "CREATE TABLE nonsense;", "CREATE TABLE nonsense;"});
    const auto done = migrate(db(), more);
    ASSERT_FALSE(done.ok());
    EXPECT_NE(done.error().message.find("_bad"), std::string::npos) << done.error().message;
    EXPECT_FALSE(execute("INSERT INTO extra VALUES (1)").ok());
    EXPECT_TRUE(migrate(db())->empty());
}

TEST_P(Migrations, Tiers_AreThoseThatShip) {
    EXPECT_EQ(number("SELECT COUNT(*) FROM tiers WHERE built_in"), 4);
    EXPECT_EQ(number("SELECT COUNT(*) FROM changes WHERE id = 1"), 1);
}

TEST_P(Migrations, UsageBeforeSumsByAttempt_IsMovedToTheProvidersThatTookIt) {
    constexpr int before = 7;
    auto old = empty();
    const auto all = built_in_migrations();
    ASSERT_TRUE(migrate(*old, all.subspan(0, before)).ok());
    const auto fill = [](Session& session) {
        return session.script(
            "INSERT INTO usage_attempts (at, request_id, attempt, provider, cost_nano) VALUES "
            "(90000000000, 'a', 1, 'openai', 3), (90000000000, 'a', 2, 'bedrock', 7);"
            "INSERT INTO llm_usage_logs (at, request_id, provider, cost_nano, attempts) VALUES "
            "(90000000000, 'a', 'bedrock', 10, 2), (90000000000, 'b', 'openai', 5, 1);");
    };
    ASSERT_TRUE(old->write(Access::everything(), fill).ok());
    const auto migrated = migrate(*old);
    ASSERT_TRUE(migrated.ok()) << migrated.error().message;
    std::string found;
    const auto look = [&](Session& session) {
        found.clear();
        return session.each(
            "SELECT dimension, day, value, cost_nano FROM usage_by_dimension "
            "ORDER BY day, value",
            {}, [&](const Row& row) -> Result<void> {
                found += row.string(0) + " " + std::to_string(row.integer(1)) + " " +
                         row.string(2) + " " + std::to_string(row.integer(3)) + "\n";
                return {};
            });
    };
    ASSERT_TRUE(old->read(Access::everything(), look).ok());
    EXPECT_EQ(found,
              "attempt_provider 86400000000 bedrock -3\n"
              "attempt_provider 86400000000 openai 3\n"
              "hour:attempt_provider 90000000000 bedrock -3\n"
              "hour:attempt_provider 90000000000 openai 3\n");
}

TEST_P(Migrations, CopiesOfRequestsBefore_AreTakenOffWhatBudgetsReckon) {
    constexpr int before = 12;
    auto old = empty();
    const auto all = built_in_migrations();
    ASSERT_TRUE(migrate(*old, all.subspan(0, before)).ok());
    const auto fill = [](Session& session) {
        return session.script(
            "INSERT INTO llm_usage_logs (at, request_id, tenant_id, key_id, provider, cost_nano, "
            "fee_nano, strategy, attempts) VALUES "
            "(90000000000, 'a', 'acme', 'k', 'openai', 10, 0, 'shadow', 1), "
            "(90000000001, 'b', 'acme', 'k', 'openai', 5, 1, 'shadow', 1), "
            "(90000000002, 'c', 'acme', 'k', 'openai', 7, 0, 'cost', 1);");
    };
    ASSERT_TRUE(old->write(Access::everything(), fill).ok());
    const auto migrated = migrate(*old);
    ASSERT_TRUE(migrated.ok()) << migrated.error().message;
    std::string found;
    const auto look = [&](Session& session) {
        found.clear();
        return session.each(
            "SELECT dimension, day, value, cost_nano, fee_nano, requests FROM usage_by_dimension "
            "WHERE tenant_id = 'acme' AND value <> '' ORDER BY day, dimension",
            {}, [&](const Row& row) -> Result<void> {
                found += row.string(0) + " " + std::to_string(row.integer(1)) + " " +
                         row.string(2) + " " + std::to_string(row.integer(3)) + " " +
                         std::to_string(row.integer(4)) + " " + std::to_string(row.integer(5)) +
                         "\n";
                return {};
            });
    };
    ASSERT_TRUE(old->read(Access::everything(), look).ok());
    EXPECT_EQ(found,
              "copies:key 86400000000 k -15 -1 -2\n"
              "copies:provider 86400000000 openai -15 -1 -2\n"
              "hour:copies:key 90000000000 k -15 -1 -2\n"
              "hour:copies:provider 90000000000 openai -15 -1 -2\n");
}

TEST(Partitions, MonthsAreThoseOfUtc) {
    const UsageMonth month = month_of(1'795'000'000'000'000);  // 2026-11-18
    EXPECT_EQ(month.name, "2026_11");
    EXPECT_EQ(month.first_at, 1'793'491'200'000'000);
    EXPECT_EQ(month.end_at, 1'796'083'200'000'000);
    EXPECT_EQ(month_of(month.first_at).name, "2026_11");
    EXPECT_EQ(month_of(month.first_at - 1).name, "2026_10");
    EXPECT_EQ(month_of(month.end_at).name, "2026_12");
    EXPECT_EQ(month_of(0).name, "1970_01");
    EXPECT_EQ(month_of(-1).name, "1969_12");
}

class Months : public OnBothStores {};
INSTANTIATE_TEST_SUITE_P(Stores, Months, both_stores(), store_name);

TEST_P(Months, MadeAheadOnce_AndDroppedWithTheirRows) {
    constexpr std::int64_t november = 1'795'000'000'000'000;
    const bool has_partitions = GetParam() == Dialect::postgres;
    write(
        [&](Session& session) -> Result<void> {
            TRY(const auto made, ensure_partitions_ahead(session, november));
            EXPECT_EQ(made, has_partitions ? 6 : 0);
            TRY(const auto again, ensure_partitions_ahead(session, november));
            EXPECT_EQ(again, 0);
            return {};
        },
        Access::of_tenant("anybody"));
    const Parameter at[] = {november};
    ASSERT_TRUE(execute("INSERT INTO llm_usage_logs (at, request_id) VALUES ($1, 'a')", at).ok());
    ASSERT_TRUE(
        execute("INSERT INTO usage_attempts (at, request_id, attempt) VALUES ($1, 'a', 1)", at)
            .ok());
    if (!has_partitions) return;
    EXPECT_EQ(number("SELECT COUNT(*) FROM llm_usage_logs_2026_11", {}, Access::of_owner()), 1);
    write([&](Session& session) -> Result<void> {
        TRY(const auto dropped, drop_partitions(session, november));
        EXPECT_EQ(dropped, 2);
        return {};
    });
    EXPECT_EQ(number("SELECT COUNT(*) FROM usage_records"), 0);
}

TEST_P(Months, RowsThatCameBefore_StayReadable) {
    constexpr std::int64_t november = 1'795'000'000'000'000;
    const Parameter at[] = {november};
    ASSERT_TRUE(execute("INSERT INTO llm_usage_logs (at, request_id) VALUES ($1, 'a')", at).ok());
    write([&](Session& session) -> Result<void> {
        TRY(const auto made, ensure_partitions(session, november));
        EXPECT_EQ(made, GetParam() == Dialect::postgres ? 1 : 0);
        return {};
    });
    EXPECT_EQ(number("SELECT COUNT(*) FROM llm_usage_logs"), 1);
}

}  // namespace
}  // namespace tollgate::store
