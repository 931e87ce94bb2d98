// Metrics as text for Prometheus to fetch: exposition format 0.0.4. Pure; any thread.
#pragma once
#include <string>
#include <string_view>

#include "base/metrics.hpp"

namespace tollgate::telemetry {

constexpr std::string_view prometheus_content_type = "text/plain; version=0.0.4; charset=utf-8";

// Every family with HELP and TYPE, also those without a series yet (so that dashboards and tests
// see the name). Histograms have cumulative buckets, sum and count.
std::string write_text(const base::Registry& registry);

}  // namespace tollgate::telemetry
