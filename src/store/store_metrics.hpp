// What a store counts. Looked up once; any thread. The registry must outlive it.
#pragma once
#include "base/metrics.hpp"

namespace tollgate::store {

struct StoreMetrics {
    explicit StoreMetrics(base::Registry& registry);
    base::Histogram& read_seconds;   // of transactions, with waiting for a connection
    base::Histogram& write_seconds;
    base::Counter& failures;         // transactions that gave unavailable, timeout or internal
    base::Counter& retries;          // of lost connections, serialization failures and deadlocks
    base::Counter& connects;         // connections made
    base::Gauge& waiting;            // calls of run() that no thread has taken yet
};

}  // namespace tollgate::store
