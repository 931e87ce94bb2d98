#include "store/store_metrics.hpp"

namespace tollgate::store {
namespace {

constexpr std::array<double, 12> store_seconds_bounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                         0.05,   0.1,   0.25,   1,     5,    30};

base::Histogram& seconds(base::Registry& registry, std::string_view access) {
    return registry
        .histogram("tollgate_store_seconds", "Transactions of the database, with the wait for it.",
                   {"access"}, store_seconds_bounds)
        .with({access});
}

}  // namespace

StoreMetrics::StoreMetrics(base::Registry& registry)
    : read_seconds(seconds(registry, "read")),
      write_seconds(seconds(registry, "write")),
      failures(registry
                   .counter("tollgate_store_failures_total",
                            "Transactions that the database could not do.")
                   .with({})),
      retries(registry
                  .counter("tollgate_store_retries_total",
                           "Transactions begun again after a lost connection or a deadlock.")
                  .with({})),
      connects(registry
                   .counter("tollgate_store_connects_total", "Connections made to the database.")
                   .with({})),
      waiting(registry
                  .gauge("tollgate_store_waiting",
                         "Calls that wait for one of the store's threads.")
                  .with({})) {}

}  // namespace tollgate::store
