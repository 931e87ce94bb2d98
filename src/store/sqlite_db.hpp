// SQLite as a Db: one file in the data directory, its write-ahead log on, one connection that
// writes and a few that read, so that readers and the writer never wait for each other.
// Thread-safe. Included by app and assembly alone.
#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "store/db.hpp"
#include "store/store_metrics.hpp"

namespace tollgate::store {

struct SqliteOptions {
    std::string path;                               // made with mode 0600 when it is missing
    std::size_t readers = 3;                        // connections, and threads for run()
    std::chrono::milliseconds busy_timeout{5000};   // for another process that writes
    std::chrono::milliseconds look_every{500};      // whether something has changed
    std::chrono::milliseconds look_anyway{30000};   // at the change counter itself
    StoreMetrics* metrics = nullptr;                // must outlive the Db
};

// Opens or makes the file. The tables are made by migrate(). Fails: unavailable naming the file and
// what to do about it; invalid_request when the path names no file.
base::Result<std::unique_ptr<Db>> open_sqlite(const SqliteOptions& options);

}  // namespace tollgate::store
