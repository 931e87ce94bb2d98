// An experiment as administration keeps it in the database. Values.
#pragma once
#include <cstdint>
#include <string>

#include "domain/money.hpp"
#include "domain/routing.hpp"
#include "domain/tenancy.hpp"

namespace tollgate::domain {

// What rows of the database say as their origin, beside those of files.
inline constexpr const char* origin_database = "database";

struct ExperimentRow {
    ExperimentSpec spec;   // its id is a UUID; the origin is origin_database
    std::string promoted;  // the arm whose model the names lead to since then, "" : none
    UnixMicros created = 0, updated = 0;
    std::uint64_t etag = 1;
};

}  // namespace tollgate::domain
