#include "store/postgres_error.hpp"

namespace tollgate::store {
namespace {

using base::ErrorCode;

PostgresFailure failure(ErrorCode code, std::string message,
                        PostgresTrouble trouble = PostgresTrouble::statement) {
    return {base::Error{code, std::move(message)}, trouble};
}

}  // namespace

PostgresFailure postgres_failure(std::string_view state, std::string message,
                                 std::string constraint) {
    const std::string_view group = state.substr(0, 2);
    if (state == "40001" || state == "40P01") {
        return failure(ErrorCode::unavailable, std::move(message), PostgresTrouble::again);
    }
    // Unique, foreign key, check.
    if (state == "23505" || state == "23503" || state == "23514") {
        return {base::invalid(std::move(message), std::move(constraint))};
    }
    if (group == "22") return {base::invalid(std::move(message))};  // a value does not fit
    if (state == "42501") return failure(ErrorCode::permission, std::move(message));
    // Another process has changed the tables: a new connection prepares anew.
    const bool stale_plan = state == "0A000" && message.find("cached plan") != std::string::npos;
    // Written to a server that only reads: it has become a standby, or never was anything else.
    const bool standby = state == "25006";
    // 08: connection, 57P: shutting down or starting up.
    if (group == "08" || state.starts_with("57P") || stale_plan || standby) {
        return failure(ErrorCode::unavailable, std::move(message), PostgresTrouble::lost);
    }
    if (state == "57014") return failure(ErrorCode::timeout, std::move(message));
    // 53: out of disk, memory or connections; 55P03: a lock was not to be had.
    if (group == "53" || state == "55P03") {
        return failure(ErrorCode::unavailable, std::move(message));
    }
    return failure(ErrorCode::internal, "the database: " + message);
}

}  // namespace tollgate::store
