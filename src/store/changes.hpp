// Notices that something administrative has changed, so that every instance reads it anew.
// Blocking, inside the transaction of the change itself; Db::watch_changes is the other side.
#pragma once
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "store/db.hpp"

namespace tollgate::store {

// The channel of PostgreSQL's NOTIFY.
constexpr const char* changes_channel = "tollgate_changes";
// The channel of what instances tell each other in passing (Db::watch_changes, `heard`).
constexpr const char* news_channel = "tollgate_news";

// Tells all instances a text of at most 7,000 bytes, with the commit. On SQLite there are no
// others.
base::Result<void> tell_instances(Session& session, std::string_view text);

// Raises the change counter; with the commit all instances are told. Mutations of several
// transactions wait for each other here, so it comes last in a transaction.
base::Result<void> bump(Session& session);
// The counter as it stands.
base::Result<std::int64_t> changes_version(Session& session);

}  // namespace tollgate::store
