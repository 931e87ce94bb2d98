#include "store/postgres_connection.hpp"

#include <poll.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <vector>

#include "base/log.hpp"
#include "store/plain_text.hpp"
#include "store/postgres_error.hpp"

namespace tollgate::store {
namespace {

using Clock = std::chrono::steady_clock;

// Statements beyond these are not kept prepared, so that generated SQL cannot fill the server.
constexpr std::size_t prepared_max = 256;
constexpr int server_version_min = 150000;
constexpr Oid bool_type = 16;
constexpr std::chrono::milliseconds patience_of_migrations = std::chrono::hours(24);

class PostgresRow final : public Row {
public:
    PostgresRow(const PGresult* result, int row) : result_(result), row_(row) {}
    bool is_null(std::size_t column) const override {
        return PQgetisnull(result_, row_, static_cast<int>(column)) != 0;
    }
    std::string_view text(std::size_t column) const override {
        const int at = static_cast<int>(column);
        return {PQgetvalue(result_, row_, at),
                static_cast<std::size_t>(PQgetlength(result_, row_, at))};
    }
    std::int64_t integer(std::size_t column) const override {
        const std::string_view value = text(column);
        if (PQftype(result_, static_cast<int>(column)) == bool_type) return value == "t" ? 1 : 0;
        std::int64_t number = 0;
        std::from_chars(value.data(), value.data() + value.size(), number);
        return number;
    }
    double real(std::size_t column) const override {
        return std::strtod(PQgetvalue(result_, row_, static_cast<int>(column)), nullptr);
    }

private:
    const PGresult* result_;
    int row_;
};

// Parameters as PostgreSQL's texts, each ending in NUL, in one piece of memory.
class TextParameters {
public:
    explicit TextParameters(std::span<const Parameter> parameters) {
        std::vector<std::ptrdiff_t> starts;
        for (const Parameter& parameter : parameters) {
            starts.push_back(std::holds_alternative<std::nullptr_t>(parameter)
                                 ? -1
                                 : static_cast<std::ptrdiff_t>(bytes_.size()));
            append(parameter);
        }
        for (const std::ptrdiff_t start : starts) {
            values_.push_back(start < 0 ? nullptr : bytes_.data() + start);
        }
    }
    const char* const* data() const { return values_.data(); }
    int count() const { return static_cast<int>(values_.size()); }

private:
    void append(const Parameter& parameter) {
        std::array<char, 40> digits{};
        if (const auto* text = std::get_if<std::string_view>(&parameter)) {
            if (is_plain_text(*text)) {
                bytes_ += *text;
            } else {
                bytes_ += plain_text(*text);
            }
        } else if (const auto* whole = std::get_if<std::int64_t>(&parameter)) {
            bytes_.append(digits.data(),
                          std::to_chars(digits.data(), digits.data() + digits.size(), *whole).ptr);
        } else if (const auto* fraction = std::get_if<double>(&parameter)) {
            bytes_.append(
                digits.data(),
                std::to_chars(digits.data(), digits.data() + digits.size(), *fraction).ptr);
        } else {
            return;
        }
        bytes_ += '\0';
    }
    std::string bytes_;
    std::vector<const char*> values_;
};

std::string one_line(const char* text) {
    std::string line = text == nullptr ? "" : text;
    while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
    for (char& letter : line) {
        if (letter == '\n') letter = ' ';
    }
    return line;
}

}  // namespace

base::Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(
    const ConnectionSettings& settings) {
    std::unique_ptr<PostgresConnection> made(new PostgresConnection(settings));
    TRY_VOID(made->connect());
    TRY_VOID(made->set_up());
    return made;
}

PostgresConnection::~PostgresConnection() {
    if (connection_ != nullptr) PQfinish(connection_);
}

base::Result<void> PostgresConnection::connect() {
    // What stands before dbname is a default, which the URL may say otherwise; what follows is not.
    const std::array names = {"fallback_application_name", "keepalives_idle",
                              "keepalives_interval",       "keepalives_count",
                              "tcp_user_timeout",          "dbname",
                              "client_encoding",           static_cast<const char*>(nullptr)};
    const std::array values = {"tollgate", "15",   "5",    "3",
                               "15000",    settings_.url.c_str(),
                               "UTF8",     static_cast<const char*>(nullptr)};
    connection_ = PQconnectStartParams(names.data(), values.data(), 1);
    if (connection_ == nullptr) return lost("out of memory");
    const char* host = PQhost(connection_);
    const char* port = PQport(connection_);
    server_ = std::string(host ? host : "") + ":" + (port ? port : "");
    PQsetNoticeProcessor(
        connection_,
        [](void*, const char* text) {
            base::log().debug("database_notice", {{"text", one_line(text)}});
        },
        nullptr);
    const auto until = Clock::now() + settings_.connect_timeout;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (status != PGRES_POLLING_OK) {
        if (PQstatus(connection_) == CONNECTION_BAD || status == PGRES_POLLING_FAILED) {
            return lost(one_line(PQerrorMessage(connection_)));
        }
        const Waited waited = wait(status == PGRES_POLLING_READING ? POLLIN : POLLOUT, until);
        if (waited != Waited::ready) return lost("no connection in time");
        status = PQconnectPoll(connection_);
    }
    if (PQsetnonblocking(connection_, 1) != 0) return lost(one_line(PQerrorMessage(connection_)));
    return {};
}

bool PostgresConnection::reusable() const {
    return trouble_ != PostgresTrouble::lost && PQtransactionStatus(connection_) == PQTRANS_IDLE;
}

// Learns whether transactions can take the role that row-level security binds.
base::Result<void> PostgresConnection::set_up() {
    if (PQserverVersion(connection_) < server_version_min) {
        return lost("PostgreSQL 15 or later is needed");
    }
    bool above_policies = false;
    TRY_VOID(each("SELECT (SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles "
                  "WHERE rolname = 'tollgate_app'), (SELECT rolsuper OR rolbypassrls FROM pg_roles "
                  "WHERE rolname = current_user) AND to_regclass('schema_migrations') IS NOT NULL, "
                  "set_config('client_connection_check_interval', "
                  "CASE WHEN version() LIKE '%linux%' THEN '5s' ELSE '0' END, false)",
                  {}, [&](const Row& row) -> base::Result<void> {
                      has_role_ = row.flag(0);
                      above_policies = row.flag(1);
                      return {};
                  }));
    if (above_policies && !has_role_) {
        base::log().warn("row_security_not_enforced",
                         {{"server", server_}, {"missing_role", "tollgate_app"}});
    }
    return {};
}

PostgresConnection::Waited PostgresConnection::wait(short events, Clock::time_point until) {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
        if (left.count() <= 0) return Waited::timeout;
        std::array<pollfd, 2> watched = {pollfd{PQsocket(connection_), events, 0},
                                         pollfd{settings_.stop_fd, POLLIN, 0}};
        const int count =
            ::poll(watched.data(), settings_.stop_fd < 0 ? 1 : 2,
                   static_cast<int>(std::min<std::int64_t>(left.count(), 1'000'000'000)));
        if (count < 0 && errno != EINTR) return Waited::timeout;
        if (count <= 0) continue;
        if (settings_.stop_fd >= 0 && watched[1].revents != 0) return Waited::stopped;
        return Waited::ready;
    }
}

base::Error PostgresConnection::lost(const std::string& why) {
    trouble_ = PostgresTrouble::lost;
    return base::Error{base::ErrorCode::unavailable,
                       "the database" + (server_.empty() ? "" : " at " + server_) + ": " + why};
}

base::Error PostgresConnection::statement_failure(const PGresult* result) {
    auto field = [&](int code) {
        const char* text = PQresultErrorField(result, code);
        return std::string(text == nullptr ? "" : text);
    };
    const std::string state = field(PG_DIAG_SQLSTATE);
    if (state.empty()) return lost(one_line(PQerrorMessage(connection_)));
    std::string message = field(PG_DIAG_MESSAGE_PRIMARY);
    if (const std::string detail = field(PG_DIAG_MESSAGE_DETAIL);
        !detail.empty() && state.starts_with("42")) {
        message += " (" + detail + ")";
    }
    PostgresFailure failure =
        postgres_failure(state, std::move(message), field(PG_DIAG_CONSTRAINT_NAME));
    if (trouble_ != PostgresTrouble::lost) trouble_ = failure.trouble;
    return std::move(failure.error);
}

base::Result<void> PostgresConnection::flush() {
    const auto until = Clock::now() + settings_.answer_timeout;
    while (true) {
        const int left = PQflush(connection_);
        if (left == 0) return {};
        if (left < 0) return lost(one_line(PQerrorMessage(connection_)));
        if (wait(POLLIN | POLLOUT, until) != Waited::ready) return lost("it takes no data");
        if (PQconsumeInput(connection_) == 0) return lost(one_line(PQerrorMessage(connection_)));
    }
}

base::Result<PostgresConnection::ResultPointer> PostgresConnection::next_result() {
    while (PQisBusy(connection_) != 0) {
        const auto patience = patient_ ? patience_of_migrations : settings_.answer_timeout;
        const Waited waited = wait(POLLIN, Clock::now() + patience);
        if (waited == Waited::stopped) return lost("the gateway is stopping");
        if (waited == Waited::timeout) return lost("no answer in time");
        if (PQconsumeInput(connection_) == 0) return lost(one_line(PQerrorMessage(connection_)));
    }
    return ResultPointer(PQgetResult(connection_), PQclear);
}

base::Result<std::int64_t> PostgresConnection::drain() {
    std::int64_t rows = 0;
    base::Result<void> first;
    while (true) {
        TRY(const ResultPointer result, next_result());
        if (!result) break;
        const ExecStatusType status = PQresultStatus(result.get());
        if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
            const std::string_view touched = PQcmdTuples(result.get());
            std::int64_t count = 0;
            std::from_chars(touched.data(), touched.data() + touched.size(), count);
            rows += count;
        } else if (first.ok()) {
            first = statement_failure(result.get());
        }
    }
    if (!first.ok()) return first.error();
    return rows;
}

// "" for SQL that is sent whole.
base::Result<std::string> PostgresConnection::prepared_name(std::string_view sql) {
    std::string text(sql);
    if (auto found = prepared_.find(text); found != prepared_.end()) return found->second;
    if (prepared_.size() >= prepared_max) return std::string();
    std::string name = "t" + std::to_string(prepared_.size());
    if (PQsendPrepare(connection_, name.c_str(), text.c_str(), 0, nullptr) == 0) {
        return lost(one_line(PQerrorMessage(connection_)));
    }
    TRY_VOID(flush());
    auto done = drain();
    if (!done.ok()) return done.error();
    prepared_.emplace(std::move(text), name);
    return name;
}

base::Result<void> PostgresConnection::send(std::string_view sql,
                                            std::span<const Parameter> parameters) {
    trouble_ = PostgresTrouble::none;
    const TextParameters texts(parameters);
    TRY(const std::string name, prepared_name(sql));
    const int sent =
        name.empty() ? PQsendQueryParams(connection_, std::string(sql).c_str(), texts.count(),
                                         nullptr, texts.data(), nullptr, nullptr, 0)
                     : PQsendQueryPrepared(connection_, name.c_str(), texts.count(), texts.data(),
                                           nullptr, nullptr, 0);
    if (sent == 0) return lost(one_line(PQerrorMessage(connection_)));
    return {};
}

base::Result<std::int64_t> PostgresConnection::execute(std::string_view sql,
                                                       std::span<const Parameter> parameters) {
    TRY_VOID(send(sql, parameters));
    TRY_VOID(flush());
    return drain();
}

base::Result<void> PostgresConnection::each(
    std::string_view sql, std::span<const Parameter> parameters,
    const std::function<base::Result<void>(const Row&)>& use) {
    TRY_VOID(send(sql, parameters));
    if (PQsetSingleRowMode(connection_) == 0) return lost("rows cannot be had one by one");
    TRY_VOID(flush());
    base::Result<void> outcome;
    while (true) {
        TRY(const ResultPointer result, next_result());
        if (!result) return outcome;
        const ExecStatusType status = PQresultStatus(result.get());
        if (status == PGRES_SINGLE_TUPLE && outcome.ok()) {
            outcome = use(PostgresRow(result.get(), 0));
            if (!outcome.ok() && !cancel_rest()) return outcome;
        } else if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK &&
                   status != PGRES_COMMAND_OK && outcome.ok()) {
            outcome = statement_failure(result.get());
        }
    }
}

// The rows still to come are not wanted. False when that could not be said: the connection is lost.
bool PostgresConnection::cancel_rest() {
    std::array<char, 256> problem{};
    const std::unique_ptr<PGcancel, void (*)(PGcancel*)> handle(PQgetCancel(connection_),
                                                                PQfreeCancel);
    if (handle && PQcancel(handle.get(), problem.data(), static_cast<int>(problem.size())) == 1) {
        return true;
    }
    trouble_ = PostgresTrouble::lost;
    return false;
}

base::Result<void> PostgresConnection::script(std::string_view sql, bool patient) {
    trouble_ = PostgresTrouble::none;
    if (PQsendQuery(connection_, std::string(sql).c_str()) == 0) {
        return lost(one_line(PQerrorMessage(connection_)));
    }
    TRY_VOID(flush());
    patient_ = patient;
    const auto done = drain();
    patient_ = false;
    if (!done.ok()) return done.error();
    return {};
}

std::string PostgresConnection::literal(std::string_view text) {
    const std::string plain = plain_text(text);
    char* quoted = PQescapeLiteral(connection_, plain.data(), plain.size());
    std::string copy = quoted == nullptr ? "''" : quoted;
    PQfreemem(quoted);
    return copy;
}

base::Result<void> PostgresConnection::begin(const Access& access, bool write) {
    std::string sql = write ? "BEGIN" : "BEGIN READ ONLY";
    if (has_role_ && !access.owner) sql += "; SET LOCAL ROLE tollgate_app";
    sql += "; SELECT set_config('app.tenant', " + literal(access.tenant) +
           ", true), set_config('app.current_user_id', " + literal(access.user) +
           ", true), set_config('app.platform', '" + (access.platform ? "on" : "off") +
           "', true), set_config('app.users_keys', '" + (access.users_keys ? "on" : "off") +
           "', true)";
    return script(sql, false);
}

base::Result<void> PostgresConnection::wait_for_notices(std::chrono::milliseconds patience,
                                                       const TakeNotice& take) {
    trouble_ = PostgresTrouble::none;
    const auto until = Clock::now() + patience;
    while (true) {
        if (PQconsumeInput(connection_) == 0) return lost(one_line(PQerrorMessage(connection_)));
        bool any = false;
        while (PGnotify* notice = PQnotifies(connection_)) {
            take(notice->relname, notice->extra);
            PQfreemem(notice);
            any = true;
        }
        if (any) return {};
        const Waited waited = wait(POLLIN, until);
        if (waited == Waited::timeout) return {};
        if (waited == Waited::stopped) return lost("the gateway is stopping");
    }
}

}  // namespace tollgate::store
