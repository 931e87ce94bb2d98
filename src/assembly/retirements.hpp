// Models that their providers switch off, or did, by what the catalog says of them: told to people
// before requests find out.
#pragma once
#include <cstdint>
#include <vector>

#include "config/catalog.hpp"
#include "config/config.hpp"
#include "config/load.hpp"
#include "gateway/snapshot.hpp"

namespace tollgate::assembly {

// Appends a notice for each entry of model_list, and each first model of a task's row that is
// served here, that ends within 60 days, and a warning for each that has ended. Pure but for making
// the endpoints of the rows' models. REQUIRES: names and tasks of the snapshot are there.
void tell_retirements(const config::Config& config, const config::Catalog& catalog,
                      const gateway::Snapshot& snapshot, std::int64_t unix_now,
                      std::vector<config::Problem>& problems);

}  // namespace tollgate::assembly
