// The names of constraints, which SQLite does not tell when one is broken: it names the columns.
#pragma once
#include <sqlite3.h>

#include <string>

namespace tollgate::store {

// For "users.tenant_id, users.external_id" the name of the unique index or constraint over these
// columns, for a primary key "<table>_pkey" as on PostgreSQL; the columns when there is none.
// The connection's thread; reads the schema.
std::string unique_constraint_name(sqlite3* db, const std::string& columns);

}  // namespace tollgate::store
