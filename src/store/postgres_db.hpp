// PostgreSQL 15 or later as a Db: a bounded pool of connections, made when they are needed and made
// anew when the server comes back; TLS as the URL says (sslmode, sslrootcert, ...). Thread-safe.
// Included by app and assembly alone.
#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "store/db.hpp"
#include "store/store_metrics.hpp"

namespace tollgate::store {

struct PostgresOptions {
    std::string url;                                    // postgres://user:password@host/name?...
    std::size_t connections = 8;                        // at most; also threads for run()
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds answer_timeout{120000};   // without a byte of an answer
    std::chrono::milliseconds patience{3000};           // for a server that is away
    std::chrono::milliseconds look_every{30000};        // at the change counter, notice or none
    StoreMetrics* metrics = nullptr;                    // must outlive the Db
};

// Does not connect yet: a gateway starts without its database too. Fails: invalid_request when the
// URL is malformed.
base::Result<std::unique_ptr<Db>> open_postgres(const PostgresOptions& options);

}  // namespace tollgate::store
