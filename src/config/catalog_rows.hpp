// One row of a catalog file; private to the catalog.
#pragma once
#include "config/catalog.hpp"
#include "config/reader.hpp"

namespace tollgate::config {

domain::ProviderTraits read_provider_row(Session& session, const Member& member);
domain::ModelTraits read_model_row(Session& session, const Node& node, const std::string& path);
void read_beta_rules(Session& session, const Node& features, const Node& targets,
                     std::vector<BetaRule>& out);

}  // namespace tollgate::config
