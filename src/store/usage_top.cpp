// Series of a few values and the rest, for charts.
#include <algorithm>
#include <map>
#include <tuple>

#include "store/usage.hpp"

namespace tollgate::store {
namespace {

std::vector<std::string> dearest(std::vector<UsagePoint> points, std::size_t top) {
    const auto before = [](const UsagePoint& one, const UsagePoint& other) {
        if (one.sums.cost != other.sums.cost) return one.sums.cost > other.sums.cost;
        if (one.sums.requests != other.sums.requests) {
            return one.sums.requests > other.sums.requests;
        }
        return one.values < other.values;
    };
    std::ranges::sort(points, before);
    std::vector<std::string> values;
    for (const auto& point : points) {
        if (values.size() == top) break;
        values.push_back(point.values[0]);
    }
    return values;
}

}  // namespace

base::Result<std::vector<UsagePoint>> usage_series_top(Session& session, const Access& access,
                                                       const UsageQuery& query, std::size_t top) {
    if (query.by.size() != 1) {
        return base::invalid("the dearest values are of one dimension: group by one", "group_by");
    }
    UsageQuery whole = query;
    whole.step = UsageStep::whole;
    TRY(auto totals, usage_series(session, access, whole));
    if (totals.size() <= top) return usage_series(session, access, query);
    UsageQuery all = query;
    all.by.clear();
    all.values.clear();
    TRY(const auto everything, usage_series(session, access, all));
    std::map<std::int64_t, UsageSums> rest;
    for (const auto& point : everything) rest[point.start] = point.sums;
    UsageQuery few = query;
    few.values = dearest(std::move(totals), top);
    std::vector<UsagePoint> points;
    if (!few.values.empty()) {
        TRY(points, usage_series(session, access, few));
    }
    for (const auto& point : points) rest[point.start].subtract(point.sums);
    for (const auto& [start, sums] : rest) {
        if (sums.requests > 0) points.push_back({start, {std::string(usage_other)}, sums});
    }
    std::ranges::sort(points, [](const UsagePoint& one, const UsagePoint& other) {
        return std::tie(one.start, one.values) < std::tie(other.start, other.values);
    });
    return points;
}

}  // namespace tollgate::store
