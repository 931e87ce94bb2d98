// The database as repositories see it: SQLite or PostgreSQL behind one interface, chosen by app and
// assembly alone. Repositories are blocking functions over a Session; handlers on an event loop run
// them on the store's own threads with run(). Model traffic never waits for a database.
//
// SQL is written once where both databases take it ($1, $2, ... parameters; ON CONFLICT; RETURNING;
// no casts), twice through pick() where they differ. Times are BIGINT Unix microseconds and money
// is BIGINT nano-dollars in our own columns; JSON is JSONB / TEXT and travels as text. Truth values
// are BOOLEAN / INTEGER: bound as 0 and 1, written TRUE and FALSE in SQL, read with flag().
// Parameters have no type of their own on PostgreSQL, which takes it from where they stand: beside
// a column it fits, but `$1 IS NULL` or `COALESCE($1, 0)` it cannot tell, or guesses too small, and
// one parameter beside a TEXT and a VARCHAR column it refuses: give it twice.
//
// The tables are in src/store/migrations. Usage: a request's row (attempt 0) goes to
// llm_usage_logs, the rows of its attempts to usage_attempts, which has the same columns; the view
// usage_records has both. Columns of type GENERATED are never written. A missing team, user or
// count is NULL where the column allows it (users.team_id, api_keys.team_id and user_id, tokens).
// Months are made ahead with ensure_partitions (store/partitions.hpp).
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "net/blocking_pool.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"

namespace tollgate::store {

enum class Dialect : std::uint8_t { sqlite, postgres };

// A parameter. Text is borrowed: it must live until the call returns.
using Parameter = std::variant<std::nullptr_t, std::int64_t, double, std::string_view>;

// One row of a result; views live as long as the Rows, or until the callback of each() returns.
class Row {
public:
    virtual ~Row() = default;
    virtual bool is_null(std::size_t column) const = 0;
    virtual std::string_view text(std::size_t column) const = 0;   // "" for null
    virtual std::int64_t integer(std::size_t column) const = 0;    // 0 for null
    virtual double real(std::size_t column) const = 0;             // 0 for null
    std::string string(std::size_t column) const { return std::string(text(column)); }
    bool flag(std::size_t column) const { return integer(column) != 0; }
    std::optional<std::int64_t> optional_integer(std::size_t column) const {
        if (is_null(column)) return std::nullopt;
        return integer(column);
    }
};

// On whose behalf: row-level security on PostgreSQL; repositories add the predicate as well.
struct Access {
    std::string tenant;     // "" with platform
    std::string user;       // app.current_user_id, "" : none
    bool platform = false;  // sees every tenant
    // As the connection's own role, which owns the tables: migrations alone.
    bool owner = false;
    // For an admin of the tenant: the provider keys of its users, to list, switch off and remove.
    bool users_keys = false;
    static Access everything() { return {"", "", true, false, false}; }
    static Access of_tenant(std::string id) { return {std::move(id), "", false, false, false}; }
    static Access of_user(std::string tenant, std::string user) {
        return {std::move(tenant), std::move(user), false, false, false};
    }
    static Access of_owner() { return {"", "", true, true, false}; }
};

// What one statement is executed with, row after row.
struct RowsToWrite {
    std::size_t count = 0;
    // The parameters of a row (from 0), until it is asked for the next. Their texts are borrowed
    // until the call that was given this returns.
    std::function<std::span<const Parameter>(std::size_t row)> parameters;
    // Told how many rows of the table each of them touched.
    std::function<void(std::size_t row, std::int64_t touched)> written;
    // is_plain_text (store/plain_text.hpp) has been asked of each text already.
    bool texts_are_plain = false;
};

// One connection inside one transaction. Used by one thread at a time. After a call has failed the
// transaction is lost, on both databases: every further call gives the same error, and nothing is
// committed. What may collide is therefore written with ON CONFLICT, or looked up before. Text that
// is not valid UTF-8 or holds a NUL is stored with U+FFFD in its place.
class Session {
public:
    virtual ~Session() = default;
    virtual Dialect dialect() const = 0;
    const char* pick(const char* sqlite, const char* postgres) const {
        return dialect() == Dialect::sqlite ? sqlite : postgres;
    }
    // Rows touched, or given. Fails: invalid_request when a constraint is broken (`field` is its
    // name: llm_models_name_unique, tenants_pkey; SQLite does not tell which foreign key, there it
    // is "foreign_key") or a value does not fit its column; permission (row-level security);
    // unavailable (connection lost, database busy, disk full); timeout; internal.
    virtual base::Result<std::int64_t> execute(std::string_view sql,
                                               std::span<const Parameter> parameters = {}) = 0;
    // The same for many rows, in their order; what it costs beside the writing is paid once.
    virtual base::Result<void> execute_rows(std::string_view sql, const RowsToWrite& rows) = 0;
    // Calls `use` with each row as it arrives, in constant memory; its error ends the query and the
    // transaction. `use` may not call the session.
    virtual base::Result<void> each(std::string_view sql, std::span<const Parameter> parameters,
                                    const std::function<base::Result<void>(const Row&)>& use) = 0;
    // Several statements without parameters (migrations).
    virtual base::Result<void> script(std::string_view sql) = 0;
};

struct StoreMetrics;

class Db {
public:
    virtual ~Db() = default;
    virtual Dialect dialect() const = 0;
    // Runs `work` in a transaction under `access`: committed when it gives no error, else rolled
    // back. `write` false promises that nothing is changed (SQLite: a reader's connection). A lost
    // connection, a serialization failure or a deadlock before commit is tried again, bounded;
    // `work` may therefore run more than once. Blocking: never on a loop's thread.
    using Work = std::function<base::Result<void>(Session&)>;
    virtual base::Result<void> transact(const Access& access, bool write, const Work& work) = 0;
    base::Result<void> read(const Access& access, const Work& work) {
        return transact(access, false, work);
    }
    base::Result<void> write(const Access& access, const Work& work) {
        return transact(access, true, work);
    }
    // The same from a loop: runs on the store's threads and comes back to `loop`. `work` owns what
    // it touches: the caller may have been cancelled meanwhile. Fails besides: unavailable when too
    // many wait already, timeout and cancelled as `patience` says.
    virtual net::Task<base::Result<void>> run(net::Loop& loop, Access access, bool write,
                                              Work work, net::Patience patience = {}) = 0;
    // Calls `changed` on some thread soon after another process or this one has bumped the change
    // counter (store/changes.hpp): NOTIFY on PostgreSQL, a cheap look every half second on SQLite;
    // in any case looked at every 30 s. Called once at the beginning too, so that a change between
    // reading and watching is not missed. Until the Db is destroyed; once per Db.
    // `heard`, where there is one: each text that an instance has told (store/changes.hpp), on the
    // same thread; what is told while the connection is lost is lost.
    using Changed = std::function<void(std::int64_t version)>;
    using Heard = std::function<void(std::string_view text)>;
    virtual void watch_changes(Changed changed, Heard heard = {}) = 0;
    // Gives back what was read and nobody uses now. Any thread; soon over.
    virtual void give_back_memory() {}
    // "" while it answers, else the last failure in words.
    virtual std::string trouble() const = 0;
};

}  // namespace tollgate::store
