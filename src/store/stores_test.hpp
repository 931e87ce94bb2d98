// One suite on both stores: a fixture whose parameter is the dialect, with a new, migrated database
// for each test.
//
//   class Teams : public OnBothStores {};
//   TEST_P(Teams, NameTaken_IsAConflict) { ... db() ... }
//   INSTANTIATE_TEST_SUITE_P(Stores, Teams, both_stores(), store_name);
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "store/db.hpp"
#include "store/migrate.hpp"
#include "store/postgres_db.hpp"
#include "store/postgres_server_test.hpp"
#include "store/sqlite_db.hpp"

namespace tollgate::store {

inline auto both_stores() { return ::testing::Values(Dialect::sqlite, Dialect::postgres); }
inline std::string store_name(const ::testing::TestParamInfo<Dialect>& about) {
    return about.param == Dialect::sqlite ? "Sqlite" : "Postgres";
}

class OnBothStores : public ::testing::TestWithParam<Dialect> {
protected:
    void SetUp() override {
        if (GetParam() == Dialect::postgres) {
            if (PostgresServer::get() == nullptr) {
                const char* ci = std::getenv("CI");
                if (ci != nullptr && std::string(ci) == "true") {
                    FAIL() << PostgresServer::why_missing();
                }
                GTEST_SKIP() << PostgresServer::why_missing();
            }
            database_ = server().make_database(migrated_template());
            db_ = open_on_postgres(server().url(database_));
        } else {
            std::string folder = (std::filesystem::temp_directory_path() / "tollgate-XXXXXX");
            ASSERT_NE(::mkdtemp(folder.data()), nullptr);
            folder_ = folder;
            db_ = open_on_sqlite(path());
            migrate_or_fail(*db_);
        }
        ASSERT_NE(db_, nullptr);
    }
    void TearDown() override {
        db_.reset();
        std::error_code ignored;
        if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
    }

    Db& db() { return *db_; }
    // As after a restart, or in another instance.
    std::unique_ptr<Db> open_again() const {
        return GetParam() == Dialect::sqlite ? open_on_sqlite(path())
                                             : open_on_postgres(server().url(database_));
    }
    static PostgresServer& server() { return *PostgresServer::get(); }
    const std::string& database() const { return database_; }    // on PostgreSQL
    std::string path() const { return folder_ + "/tollgate.db"; }  // on SQLite

    static std::unique_ptr<Db> open_on_sqlite(const std::string& path) {
        SqliteOptions options;
        options.path = path;
        options.look_every = std::chrono::milliseconds(50);
        options.look_anyway = std::chrono::milliseconds(300);
        return unwrap(open_sqlite(options));
    }
    static std::unique_ptr<Db> open_on_postgres(const std::string& url) {
        PostgresOptions options;
        options.url = url;
        options.look_every = std::chrono::milliseconds(300);
        return unwrap(open_postgres(options));
    }

    // Runs `work` and expects it to succeed.
    void write(const Db::Work& work, const Access& access = Access::everything()) {
        const auto done = db().write(access, work);
        EXPECT_TRUE(done.ok()) << done.error().message;
    }
    void read(const Db::Work& work, const Access& access = Access::everything()) {
        const auto done = db().read(access, work);
        EXPECT_TRUE(done.ok()) << done.error().message;
    }
    // One statement in a transaction of its own.
    base::Result<std::int64_t> execute(std::string_view sql,
                                       std::span<const Parameter> parameters = {},
                                       const Access& access = Access::everything()) {
        std::int64_t rows = 0;
        TRY_VOID(db().write(access, [&](Session& session) -> base::Result<void> {
            TRY(rows, session.execute(sql, parameters));
            return {};
        }));
        return rows;
    }
    // Column 0 of the first row, -1 for none.
    std::int64_t number(std::string_view sql, std::span<const Parameter> parameters = {},
                        const Access& access = Access::everything()) {
        std::int64_t value = -1;
        read([&](Session& session) {
            value = -1;
            return session.each(sql, parameters, [&](const Row& row) -> base::Result<void> {
                if (value == -1) value = row.integer(0);
                return {};
            });
        }, access);
        return value;
    }

private:
    template <typename T>
    static T unwrap(base::Result<T> result) {
        if (!result.ok()) {
            ADD_FAILURE() << result.error().message;
            return nullptr;
        }
        return std::move(result).value();
    }
    static void migrate_or_fail(Db& db) {
        const auto done = migrate(db);
        EXPECT_TRUE(done.ok()) << done.error().message;
    }
    static const std::string& migrated_template() {
        static const std::string name = [] {
            const std::string made = server().make_database();
            auto db = open_on_postgres(server().url(made));
            if (db) migrate_or_fail(*db);
            return made;
        }();
        return name;
    }

    std::string folder_, database_;
    std::unique_ptr<Db> db_;
};

}  // namespace tollgate::store
