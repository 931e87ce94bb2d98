#include "accounting/reports.hpp"

#include <algorithm>
#include <map>

#include "accounting/report_text.hpp"
#include "store/usage_queries.hpp"

namespace tollgate::accounting {
namespace {

using store::UsageDimension;
using store::UsagePoint;
using store::UsageQuery;
using store::UsageStep;
using store::UsageSums;

UsageSums total_of(const std::vector<UsagePoint>& points) {
    UsageSums total;
    for (const UsagePoint& point : points) total.add(point.sums);
    return total;
}

// The points of all steps as one each, dearest first.
std::vector<UsagePoint> merged(const std::vector<UsagePoint>& series) {
    std::map<std::vector<std::string>, UsageSums> found;
    for (const UsagePoint& point : series) found[point.values].add(point.sums);
    std::vector<UsagePoint> points;
    for (auto& [values, sums] : found) points.push_back({0, values, sums});
    sort_dearest_first(points);
    const auto is_rest = [](const UsagePoint& point) {
        return point.values == std::vector{std::string(store::usage_other)};
    };
    std::vector<UsagePoint> rest;
    std::copy_if(points.begin(), points.end(), std::back_inserter(rest), is_rest);
    std::erase_if(points, is_rest);
    points.insert(points.end(), rest.begin(), rest.end());
    return points;
}

// The course of tags, all but the `top` dearest as one.
std::vector<UsagePoint> folded(const std::vector<UsagePoint>& series, std::size_t top) {
    std::vector<UsagePoint> kept = merged(series);
    if (kept.size() <= top) return series;
    kept.resize(top);
    std::map<std::pair<std::int64_t, std::string>, UsageSums> found;
    for (const UsagePoint& point : series) {
        const bool stays = std::ranges::any_of(
            kept, [&](const UsagePoint& one) { return one.values == point.values; });
        found[{point.start, stays ? point.values[0] : std::string(store::usage_other)}].add(
            point.sums);
    }
    std::vector<UsagePoint> points;
    for (const auto& [key, sums] : found) points.push_back({key.first, {key.second}, sums});
    return points;
}

base::Result<std::vector<NamedSums>> top_of(store::Session& session, const store::Access& access,
                                            const UsageReportQuery& query,
                                            UsageDimension dimension) {
    TRY(std::vector<UsagePoint> points,
        store::usage_series(session, access, {query.filter, UsageStep::whole, {dimension}}));
    std::erase_if(points, [](const UsagePoint& point) { return point.values[0].empty(); });
    sort_dearest_first(points);
    std::vector<NamedSums> top;
    for (const UsagePoint& point : points) {
        if (top.size() == std::min(query.top, top_max)) break;
        top.push_back({point.values[0], point.sums});
    }
    return top;
}

base::Result<std::vector<NamedSums>> top_tags(store::Session& session, const store::Access& access,
                                              const UsageReportQuery& query) {
    TRY(std::vector<UsagePoint> points,
        store::usage_by_tag(session, access, query.filter, UsageStep::whole));
    sort_dearest_first(points);
    std::vector<NamedSums> top;
    for (const UsagePoint& point : points) {
        if (top.size() == std::min(query.top, top_max)) break;
        top.push_back({point.values[0], point.sums});
    }
    return top;
}

base::Result<std::vector<LatencyReport>> latency_of(store::Session& session,
                                                    const store::Access& access,
                                                    const store::UsageFilter& filter) {
    using store::LatencyKind;
    TRY(auto totals, store::usage_latency(session, access, filter, LatencyKind::total, true));
    TRY(auto firsts, store::usage_latency(session, access, filter, LatencyKind::first_token, true));
    for (auto* rows : {&totals, &firsts}) {
        store::LatencyRow all;
        for (const store::LatencyRow& row : *rows) {
            for (std::size_t i = 0; i < all.counts.size(); ++i) all.counts[i] += row.counts[i];
        }
        rows->insert(rows->begin(), all);
    }
    std::vector<LatencyReport> reports;
    for (const store::LatencyRow& row : totals) {
        LatencyReport report{row.provider, row.model, percentiles_of(row.counts), {}};
        for (const store::LatencyRow& first : firsts) {
            if (first.provider == row.provider && first.model == row.model) {
                report.first_token = percentiles_of(first.counts);
            }
        }
        if (report.total.requests > 0) reports.push_back(std::move(report));
    }
    return reports;
}

base::Result<void> check(const UsageReportQuery& query) {
    if (query.filter.from <= 0 || query.filter.to <= query.filter.from) {
        return base::invalid("from, to: a report needs a range, `from` before `to`", "from");
    }
    if (query.by.size() > 3) {
        return base::invalid("by: at most three dimensions at a time", "by");
    }
    if (query.series_top > 0 && query.by.size() + (query.by_tag ? 1 : 0) != 1) {
        return base::invalid("series_top: the dearest values are of one dimension; group by one",
                             "series_top");
    }
    if (!query.by_tag) return {};
    if (!query.by.empty()) return base::invalid("by: tag stands alone", "by");
    if (!only_time_and_tenant(query.filter)) {
        return base::invalid("by: tags are summed for whole tenants; remove the other filters",
                             "by");
    }
    if (query.step == UsageStep::hour) {
        return base::invalid("step: tags are summed by day; use day or month", "step");
    }
    return {};
}

void write_percentiles(json::Writer& writer, std::string_view name, const Percentiles& times) {
    constexpr std::int64_t micros_per_ms = 1'000;
    writer.key(name)
        .begin_object()
        .integer("requests", times.requests)
        .integer("p50_ms", times.p50_us / micros_per_ms)
        .integer("p90_ms", times.p90_us / micros_per_ms)
        .integer("p95_ms", times.p95_us / micros_per_ms)
        .integer("p99_ms", times.p99_us / micros_per_ms)
        .end_object();
}

void write_points(json::Writer& writer, std::string_view name,
                  const std::vector<std::string>& dimensions, const std::vector<UsagePoint>& points,
                  bool with_start) {
    writer.key(name).begin_array();
    for (const UsagePoint& point : points) {
        writer.begin_object();
        if (with_start) writer.string("start", time_text(point.start));
        for (std::size_t i = 0; i < dimensions.size() && i < point.values.size(); ++i) {
            writer.string(dimensions[i], point.values[i]);
        }
        write_sums(writer, point.sums);
        writer.end_object();
    }
    writer.end_array();
}

void write_top(json::Writer& writer, std::string_view name, const std::vector<NamedSums>& top) {
    writer.key(name).begin_array();
    for (const NamedSums& one : top) {
        writer.begin_object().string("name", one.name);
        write_sums(writer, one.sums);
        writer.end_object();
    }
    writer.end_array();
}

// requests, tokens, cost: what the interface's overview says of everything.
void write_brief(json::Writer& writer, const UsageSums& sums) {
    writer.integer("requests", sums.requests).integer("tokens", tokens_of(sums));
    write_money(writer, "cost", sums.cost);
}

}  // namespace

bool only_time_and_tenant(const store::UsageFilter& f) {
    return f.team.empty() && f.user.empty() && f.key.empty() && f.provider.empty() &&
           f.model.empty() && f.alias.empty() && f.project.empty() && f.power_level.empty() &&
           f.rule.empty() && f.protocol.empty() && f.tag.empty() && f.session_id.empty() &&
           f.error_class.empty() && f.status_class == 0 && !f.errors_only;
}

void sort_dearest_first(std::vector<UsagePoint>& points) {
    std::sort(points.begin(), points.end(), [](const UsagePoint& a, const UsagePoint& b) {
        if (a.sums.cost != b.sums.cost) return a.sums.cost > b.sums.cost;
        if (a.sums.requests != b.sums.requests) return a.sums.requests > b.sums.requests;
        return a.values < b.values;
    });
}

Percentiles percentiles_of(const store::LatencyCounts& counts) {
    Percentiles times;
    for (const std::int64_t count : counts) times.requests += count;
    times.p50_us = store::latency_percentile_us(counts, 50);
    times.p90_us = store::latency_percentile_us(counts, 90);
    times.p95_us = store::latency_percentile_us(counts, 95);
    times.p99_us = store::latency_percentile_us(counts, 99);
    return times;
}

base::Result<UsageReport> usage_report(store::Session& session, const store::Access& access,
                                       const UsageReportQuery& query) {
    TRY_VOID(check(query));
    UsageReport report;
    report.from = query.filter.from;
    report.to = query.filter.to;
    const UsageQuery whole{query.filter, UsageStep::whole, {}};
    TRY(const std::vector<UsagePoint> totals, store::usage_series(session, access, whole));
    report.total = total_of(totals);
    if (query.by_tag) {
        report.dimensions = {"tag"};
        TRY(report.series, store::usage_by_tag(session, access, query.filter, query.step));
        if (query.series_top > 0) report.series = folded(report.series, query.series_top);
    } else {
        for (const UsageDimension one : query.by) report.dimensions.push_back(to_string(one));
        const UsageQuery course{query.filter, query.step, query.by};
        TRY(report.series,
            query.series_top > 0
                ? store::usage_series_top(session, access, course, query.series_top)
                : store::usage_series(session, access, course));
    }
    if (!report.dimensions.empty()) report.groups = merged(report.series);
    TRY(report.top_models, top_of(session, access, query, UsageDimension::model));
    TRY(report.top_providers, top_of(session, access, query, UsageDimension::provider));
    TRY(report.top_users, top_of(session, access, query, UsageDimension::user));
    TRY(report.top_keys, top_of(session, access, query, UsageDimension::key));
    if (only_time_and_tenant(query.filter)) {
        TRY(report.top_tags, top_tags(session, access, query));
        TRY(report.latency, latency_of(session, access, query.filter));
    }
    return report;
}

void append_json(std::string& out, const UsageReport& report) {
    json::Writer writer(out);
    writer.begin_object()
        .string("from", time_text(report.from))
        .string("to", time_text(report.to))
        .key("total")
        .begin_object();
    write_sums(writer, report.total);
    writer.end_object();
    write_points(writer, "series", report.dimensions, report.series, true);
    write_points(writer, "groups", report.dimensions, report.groups, false);
    writer.key("top").begin_object();
    write_top(writer, "models", report.top_models);
    write_top(writer, "providers", report.top_providers);
    write_top(writer, "users", report.top_users);
    write_top(writer, "keys", report.top_keys);
    write_top(writer, "tags", report.top_tags);
    writer.end_object().key("latency").begin_array();
    for (const LatencyReport& row : report.latency) {
        writer.begin_object().string("provider", row.provider).string("model", row.model);
        write_percentiles(writer, "total", row.total);
        write_percentiles(writer, "first_token", row.first_token);
        writer.end_object();
    }
    writer.end_array().end_object();
}

base::Result<UsageOverview> usage_overview(store::Session& session, const store::Access& access,
                                           const store::UsageFilter& filter,
                                           std::string_view group_by, std::size_t top) {
    if (top > 0 && group_by == "day") {
        return base::invalid("top: group_by says whose dearest; day has none", "top");
    }
    UsageOverview overview;
    overview.group_by = group_by;
    overview.top = top;
    overview.period_days = (filter.to - filter.from + micros_per_day - 1) / micros_per_day;
    const UsageQuery days{filter, UsageStep::day, {}};
    TRY(overview.series, store::usage_series(session, access, days));
    overview.total = total_of(overview.series);
    const UsageQuery by_provider{filter, UsageStep::whole, {UsageDimension::provider}};
    TRY(std::vector<UsagePoint> providers, store::usage_series(session, access, by_provider));
    TRY(const auto users, store::users_by_provider(session, access, filter));
    sort_dearest_first(providers);
    for (const UsagePoint& point : providers) {
        if (point.values[0].empty()) continue;
        const auto found = users.find(point.values[0]);
        overview.providers.push_back(
            {point.values[0], point.sums, found == users.end() ? 0 : found->second});
    }
    const UsageStep step = top > 0 ? UsageStep::day : UsageStep::whole;
    if (group_by == "tag") {
        TRY(overview.groups, store::usage_by_tag(session, access, filter, step));
        if (top > 0) overview.groups = folded(overview.groups, top);
    } else if (group_by != "day") {
        const auto dimension = store::usage_dimension_of(group_by);
        if (!dimension || *dimension == UsageDimension::none) {
            return base::invalid("group_by: '" + std::string(group_by) +
                                     "' is none of day, model, provider, tenant, team, user, key, "
                                     "tag, project, alias, power_level, rule, status_class",
                                 "group_by");
        }
        const UsageQuery grouped{filter, step, {*dimension}};
        TRY(overview.groups, top > 0 ? store::usage_series_top(session, access, grouped, top)
                                     : store::usage_series(session, access, grouped));
    }
    if (top > 0) {
        overview.group_series = std::move(overview.groups);
        overview.groups = merged(overview.group_series);
    } else {
        sort_dearest_first(overview.groups);
    }
    return overview;
}

void append_json(std::string& out, const UsageOverview& overview) {
    const UsageSums& total = overview.total;
    json::Writer writer(out);
    writer.begin_object()
        .integer("total_requests", total.requests)
        .integer("total_tokens", tokens_of(total));
    write_money(writer, "total_cost", total.cost);
    write_money(writer, "avg_cost_per_request",
                total.requests == 0 ? 0 : total.cost / total.requests);
    write_money(writer, "baseline_cost", total.baseline_cost);
    write_money(writer, "savings", total.baseline_cost - total.cost - total.fee);
    writer.key("providers").begin_array();
    for (const ProviderUsage& one : overview.providers) {
        writer.begin_object()
            .string("provider_id", one.provider)
            .string("provider_name", one.provider);
        write_brief(writer, one.sums);
        const std::int64_t requests = std::max<std::int64_t>(one.sums.requests, 1);
        writer.integer("avg_latency_ms", one.sums.total_us / requests / 1'000)
            .integer("unique_users", one.unique_users)
            .end_object();
    }
    writer.end_array().key("series").begin_array();
    for (const UsagePoint& point : overview.series) {
        writer.begin_object().string("date", day_text(point.start));
        write_brief(writer, point.sums);
        writer.end_object();
    }
    writer.end_array();
    if (overview.group_by != "day") {
        writer.key("groups").begin_array();
        for (const UsagePoint& point : overview.groups) {
            writer.begin_object().string(overview.group_by, point.values[0]);
            write_brief(writer, point.sums);
            writer.end_object();
        }
        writer.end_array();
    }
    if (overview.top > 0) {
        writer.key("group_series").begin_array();
        for (const UsagePoint& point : overview.group_series) {
            writer.begin_object().string("date", day_text(point.start));
            writer.string(overview.group_by, point.values[0]);
            write_brief(writer, point.sums);
            writer.end_object();
        }
        writer.end_array();
    }
    writer.integer("period_days", overview.period_days).end_object();
}

}  // namespace tollgate::accounting
