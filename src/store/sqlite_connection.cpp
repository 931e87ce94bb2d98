#include "store/sqlite_connection.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <deque>
#include <thread>

#include "store/plain_text.hpp"
#include "store/sqlite_constraints.hpp"

namespace tollgate::store {
namespace {

constexpr std::size_t statements_max = 200;

base::Error unavailable(std::string message) {
    return base::Error{base::ErrorCode::unavailable, std::move(message)};
}

class SqliteRow final : public Row {
public:
    explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
    bool is_null(std::size_t column) const override {
        return sqlite3_column_type(statement_, static_cast<int>(column)) == SQLITE_NULL;
    }
    std::string_view text(std::size_t column) const override {
        const int at = static_cast<int>(column);
        const auto* bytes = sqlite3_column_text(statement_, at);
        if (bytes == nullptr) return {};
        return {reinterpret_cast<const char*>(bytes),
                static_cast<std::size_t>(sqlite3_column_bytes(statement_, at))};
    }
    std::int64_t integer(std::size_t column) const override {
        return sqlite3_column_int64(statement_, static_cast<int>(column));
    }
    double real(std::size_t column) const override {
        return sqlite3_column_double(statement_, static_cast<int>(column));
    }

private:
    sqlite3_stmt* statement_;
};

// Once for the process, before anything else of the library. Pages are taken as they are needed,
// not twenty for each connection at once, which most of them never use. Allocations are not
// counted: nobody asks, and each would lock a mutex of the whole process twice. Refused: somebody
// has used the library before; then it does as it is used to.
void set_up_library() {
    static const int refused = sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0) |
                               sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)refused;
}

// The file with mode 0600, made when it is missing; its log and index take their mode from it.
base::Result<void> prepare_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return unavailable("the database " + path + " cannot be opened: " + std::strerror(errno) +
                           "; check that its directory exists and may be written to");
    }
    struct stat about {};
    const bool wider = ::fstat(fd, &about) == 0 && (about.st_mode & 0077) != 0;
    if (wider) static_cast<void>(::fchmod(fd, 0600));
    ::close(fd);
    return {};
}

const char* settings_of(SqliteMode mode) {
    return mode == SqliteMode::writer
               // Usage comes in rows of half a kilobyte, appended: in larger pages it needs a
               // quarter of the writes. Only a new file takes it.
               ? "PRAGMA page_size = 16384;"
                 "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                 "PRAGMA foreign_keys = ON; PRAGMA cache_size = -4096"
               : "PRAGMA query_only = ON; PRAGMA cache_size = -4096";
}

}  // namespace

// SQLite numbers $1, $2 by their first appearance, so the name says which parameter it is.
static std::size_t number_of(sqlite3_stmt* prepared, int at) {
    const char* name = sqlite3_bind_parameter_name(prepared, at);
    std::size_t number = 0;
    if (name != nullptr) std::from_chars(name + 1, name + std::strlen(name), number);
    return number;
}

static bool in_order(sqlite3_stmt* prepared) {
    const int count = sqlite3_bind_parameter_count(prepared);
    for (int at = 1; at <= count; ++at) {
        if (number_of(prepared, at) != static_cast<std::size_t>(at)) return false;
    }
    return true;
}

static int bind_plain_text(sqlite3_stmt* prepared, int at, std::string_view text) {
    // A null pointer would be bound as NULL.
    return sqlite3_bind_text64(prepared, at, text.empty() ? "" : text.data(), text.size(),
                               SQLITE_STATIC, SQLITE_UTF8);
}

static int bind_text(sqlite3_stmt* prepared, int at, std::string_view text) {
    if (is_plain_text(text)) return bind_plain_text(prepared, at, text);
    const std::string mended = plain_text(text);
    return sqlite3_bind_text64(prepared, at, mended.data(), mended.size(), SQLITE_TRANSIENT,
                               SQLITE_UTF8);
}

static int bind_value(sqlite3_stmt* prepared, int at, const Parameter& value, bool is_plain) {
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
        return sqlite3_bind_int64(prepared, at, *whole);
    }
    if (const auto* fraction = std::get_if<double>(&value)) {
        return sqlite3_bind_double(prepared, at, *fraction);
    }
    if (const auto* text = std::get_if<std::string_view>(&value)) {
        return is_plain ? bind_plain_text(prepared, at, *text) : bind_text(prepared, at, *text);
    }
    return sqlite3_bind_null(prepared, at);
}

