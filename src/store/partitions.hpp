// The months of usage: on PostgreSQL each has partitions of its own (llm_usage_logs_2026_11), which
// are made ahead and dropped when nobody keeps them any more. Months are those of UTC. Blocking. On
// SQLite, which has no partitions, everything here does nothing and gives 0.
#pragma once
#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "store/db.hpp"

namespace tollgate::store {

struct UsageMonth {
    std::string name;                // "2026_11"
    std::int64_t first_at = 0;       // Unix microseconds
    std::int64_t end_at = 0;         // of the next month
};
UsageMonth month_of(std::int64_t at);

// Makes the partitions of the month of `at`, where they are missing. A month of which rows arrived
// before stays in the default partition. Gives how many were made. Any Access will do.
base::Result<std::int64_t> ensure_partitions(Session& session, std::int64_t at);
// Of this month and the `ahead` next ones: at start, and daily.
base::Result<std::int64_t> ensure_partitions_ahead(Session& session, std::int64_t now,
                                                   int ahead = 2);
// Drops the partitions of the month of `at` with all their rows, of every tenant.
base::Result<std::int64_t> drop_partitions(Session& session, std::int64_t at);

}  // namespace tollgate::store
