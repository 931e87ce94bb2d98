// Reports of usage: sums over a range by any dimension with their course, the top of each, rates of
// errors and fallbacks, percentiles of times. Blocking functions inside Db::transact (store
// threads); money is nano-dollars, times Unix microseconds, days are those of UTC. What they answer
// besides the store's errors: invalid_request naming the field of the query.
#pragma once
#include <string>
#include <vector>

#include "base/result.hpp"
#include "store/usage.hpp"

namespace tollgate::accounting {

struct UsageReportQuery {
    store::UsageFilter filter;  // `from` and `to` both set
    store::UsageStep step = store::UsageStep::day;
    std::vector<store::UsageDimension> by;  // at most 3
    bool by_tag = false;                    // instead of `by`; steps day and month only
    std::size_t top = 10;                   // entries of each top list, at most top_max
    // For a chart by one dimension or tag: its so many dearest values, and all others together as
    // store::usage_other. 0: every value.
    std::size_t series_top = 0;
};
constexpr std::size_t top_max = 100;

struct NamedSums {
    std::string name;
    store::UsageSums sums;
};

struct Percentiles {
    std::int64_t requests = 0;
    std::int64_t p50_us = 0, p90_us = 0, p95_us = 0, p99_us = 0;
};
Percentiles percentiles_of(const store::LatencyCounts& counts);

struct LatencyReport {
    std::string provider, model;  // "" : of all
    Percentiles total, first_token;
};

struct UsageReport {
    std::int64_t from = 0, to = 0;
    std::vector<std::string> dimensions;  // of the values of the points below
    store::UsageSums total;
    std::vector<store::UsagePoint> series;  // by start, then by values
    std::vector<store::UsagePoint> groups;  // over the whole range, dearest first
    std::vector<NamedSums> top_models, top_providers, top_users, top_keys, top_tags;
    // Of all, then of each model. Empty where the filter asks for more than times tell (a user).
    std::vector<LatencyReport> latency;
};
base::Result<UsageReport> usage_report(store::Session& session, const store::Access& access,
                                       const UsageReportQuery& query);
void append_json(std::string& out, const UsageReport& report);

// What GET /api/v1/llm/usage answers.
struct ProviderUsage {
    std::string provider;
    store::UsageSums sums;
    std::int64_t unique_users = 0;
};
struct UsageOverview {
    std::int64_t period_days = 0;
    store::UsageSums total;
    std::vector<ProviderUsage> providers;   // dearest first; requests no provider saw are left out
    std::vector<store::UsagePoint> series;  // by day
    std::string group_by = "day";           // else `groups` are by it
    std::vector<store::UsagePoint> groups;  // dearest first
    std::size_t top = 0;                    // else `groups` are so many, and store::usage_other
    std::vector<store::UsagePoint> group_series;  // with `top`: those by day
};
// `group_by`: day, tag, or a dimension. `top`: at most top_max; 0: every value, and no series of
// the groups. Not 0 with group_by day: invalid_request.
base::Result<UsageOverview> usage_overview(store::Session& session, const store::Access& access,
                                           const store::UsageFilter& filter,
                                           std::string_view group_by, std::size_t top = 0);
void append_json(std::string& out, const UsageOverview& overview);

// Whether `filter` asks only for what the sums by day and tag, and the times, can tell.
bool only_time_and_tenant(const store::UsageFilter& filter);
// Dearest first, then most requests, then by name.
void sort_dearest_first(std::vector<store::UsagePoint>& points);

}  // namespace tollgate::accounting