// A statement while it is stepped; reset when it leaves, also when a row's use fails.
class SqliteConnection::Use {
public:
    explicit Use(Statement& statement) : statement_(statement) { statement_.busy = true; }
    ~Use() {
        sqlite3_reset(statement_.prepared);
        sqlite3_clear_bindings(statement_.prepared);
        statement_.busy = false;
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

private:
    Statement& statement_;
};

base::Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(
    const std::string& path, SqliteMode mode, std::chrono::milliseconds busy_timeout) {
    if (path.empty() || path.starts_with(":")) {
        return base::invalid("the database needs a file of its own, not \"" + path + "\"",
                             "stores.database");
    }
    set_up_library();
    if (mode == SqliteMode::writer) TRY_VOID(prepare_file(path));
    std::unique_ptr<SqliteConnection> connection(new SqliteConnection);
    connection->path_ = path;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2(path.c_str(), &connection->db_, flags, nullptr) != SQLITE_OK) {
        return connection->failure();
    }
    sqlite3_busy_timeout(connection->db_, static_cast<int>(busy_timeout.count()));
    const auto until = std::chrono::steady_clock::now() + busy_timeout;
    while (true) {
        auto set = connection->script(settings_of(mode));
        if (set.ok()) {
            connection->release_memory();  // the schema has been read
            return connection;
        }
        // Two processes that turn the log on at once: one is told "locked" without any wait.
        const int code = sqlite3_errcode(connection->db_) & 0xFF;
        const bool locked = code == SQLITE_BUSY || code == SQLITE_LOCKED;
        if (!locked || std::chrono::steady_clock::now() > until) return set.error();
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

void SqliteConnection::release_memory() { sqlite3_db_release_memory(db_); }

SqliteConnection::~SqliteConnection() {
    for (auto& statement : statements_) sqlite3_finalize(statement.prepared);
    sqlite3_close_v2(db_);
}

base::Result<SqliteConnection::Statements::iterator> SqliteConnection::statement(
    std::string_view sql) {
    // A batch says the same again and again: comparing costs less than hashing.
    if (!statements_.empty() && statements_.front().sql == sql) return statements_.begin();
    if (auto found = by_sql_.find(sql); found != by_sql_.end()) {
        statements_.splice(statements_.begin(), statements_, found->second);
        return found->second;
    }
    sqlite3_stmt* prepared = nullptr;
    const char* tail = nullptr;
    if (sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                           &prepared, &tail) != SQLITE_OK) {
        return failure();
    }
    const std::string_view rest(tail, static_cast<std::size_t>(sql.data() + sql.size() - tail));
    if (prepared == nullptr || rest.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
        sqlite3_finalize(prepared);
        return base::Error{base::ErrorCode::internal,
                           "one statement is expected: " + std::string(sql)};
    }
    if (statements_.size() >= statements_max && !statements_.back().busy) {
        by_sql_.erase(statements_.back().sql);
        sqlite3_finalize(statements_.back().prepared);
        statements_.pop_back();
    }
    statements_.push_front(Statement{std::string(sql), prepared, false, in_order(prepared)});
    by_sql_.emplace(statements_.front().sql, statements_.begin());
    return statements_.begin();
}

base::Result<void> SqliteConnection::bind(const Statement& statement,
                                          std::span<const Parameter> parameters) {
    sqlite3_stmt* const prepared = statement.prepared;
    const int count = sqlite3_bind_parameter_count(prepared);
    for (int at = 1; at <= count; ++at) {
        // Looking a name up reads all before it: a row of many columns would pay for their square.
        const std::size_t number =
            statement.in_order ? static_cast<std::size_t>(at) : number_of(prepared, at);
        if (number == 0 || number > parameters.size()) {
            const char* name = sqlite3_bind_parameter_name(prepared, at);
            return base::Error{base::ErrorCode::internal,
                               std::string("there is no parameter ") + (name ? name : "?")};
        }
        if (bind_value(prepared, at, parameters[number - 1], false) != SQLITE_OK) return failure();
    }
    return {};
}

// Rows of a batch are alike: what the statement holds from the row before is not bound again.
base::Result<void> SqliteConnection::bind_changed(const Statement& statement,
                                                  const RowsToWrite& rows,
                                                  std::span<const Parameter> row,
                                                  std::vector<Parameter>& bound) {
    for (std::size_t i = 0; i < row.size(); ++i) {
        if (bound[i] == row[i]) continue;
        bound[i] = row[i];
        const int code =
            bind_value(statement.prepared, static_cast<int>(i) + 1, row[i], rows.texts_are_plain);
        if (code != SQLITE_OK) return failure();
    }
    return {};
}

base::Result<std::int64_t> SqliteConnection::execute(std::string_view sql,
                                                     std::span<const Parameter> parameters) {
    TRY(auto found, statement(sql));
    const Use use(*found);
    TRY_VOID(bind(*found, parameters));
    std::int64_t rows = 0;
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(found->prepared)) == SQLITE_ROW) ++rows;
    if (code != SQLITE_DONE) return failure();
    return sqlite3_stmt_readonly(found->prepared) != 0 ? rows : sqlite3_changes64(db_);
}

