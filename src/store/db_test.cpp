// The contract of db.hpp, on both stores.
#include "store/db.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <fstream>
#include <latch>
#include <thread>

#include "store/changes.hpp"
#include "store/stores_test.hpp"

namespace tollgate::store {
namespace {

using base::ErrorCode;
using base::Result;

class Databases : public OnBothStores {
protected:
    Result<std::int64_t> add_tenant(const std::string& id, const std::string& name) {
        const Parameter row[] = {std::string_view(id), std::string_view(name), std::int64_t{1}};
        return execute("INSERT INTO tenants (id, name, created, updated) VALUES ($1, $2, $3, $3)",
                       row);
    }
};
INSTANTIATE_TEST_SUITE_P(Stores, Databases, both_stores(), store_name);

TEST_P(Databases, Values_ComeBackAsTheyWere) {
    write([](Session& session) -> Result<void> {
        const Parameter row[] = {
            std::string_view("acme"), std::string_view("Acme \xC3\xA9 ' \" $1"), std::int64_t{1},
            std::int64_t{9'007'199'254'740'993}, std::string_view(R"({"a": [1, "b"]})")};
        TRY(const auto rows, session.execute("INSERT INTO tenants (id, name, enabled, created, "
                                             "updated, metadata) VALUES ($1, $2, $3, $4, $4, $5)",
                                             row));
        EXPECT_EQ(rows, 1);
        return {};
    });
    int seen = 0;
    read([&](Session& session) {
        const Parameter wanted[] = {std::string_view("acme")};
        return session.each(
            "SELECT name, enabled, created, metadata, NULL FROM tenants "
            "WHERE id = $1 AND enabled",
            wanted, [&](const Row& row) -> Result<void> {
                ++seen;
                EXPECT_EQ(row.text(0), "Acme \xC3\xA9 ' \" $1");
                EXPECT_TRUE(row.flag(1));
                EXPECT_EQ(row.integer(2), 9'007'199'254'740'993);
                EXPECT_EQ(row.text(3), R"({"a": [1, "b"]})");
                EXPECT_TRUE(row.is_null(4));
                EXPECT_EQ(row.text(4), "");
                EXPECT_EQ(row.optional_integer(4), std::nullopt);
                return {};
            });
    });
    EXPECT_EQ(seen, 1);
}

// Others write and read meanwhile: nothing is lost, and what is in use stays.
TEST_P(Databases, MemoryIsGivenBackBesideWork) {
    std::atomic<bool> done{false};
    std::thread giving([&] {
        while (!done) db().give_back_memory();
    });
    constexpr std::int64_t rows = 60;
    for (std::int64_t i = 0; i < rows; ++i) {
        const std::string id = "t" + std::to_string(i);
        EXPECT_TRUE(add_tenant(id, id).ok());
        EXPECT_EQ(number("SELECT COUNT(*) FROM tenants"), i + 1);
    }
    done = true;
    giving.join();
    db().give_back_memory();
    EXPECT_EQ(number("SELECT COUNT(*) FROM tenants"), rows);
}

TEST_P(Databases, ParametersInAnyOrder_StandWhereTheirNumberSays) {
    const Parameter row[] = {std::string_view("second"), std::string_view("first"),
                             std::int64_t{5}};
    ASSERT_TRUE(
        execute("INSERT INTO tenants (updated, created, id, name) VALUES ($3, $3, $2, $1)", row)
            .ok());
    EXPECT_EQ(number("SELECT COUNT(*) FROM tenants WHERE id = 'first' AND name = 'second' "
                     "AND updated = 5"),
              1);
}

TEST_P(Databases, TextThatIsNoUtf8_IsMendedInsteadOfRefused) {
    using namespace std::string_literals;
    ASSERT_TRUE(add_tenant("odd",
                           "a\xFF"
                           "b\0c"s)
                    .ok());
    read([](Session& session) {
        return session.each("SELECT name FROM tenants", {}, [](const Row& row) -> Result<void> {
            EXPECT_EQ(row.text(0),
                      "a\xEF\xBF\xBD"
                      "b\xEF\xBF\xBD"
                      "c");
            return {};
        });
    });
}

TEST_P(Databases, ManyRows_AreWrittenInOrderAndToldWhichTouchedTheTable) {
    const std::vector<std::array<Parameter, 3>> given = {
        {std::string_view("a"), std::string_view("same"), std::string_view("{}")},
        {std::string_view("b"), std::string_view("b\xFF"), std::string_view("{}")},
        {std::string_view("a"), std::string_view("b\xFF"), std::string_view("[]")},
        {std::string_view("c"), std::string_view(), std::string_view("[]")}};
    std::vector<std::int64_t> touched;
    RowsToWrite rows;
    rows.count = given.size();
    rows.parameters = [&](std::size_t row) { return std::span(given[row]); };
    rows.written = [&](std::size_t row, std::int64_t count) {
        EXPECT_EQ(row, touched.size());
        touched.push_back(count);
    };
    write([&](Session& session) {
        return session.execute_rows(
            "INSERT INTO tenants (id, name, metadata, created, updated) "
            "VALUES ($1, $2, $3, 1, 1) ON CONFLICT (id) DO NOTHING",
            rows);
    });
    EXPECT_EQ(touched, (std::vector<std::int64_t>{1, 1, 0, 1}));
    std::string seen;
    read([&](Session& session) {
        return session.each("SELECT id, name, metadata FROM tenants ORDER BY id", {},
                            [&](const Row& row) -> Result<void> {
                                for (std::size_t i = 0; i < 3; ++i) seen += row.string(i) + "|";
                                return {};
                            });
    });
    EXPECT_EQ(seen, "a|same|{}|b|b\xEF\xBF\xBD|{}|c||[]|");
}

TEST_P(Databases, ManyRowsOfWhichOneFails_NoneIsWritten) {
    const std::array<Parameter, 2> given[] = {{std::string_view("x"), std::string_view("one")},
                                              {std::string_view("y"), std::string_view("two")},
                                              {std::string_view("x"), std::string_view("three")}};
    std::size_t written = 0;
    RowsToWrite rows;
    rows.count = std::size(given);
    rows.parameters = [&](std::size_t row) { return std::span(given[row]); };
    rows.written = [&](std::size_t, std::int64_t) { ++written; };
    const auto done = db().write(Access::everything(), [&](Session& session) -> Result<void> {
        const auto failed = session.execute_rows(
            "INSERT INTO tenants (id, name, created, updated) VALUES ($1, $2, 1, 1)", rows);
        EXPECT_FALSE(failed.ok());
        EXPECT_FALSE(session.execute("SELECT 1").ok());
        return {};
    });
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().field, "tenants_pkey");
    EXPECT_EQ(written, 2u);
    EXPECT_EQ(number("SELECT COUNT(*) FROM tenants"), 0);
}

TEST_P(Databases, WorkFails_NothingIsWritten) {
    const auto done = db().write(Access::everything(), [](Session& session) -> Result<void> {
        TRY_VOID(
            session.execute("INSERT INTO tenants (id, name, created, updated) "
                            "VALUES ('a', 'a', 1, 1)"));
        return base::invalid("second thoughts", "name");
    });
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().message, "second thoughts");
    EXPECT_EQ(number("SELECT COUNT(*) FROM tenants"), 0);
}

TEST_P(Databases, WorkThrows_NothingIsWrittenAndTheStoreGoesOn) {
    EXPECT_THROW(
        static_cast<void>(db().write(Access::everything(),
                                     [](Session& session) -> Result<void> {
                                         TRY_VOID(session.execute(
                                             "INSERT INTO tenants (id, name, created, updated) "
                                             "VALUES ('a', 'a', 1, 1)"));
                                         throw std::logic_error("a bug");
                                     })),
        std::logic_error);
    EXPECT_EQ(number("SELECT COUNT(*) FROM tenants"), 0);
    EXPECT_TRUE(add_tenant("a", "a").ok());
}

TEST_P(Databases, FailedCallThatIsIgnored_StillCommitsNothing) {
    ASSERT_TRUE(add_tenant("a", "taken").ok());
    const auto done = db().write(Access::everything(), [](Session& session) -> Result<void> {
        TRY_VOID(
            session.execute("INSERT INTO tenants (id, name, created, updated) "
                            "VALUES ('b', 'b', 1, 1)"));
        EXPECT_FALSE(session
                         .execute("INSERT INTO tenants (id, name, created, updated) "
                                  "VALUES ('c', 'taken', 1, 1)")
                         .ok());
        EXPECT_FALSE(session.execute("SELECT 1").ok());
        return {};
    });
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().field, "tenants_name_unique");
    EXPECT_EQ(number("SELECT COUNT(*) FROM tenants"), 1);
}

TEST_P(Databases, BrokenConstraints_AreNamed) {
    ASSERT_TRUE(add_tenant("a", "a").ok());
    const auto key = add_tenant("a", "other");
    ASSERT_FALSE(key.ok());
    EXPECT_EQ(key.error().code, ErrorCode::invalid_request);
    EXPECT_EQ(key.error().field, "tenants_pkey");
    const auto name = add_tenant("b", "a");
    ASSERT_FALSE(name.ok());
    EXPECT_EQ(name.error().field, "tenants_name_unique");
    constexpr auto team =
        "INSERT INTO teams (tenant_id, id, name, created, updated) "
        "VALUES ('a', $1, 'one', 1, 1)";
    const Parameter first[] = {std::string_view("1")}, second[] = {std::string_view("2")};
    ASSERT_TRUE(execute(team, first).ok());
    const auto twice = execute(team, second);
    ASSERT_FALSE(twice.ok());
    EXPECT_EQ(twice.error().field, "teams_name_unique");
    const auto orphan = execute(
        "INSERT INTO teams (tenant_id, id, name, created, updated) "
        "VALUES ('nobody', '3', 'x', 1, 1)");
    ASSERT_FALSE(orphan.ok());
    EXPECT_EQ(orphan.error().code, ErrorCode::invalid_request);
    EXPECT_EQ(orphan.error().field, GetParam() == Dialect::sqlite ? "foreign_key" : "teams_tenant");
    const auto misfit = execute("UPDATE tenants SET created = $1", first);
    EXPECT_TRUE(misfit.ok());
    const Parameter word[] = {std::string_view("word")};
    const auto no_number = execute("UPDATE tenants SET created = $1", word);
    ASSERT_FALSE(no_number.ok());
    EXPECT_EQ(no_number.error().code, ErrorCode::invalid_request);
}

TEST_P(Databases, ReadsDoNotWrite) {
    const auto done = db().read(Access::everything(), [](Session& session) -> Result<void> {
        TRY_VOID(session.execute("UPDATE changes SET version = 99"));
        return {};
    });
    EXPECT_FALSE(done.ok());
    EXPECT_EQ(number("SELECT version FROM changes"), 1);
}

TEST_P(Databases, SessionInsideEach_IsRefused) {
    const auto done = db().read(Access::everything(), [](Session& session) {
        return session.each("SELECT 1", {}, [&](const Row&) -> Result<void> {
            TRY_VOID(session.execute("SELECT 1"));
            return {};
        });
    });
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().code, ErrorCode::internal);
}

TEST_P(Databases, ConcurrentWriters_LoseNoUpdate) {
    constexpr int threads = 8, rounds = 25;
    std::atomic<int> failures{0};
    std::vector<std::thread> writers;
    for (int i = 0; i < threads; ++i) {
        writers.emplace_back([&] {
            for (int round = 0; round < rounds; ++round) {
                if (!db().write(Access::everything(), bump).ok()) ++failures;
            }
        });
    }
    for (auto& writer : writers) writer.join();
    EXPECT_EQ(failures.load(), 0);
    EXPECT_EQ(number("SELECT version FROM changes"), 1 + threads * rounds);
}

TEST_P(Databases, ReadersDoNotWaitForTheWriter) {
    std::latch written(1), read_done(1);
    std::thread writer([&] {
        write([&](Session& session) -> Result<void> {
            TRY_VOID(session.execute("UPDATE changes SET version = 7"));
            written.count_down();
            read_done.wait();
            return {};
        });
    });
    written.wait();
    EXPECT_EQ(number("SELECT version FROM changes"), 1);
    read_done.count_down();
    writer.join();
    EXPECT_EQ(number("SELECT version FROM changes"), 7);
}

std::int64_t resident_kilobytes() {
    std::ifstream status("/proc/self/status");
    std::string word;
    std::int64_t kilobytes = 0;
    while (status >> word) {
        if (word == "VmRSS:") status >> kilobytes;
    }
    return kilobytes;
}

// The address sanitizer keeps freed memory aside, up to 256 MB: there it says nothing.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool memory_can_be_measured = false;
#elif defined(__clang__)
constexpr bool memory_can_be_measured = !__has_feature(address_sanitizer);
#else
constexpr bool memory_can_be_measured = true;
#endif

TEST_P(Databases, LargeResult_StreamsInConstantMemory) {
    constexpr auto rows_sql =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000) "
        "SELECT i, 'a text of about a hundred bytes, a text of about a hundred bytes, "
        "a text of about a hundred bytes' FROM n";
    const std::int64_t before = resident_kilobytes();
    std::int64_t rows = 0, most = 0;
    read([&](Session& session) {
        return session.each(rows_sql, {}, [&](const Row& row) -> Result<void> {
            if (++rows % 50000 == 0) most = std::max(most, resident_kilobytes());
            EXPECT_EQ(row.integer(0), rows);
            return {};
        });
    });
    EXPECT_EQ(rows, 400000);
    if (memory_can_be_measured) EXPECT_LT(most - before, 16 * 1024);
}

