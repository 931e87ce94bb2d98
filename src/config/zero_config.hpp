// What `tollgate serve` offers without a configuration file: the catalog's models of every provider
// whose variables are set, Claude's tiers mapped to them; with none, the echo provider (demo mode).
#pragma once
#include "config/catalog.hpp"
#include "config/load.hpp"

namespace tollgate::config {

// Pure but for secret files named by NAME_FILE variables.
Config zero_config(const Environment& environment, const Catalog& catalog);

}  // namespace tollgate::config
