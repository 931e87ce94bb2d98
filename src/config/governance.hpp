// Readers of the sections on stores, money and limits whose shape needs code of its own.
// One load, one thread.
#pragma once
#include <vector>

#include "config/reader.hpp"

namespace tollgate::config {

// The members of `tiers` that are mappings: tiers of limits by name. Complains about others.
void read_limit_tiers(Session& session, Reader& tiers, std::vector<LimitTier>& out);
// `billing`, and `cost_tracking.alert_thresholds` of other gateways' files.
void read_billing(Session& session, Reader& reader, Config& config);
// `health_check`, other gateways' `checks` in it too.
void read_health_check(Session& session, Reader& reader, HealthCheckConfig& out);
// What general_settings and router_settings say of stores, where `stores` says nothing.
void merge_into_stores(Config& config);
// What LiteLLM's sections say of a cache, where `cache` says nothing.
void merge_into_cache(const LitellmSettings& settings, Config& config);
// What other gateways' files say of checks of providers, where `health_check` says nothing.
void merge_into_health_check(Config& config);

}  // namespace tollgate::config
