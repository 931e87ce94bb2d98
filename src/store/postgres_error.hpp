// What a PostgreSQL error means to us, by its SQLSTATE. Pure; any thread.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "store/postgres_connection.hpp"

namespace tollgate::store {

struct PostgresFailure {
    base::Error error;
    PostgresTrouble trouble = PostgresTrouble::statement;
};
// `constraint` is the name of what was broken, "" for none.
PostgresFailure postgres_failure(std::string_view state, std::string message,
                                 std::string constraint);

}  // namespace tollgate::store