TEST_P(Databases, UseThatStopsEarly_EndsTheQueryAtOnce) {
    const auto began = std::chrono::steady_clock::now();
    const auto done = db().read(Access::everything(), [](Session& session) {
        return session.each(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
            "WHERE i < 100000000) SELECT i FROM n",
            {}, [](const Row& row) -> Result<void> {
                if (row.integer(0) < 10) return {};
                return base::Error{ErrorCode::cancelled, "enough"};
            });
    });
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().message, "enough");
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(15));
    EXPECT_EQ(number("SELECT 1"), 1);
}

TEST_P(Databases, MoreCallersThanConnections_AllAreServed) {
    std::atomic<int> served{0};
    std::vector<std::thread> callers;
    for (int i = 0; i < 40; ++i) {
        callers.emplace_back([&] {
            if (number("SELECT COUNT(*) FROM tiers") == 4) ++served;
        });
    }
    for (auto& caller : callers) caller.join();
    EXPECT_EQ(served.load(), 40);
}

TEST_P(Databases, CreditLedger_KeepsItsSumAndItsRows) {
    constexpr auto add =
        "INSERT INTO credit_movements (tenant_id, id, user_id, kind, amount_nano, "
        "reference, at) VALUES ('t', $1, 'u', $2, $3, $4, 1)";
    const Parameter grant[] = {std::string_view("1"), std::string_view("grant"),
                               std::int64_t{5'000'000'000}, std::string_view("r1")};
    const Parameter usage[] = {std::string_view("2"), std::string_view("usage"),
                               std::int64_t{-1'250'000'000}, std::string_view("r2")};
    const Parameter doubled[] = {std::string_view("3"), std::string_view("usage"),
                                 std::int64_t{-1'250'000'000}, std::string_view("r2")};
    ASSERT_TRUE(execute(add, grant).ok());
    ASSERT_TRUE(
        execute("INSERT INTO user_llm_settings (tenant_id, user_id) VALUES ('t', 'u')").ok());
    ASSERT_TRUE(execute(add, usage).ok());
    const auto twice = execute(add, doubled);
    ASSERT_FALSE(twice.ok());
    EXPECT_EQ(twice.error().field, "credit_movements_reference_unique");
    EXPECT_EQ(number("SELECT balance_nano FROM credit_balances"), 3'750'000'000);
    EXPECT_EQ(number("SELECT credit_balance_nano FROM user_llm_settings"), 3'750'000'000);
    const auto changed = execute("UPDATE credit_movements SET amount_nano = 0");
    ASSERT_FALSE(changed.ok());
    EXPECT_EQ(changed.error().code, ErrorCode::permission);
}

TEST_P(Databases, UsageRow_ShowsTheColumnsOfTheUsersSpecification) {
    constexpr auto add =
        "INSERT INTO llm_usage_logs (at, request_id, tenant_id, provider, "
        "cost_nano, total_us, status_code, error_class) VALUES "
        "(1790000000000000, $1, 't', 'openai', 1234567, 5000, $2, $3)";
    const Parameter good[] = {std::string_view("1"), std::int64_t{200}, std::string_view("")};
    const Parameter late[] = {std::string_view("2"), std::int64_t{504},
                              std::string_view("timeout")};
    const Parameter bad[] = {std::string_view("3"), std::int64_t{200},
                             std::string_view("provider")};
    ASSERT_TRUE(execute(add, good).ok());
    ASSERT_TRUE(execute(add, late).ok());
    ASSERT_TRUE(execute(add, bad).ok());
    std::string statuses;
    read([&](Session& session) {
        return session.each(
            "SELECT status, latency_ms, cost, created_at, provider_id FROM "
            "llm_usage_logs ORDER BY request_id",
            {}, [&](const Row& row) -> Result<void> {
                statuses += row.string(0) + " ";
                EXPECT_EQ(row.integer(1), 5);
                EXPECT_NEAR(row.real(2), 0.0012346, 0.000001);
                EXPECT_TRUE(row.text(3).starts_with("2026-09-21 14:13:20"));
                EXPECT_FALSE(row.is_null(4));
                return {};
            });
    });
    EXPECT_EQ(statuses, "success timeout error ");
    const auto attempt = execute(
        "INSERT INTO llm_usage_logs (at, request_id, attempt) "
        "VALUES (1, 'x', 1)");
    ASSERT_FALSE(attempt.ok());
    EXPECT_EQ(attempt.error().field, "llm_usage_logs_requests_only");
    ASSERT_TRUE(
        execute("INSERT INTO usage_attempts (at, request_id, attempt) VALUES (1, '1', 1)").ok());
    EXPECT_EQ(number("SELECT COUNT(*) FROM usage_records WHERE request_id = '1'"), 2);
}

class SqliteFile : public Databases {};
INSTANTIATE_TEST_SUITE_P(Stores, SqliteFile, ::testing::Values(Dialect::sqlite), store_name);

TEST_P(SqliteFile, IsTheOwnersAlone) {
    ASSERT_TRUE(add_tenant("a", "a").ok());
    for (const char* ending : {"", "-wal", "-shm"}) {
        struct stat about{};
        ASSERT_EQ(::stat((path() + ending).c_str(), &about), 0) << ending;
        EXPECT_EQ(about.st_mode & 0777, 0600) << ending;
    }
}

TEST_P(SqliteFile, FolderMissing_IsNamed) {
    SqliteOptions options;
    options.path = path() + "/none/tollgate.db";
    const auto opened = open_sqlite(options);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, ErrorCode::unavailable);
    EXPECT_NE(opened.error().message.find(options.path), std::string::npos);
}

TEST_P(SqliteFile, TwoProcesses_WaitForEachOther) {
    auto other = open_again();
    std::vector<std::thread> writers;
    std::atomic<int> failures{0};
    for (Db* one : {&db(), other.get()}) {
        writers.emplace_back([&, one] {
            for (int i = 0; i < 50; ++i) {
                if (!one->write(Access::everything(), bump).ok()) ++failures;
            }
        });
    }
    for (auto& writer : writers) writer.join();
    EXPECT_EQ(failures.load(), 0);
    EXPECT_EQ(number("SELECT version FROM changes"), 101);
}

}  // namespace
}  // namespace tollgate::store
