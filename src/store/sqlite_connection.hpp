// One connection to a SQLite file, with its prepared statements. Used by one thread at a time.
#pragma once
#include <sqlite3.h>

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "store/db.hpp"

namespace tollgate::store {

enum class SqliteMode : std::uint8_t { reader, writer };

class SqliteConnection {
public:
    // A writer makes the file (mode 0600) when it is missing, and turns the write-ahead log on.
    // Fails: unavailable naming the file.
    static base::Result<std::unique_ptr<SqliteConnection>> open(
        const std::string& path, SqliteMode mode, std::chrono::milliseconds busy_timeout);
    ~SqliteConnection();
    SqliteConnection(const SqliteConnection&) = delete;
    SqliteConnection& operator=(const SqliteConnection&) = delete;

    base::Result<std::int64_t> execute(std::string_view sql, std::span<const Parameter> parameters);
    base::Result<void> execute_rows(std::string_view sql, const RowsToWrite& rows);
    base::Result<void> each(std::string_view sql, std::span<const Parameter> parameters,
                            const std::function<base::Result<void>(const Row&)>& use);
    base::Result<void> script(std::string_view sql);
    // Forgets the pages it has read; they are read again when they are wanted.
    void release_memory();

private:
    struct Statement {
        std::string sql;
        sqlite3_stmt* prepared = nullptr;
        bool busy = false;  // stepping
        // Its parameters are $1, $2, ... in this order, as SQLite numbers them.
        bool in_order = false;
    };
    using Statements = std::list<Statement>;
    class Use;

    SqliteConnection() = default;
    base::Result<Statements::iterator> statement(std::string_view sql);
    base::Result<void> bind(const Statement& statement, std::span<const Parameter> parameters);
    base::Result<void> bind_changed(const Statement& statement, const RowsToWrite& rows,
                                    std::span<const Parameter> row, std::vector<Parameter>& bound);
    base::Error failure();
    base::Error constraint_failure(int code, const std::string& message);

    sqlite3* db_ = nullptr;
    std::string path_;
    Statements statements_;  // most recently used first
    std::unordered_map<std::string_view, Statements::iterator> by_sql_;
};

}  // namespace tollgate::store