base::Result<void> SqliteConnection::execute_rows(std::string_view sql, const RowsToWrite& rows) {
    if (rows.count == 0) return {};
    TRY(auto found, statement(sql));
    const Use use(*found);
    const auto count = static_cast<std::size_t>(sqlite3_bind_parameter_count(found->prepared));
    std::vector<Parameter> bound(count, nullptr);  // as parameters begin
    for (std::size_t row = 0; row < rows.count; ++row) {
        const std::span<const Parameter> parameters = rows.parameters(row);
        if (found->in_order && parameters.size() >= count) {
            TRY_VOID(bind_changed(*found, rows, parameters.first(count), bound));
        } else {
            TRY_VOID(bind(*found, parameters));
        }
        int code = SQLITE_ROW;
        while (code == SQLITE_ROW) code = sqlite3_step(found->prepared);
        if (code != SQLITE_DONE) return failure();
        sqlite3_reset(found->prepared);
        rows.written(row, sqlite3_changes64(db_));
    }
    return {};
}

base::Result<void> SqliteConnection::each(
    std::string_view sql, std::span<const Parameter> parameters,
    const std::function<base::Result<void>(const Row&)>& use) {
    TRY(auto found, statement(sql));
    const Use in_use(*found);
    TRY_VOID(bind(*found, parameters));
    int code = SQLITE_ROW;
    const SqliteRow row(found->prepared);
    while ((code = sqlite3_step(found->prepared)) == SQLITE_ROW) TRY_VOID(use(row));
    if (code != SQLITE_DONE) return failure();
    return {};
}

base::Result<void> SqliteConnection::script(std::string_view sql) {
    const std::string text(sql);
    if (sqlite3_exec(db_, text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return failure();
    return {};
}

base::Error SqliteConnection::failure() {
    const int code = sqlite3_extended_errcode(db_);
    const std::string message = sqlite3_errmsg(db_);
    switch (code & 0xFF) {
        case SQLITE_CONSTRAINT: return constraint_failure(code, message);
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return unavailable("the database " + path_ + " is busy: another process holds it");
        case SQLITE_FULL: return unavailable("the disk of the database " + path_ + " is full");
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
            return unavailable("the database " + path_ + " cannot be used: " + message);
        case SQLITE_INTERRUPT:
            return base::Error{base::ErrorCode::timeout, "the query took too long"};
        case SQLITE_MISMATCH:
        case SQLITE_TOOBIG: return base::invalid(message);
        default:
            return base::Error{base::ErrorCode::internal, "the database " + path_ + ": " + message};
    }
}

base::Error SqliteConnection::constraint_failure(int code, const std::string& message) {
    const std::size_t colon = message.find(": ");
    const std::string what = colon == std::string::npos ? "" : message.substr(colon + 2);
    switch (code) {
        case SQLITE_CONSTRAINT_UNIQUE:
        case SQLITE_CONSTRAINT_PRIMARYKEY:
        case SQLITE_CONSTRAINT_ROWID:
            return base::invalid(message, unique_constraint_name(db_, what));
        case SQLITE_CONSTRAINT_FOREIGNKEY: return base::invalid(message, "foreign_key");
        case SQLITE_CONSTRAINT_CHECK: return base::invalid(message, what);
        case SQLITE_CONSTRAINT_DATATYPE: return base::invalid(message);
        case SQLITE_CONSTRAINT_TRIGGER:
            return base::Error{base::ErrorCode::permission, message};
        default: return base::Error{base::ErrorCode::internal, message};
    }
}

}  // namespace tollgate::store
