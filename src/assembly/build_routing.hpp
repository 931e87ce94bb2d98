// What routing decides by, from the configuration and the tasks that ship: rules compiled, every
// name in them checked, tasks joined, levels and strategies taken over.
#pragma once
#include <vector>

#include "config/catalog.hpp"
#include "config/config.hpp"
#include "config/load.hpp"
#include "domain/routing.hpp"
#include "gateway/routing_tables.hpp"
#include "routing/names.hpp"

namespace tollgate::assembly {

struct RoutingSources {
    const config::Config& config;
    const config::Catalog& catalog;  // its tasks, and which providers there are
    const routing::Names& names;     // of the snapshot being built
    // Of the database, in order; behind those of the file of the same tenant.
    std::vector<domain::RoutingRule> stored = {};
    bool with_database = false;  // `config` has what the database adds: experiments among it
};

// Fills all of `tables` but its indexes of endpoints. A rule that cannot be used is left out and
// told of: as an error when it is the configuration's, as a warning when it is the database's or
// only wants for a provider's key here. A rule that names an experiment which is in neither is
// kept, with a warning: the experiment may be made while the gateway serves. Reads time zones:
// blocking.
void build_routing(const RoutingSources& sources, gateway::RoutingTables& tables,
                   std::vector<config::Problem>& problems);

}  // namespace tollgate::assembly
