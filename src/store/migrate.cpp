#include "store/migrate.hpp"

#include <chrono>
#include <cstdio>
#include <map>

#include "crypto/digest.hpp"

namespace tollgate::store {
namespace {

struct Applied {
    std::string name, checksum;
};
using AppliedMigrations = std::map<int, Applied>;

std::string full_name(int number, std::string_view name) {
    char digits[16];
    std::snprintf(digits, sizeof digits, "%04d_", number);
    return digits + std::string(name);
}

std::string_view text_of(const Migration& migration, Dialect dialect) {
    return dialect == Dialect::sqlite ? migration.sqlite : migration.postgres;
}

std::int64_t applied_now() {
    using std::chrono::duration_cast, std::chrono::microseconds, std::chrono::system_clock;
    return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

std::string checksum_of(std::string_view sql) { return crypto::hex(crypto::sha256(sql)); }

base::Result<bool> has_table(Session& session) {
    bool found = false;
    TRY_VOID(session.each(
        session.pick("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'schema_migrations'",
                     "SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass('schema_migrations')"),
        {}, [&](const Row& row) -> base::Result<void> {
            found = row.integer(0) > 0;
            return {};
        }));
    return found;
}

base::Result<AppliedMigrations> applied_migrations(Session& session) {
    AppliedMigrations applied;
    TRY(const bool exists, has_table(session));
    if (!exists) return applied;
    TRY_VOID(session.each("SELECT number, name, checksum FROM schema_migrations", {},
                          [&](const Row& row) -> base::Result<void> {
                              applied[static_cast<int>(row.integer(0))] = {row.string(1),
                                                                          row.string(2)};
                              return {};
                          }));
    return applied;
}

// The database was written by this binary's past, not by its future or by another.
base::Result<std::vector<Migration>> pending(const AppliedMigrations& applied,
                                             std::span<const Migration> migrations,
                                             Dialect dialect) {
    std::map<int, const Migration*> known;
    for (const Migration& migration : migrations) known[migration.number] = &migration;
    for (const auto& [number, row] : applied) {
        auto found = known.find(number);
        if (found == known.end()) {
            return base::invalid("the database is newer than this version of tollgate: it holds "
                                 "migration " + full_name(number, row.name) +
                                 ", this version knows none after " +
                                 std::to_string(known.empty() ? 0 : known.rbegin()->first) +
                                 "; start a version at least as new as the last that ran on it");
        }
        if (checksum_of(text_of(*found->second, dialect)) != row.checksum) {
            return base::invalid("migration " + full_name(number, row.name) +
                                 " was applied to the database with other contents than this "
                                 "version of tollgate has; use the version that made it");
        }
    }
    std::vector<Migration> missing;
    for (const auto& [number, migration] : known) {
        if (!applied.contains(number)) missing.push_back(*migration);
    }
    return missing;
}

base::Result<void> apply(Session& session, const Migration& migration) {
    const std::string_view sql = text_of(migration, session.dialect());
    if (!sql.empty()) {
        auto done = session.script(sql);
        if (!done.ok()) {
            base::Error error = done.error();
            error.message = "migration " + full_name(migration.number, migration.name) + ": " +
                            error.message;
            return error;
        }
    }
    const std::string checksum = checksum_of(sql);
    const Parameter row[] = {std::int64_t{migration.number}, migration.name,
                             std::string_view(checksum), applied_now()};
    auto kept = session.execute(
        "INSERT INTO schema_migrations (number, name, checksum, applied) VALUES ($1, $2, $3, $4)",
        row);
    if (!kept.ok()) return kept.error();
    return {};
}

constexpr const char* migrations_table =
    "CREATE TABLE IF NOT EXISTS schema_migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL, "
    "checksum TEXT NOT NULL, applied BIGINT NOT NULL)";

// On SQLite the writing transaction itself keeps others out.
base::Result<void> lock_out_others(Session& session) {
    if (session.dialect() == Dialect::sqlite) return {};
    return session.script("SELECT pg_advisory_xact_lock(hashtext('tollgate.migrations'))");
}

}  // namespace

base::Result<std::vector<std::string>> migrate(Db& db, std::span<const Migration> migrations) {
    std::vector<std::string> names;
    TRY_VOID(db.write(Access::of_owner(), [&](Session& session) -> base::Result<void> {
        names.clear();
        TRY_VOID(lock_out_others(session));
        TRY(const AppliedMigrations applied, applied_migrations(session));
        TRY(const std::vector<Migration> missing,
            pending(applied, migrations, session.dialect()));
        if (missing.empty()) return {};
        TRY_VOID(session.script(migrations_table));
        for (const Migration& migration : missing) {
            TRY_VOID(apply(session, migration));
            names.push_back(full_name(migration.number, migration.name));
        }
        return {};
    }));
    return names;
}

base::Result<std::vector<std::string>> pending_migrations(Db& db,
                                                          std::span<const Migration> migrations) {
    std::vector<std::string> names;
    TRY_VOID(db.read(Access::of_owner(), [&](Session& session) -> base::Result<void> {
        names.clear();
        TRY(const AppliedMigrations applied, applied_migrations(session));
        TRY(const std::vector<Migration> missing,
            pending(applied, migrations, session.dialect()));
        for (const Migration& migration : missing) {
            names.push_back(full_name(migration.number, migration.name));
        }
        return {};
    }));
    return names;
}

}  // namespace tollgate::store
