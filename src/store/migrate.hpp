// Brings the tables of a database to what this binary knows, at start and by `tollgate migrate`.
// The migrations are src/store/migrations/NNNN_name.<sqlite|postgres>.sql, inside the binary; each
// is applied once, in order, and remembered with its checksum in schema_migrations. Blocking.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "store/db.hpp"

namespace tollgate::store {

struct Migration {
    int number = 0;         // ascending, from 1
    std::string_view name;  // "tenancy"
    std::string_view sqlite, postgres;  // "" : nothing to do there
};

// Those of this binary.
std::span<const Migration> built_in_migrations();

// Applies what is missing, all of it or nothing, in one transaction: two instances that start at
// once apply it once, the second waits. Gives the names of what was applied ("0001_tenancy"), in
// order. Fails: invalid_request when the database is newer than the binary, or holds a migration
// that reads otherwise here; unavailable; what the database says to the migration's SQL.
base::Result<std::vector<std::string>> migrate(
    Db& db, std::span<const Migration> migrations = built_in_migrations());

// What migrate() would apply. Changes nothing. Fails as migrate().
base::Result<std::vector<std::string>> pending_migrations(
    Db& db, std::span<const Migration> migrations = built_in_migrations());

}  // namespace tollgate::store
