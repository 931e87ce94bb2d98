// One connection to a PostgreSQL server, with its prepared statements. Used by one thread at a
// time; every wait has an end, and all waits end at once when the store stops. Blocking.
#pragma once
#include <libpq-fe.h>

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.hpp"
#include "store/db.hpp"

namespace tollgate::store {

struct ConnectionSettings {
    std::string url;
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds answer_timeout{120000};  // without a byte from the server
    int stop_fd = -1;                                   // readable: give up
};

// What became of the connection with the last failure.
enum class PostgresTrouble : std::uint8_t {
    none,
    statement,  // the statement's fault
    again,      // a serialization failure or a deadlock: the transaction may be tried again
    lost,       // the connection is of no more use
};

class PostgresConnection {
public:
    // Fails: unavailable naming the server, never its password; invalid_request for a bad URL.
    static base::Result<std::unique_ptr<PostgresConnection>> open(
        const ConnectionSettings& settings);
    ~PostgresConnection();
    PostgresConnection(const PostgresConnection&) = delete;
    PostgresConnection& operator=(const PostgresConnection&) = delete;

    base::Result<std::int64_t> execute(std::string_view sql, std::span<const Parameter> parameters);
    base::Result<void> each(std::string_view sql, std::span<const Parameter> parameters,
                            const std::function<base::Result<void>(const Row&)>& use);
    // Statements without parameters. `patient`: however long they take (migrations).
    base::Result<void> script(std::string_view sql, bool patient = true);

    // BEGIN with the settings that row-level security reads, in one round trip.
    base::Result<void> begin(const Access& access, bool write);

    PostgresTrouble trouble() const { return trouble_; }
    // Idle, outside any transaction.
    bool reusable() const;
    // Waits for notices on the channels listened to and hands over those that have come; none when
    // there were none in time.
    using TakeNotice = std::function<void(std::string_view channel, std::string_view payload)>;
    base::Result<void> wait_for_notices(std::chrono::milliseconds patience, const TakeNotice& take);

private:
    enum class Waited : std::uint8_t { ready, timeout, stopped };
    using ResultPointer = std::unique_ptr<PGresult, void (*)(PGresult*)>;

    explicit PostgresConnection(const ConnectionSettings& settings) : settings_(settings) {}
    base::Result<void> connect();
    base::Result<void> set_up();
    base::Result<void> send(std::string_view sql, std::span<const Parameter> parameters);
    base::Result<std::string> prepared_name(std::string_view sql);
    base::Result<void> flush();
    // The next result of what was sent; null at its end.
    base::Result<ResultPointer> next_result();
    // Reads all results, and gives the first failure and how many rows there were.
    base::Result<std::int64_t> drain();
    bool cancel_rest();
    Waited wait(short events, std::chrono::steady_clock::time_point until);
    base::Error lost(const std::string& why);
    base::Error statement_failure(const PGresult* result);
    std::string literal(std::string_view text);

    ConnectionSettings settings_;
    PGconn* connection_ = nullptr;
    std::string server_;  // "db.example:5432", for messages
    std::unordered_map<std::string, std::string> prepared_;  // SQL to name
    bool has_role_ = false;
    bool patient_ = false;
    PostgresTrouble trouble_ = PostgresTrouble::none;
};

}  // namespace tollgate::store
