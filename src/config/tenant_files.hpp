// tenants/*.yaml: one tenant per file, with its key and what it may use. One load, one thread.
#pragma once
#include "config/reader.hpp"

namespace tollgate::config {

// The tenant of one file, or of a mapping with the tenant's name above it (`named`). Complains
// about what is missing or wrong; nullopt when nothing is usable.
std::optional<TenantConfig> read_tenant(Session& session, const Node& node,
                                        std::string_view named = {});

// Ids that stand twice, keys that two tenants share.
void check_tenants(std::vector<Problem>& problems, const std::vector<TenantConfig>& tenants);

}  // namespace tollgate::config
