// Notices that something administrative has changed, so that every instance reads it anew.
// Blocking, inside the transaction of the change itself; Db::watch_changes is the other side.
#pragma once
#include <cstdint>

#include "base/result.hpp"
#include "store/db.hpp"

namespace tollgate::store {

// The channel of PostgreSQL's NOTIFY.
constexpr const char* changes_channel = "tollgate_changes";

// Raises the change counter; with the commit all instances are told. Mutations of several
// transactions wait for each other here, so it comes last in a transaction.
base::Result<void> bump(Session& session);
// The counter as it stands.
base::Result<std::int64_t> changes_version(Session& session);

}  // namespace tollgate::store
