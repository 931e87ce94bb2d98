// Sums of usage over ranges of time: series for charts and reports.
#include <algorithm>
#include <tuple>

#include "store/partitions.hpp"
#include "store/statement.hpp"
#include "store/usage_columns.hpp"

namespace tollgate::store {
namespace {

constexpr std::size_t dimensions_max = 3;
constexpr std::int64_t hours_are_enough = 48 * micros_per_hour;

std::int64_t ceiling(std::int64_t at, std::int64_t unit) {
    const std::int64_t floor = unit == micros_per_day ? day_of(at) : hour_of(at);
    return floor == at ? at : floor + unit;
}

base::Result<void> check(const UsageQuery& query) {
    const UsageFilter& filter = query.filter;
    const std::pair<std::string_view, bool> rows_only[] = {
        {"tag", !filter.tag.empty()},
        {"protocol", !filter.protocol.empty()},
        {"session_id", !filter.session_id.empty()},
        {"error_class", !filter.error_class.empty()},
        {"errors_only", filter.errors_only}};
    for (const auto& [field, asked] : rows_only) {
        if (!asked) continue;
        return base::invalid(
            "sums are not kept by " + std::string(field) + ": leave it out, or list the requests",
            std::string(field));
    }
    if (!query.values.empty() && query.by.empty()) {
        return base::invalid("values are of a dimension: group by one", "group_by");
    }
    const bool too_many = query.by.size() > dimensions_max;
    if (too_many || std::ranges::find(query.by, UsageDimension::none) != query.by.end()) {
        return base::invalid(
            "group by at most 3 of tenant, team, user, key, provider, model, "
            "alias, project, power_level, rule, status_class",
            "group_by");
    }
    return {};
}

// The dimensions that the filter asks for, with what it asks.
std::vector<std::pair<UsageDimension, std::string>> filtered(const UsageFilter& filter) {
    std::vector<std::pair<UsageDimension, std::string>> found = {
        {UsageDimension::team, filter.team},
        {UsageDimension::user, filter.user},
        {UsageDimension::key, filter.key},
        {UsageDimension::provider, filter.provider},
        {UsageDimension::model, filter.model},
        {UsageDimension::alias, filter.alias},
        {UsageDimension::project, filter.project},
        {UsageDimension::power_level, filter.power_level},
        {UsageDimension::rule, filter.rule}};
    if (filter.status_class != 0) {
        found.emplace_back(UsageDimension::status_class, std::to_string(filter.status_class));
    }
    std::erase_if(found, [](const auto& entry) { return entry.second.empty(); });
    return found;
}

// Where the answer comes from.
struct Source {
    std::string_view table, start;  // the table and its column of time
    std::int64_t unit = micros_per_day;
    std::optional<UsageDimension> single;  // of usage_by_dimension
};

Source source_of(const UsageQuery& query) {
    const UsageFilter& filter = query.filter;
    const bool short_range =
        filter.from != 0 && filter.to != 0 && filter.to - filter.from <= hours_are_enough;
    const bool by_hour =
        query.step == UsageStep::hour || (short_range && query.step == UsageStep::whole);
    if (by_hour) return {"usage_hourly", "hour", micros_per_hour, {}};
    std::vector<UsageDimension> used;
    for (const auto& entry : filtered(filter)) used.push_back(entry.first);
    for (const auto dimension : query.by) {
        const bool known = std::ranges::find(used, dimension) != used.end();
        if (dimension != UsageDimension::tenant && !known) used.push_back(dimension);
    }
    if (used.size() > 1) return {"usage_daily", "day", micros_per_day, {}};
    return {"usage_by_dimension", "day", micros_per_day,
            used.empty() ? UsageDimension::none : used.front()};
}

std::string_view column_in(const Source& source, UsageDimension dimension) {
    const bool is_value = source.single && dimension != UsageDimension::tenant;
    return is_value ? std::string_view("value") : column_of(dimension);
}

// A part of the range, and the rows that answer for it: `dimension` of usage_by_dimension.
struct Part {
    std::string dimension;
    std::int64_t from = 0, to = 0;
};

// Whole months where the step is no finer, days for the rest of the range.
std::vector<Part> parts_of(const Source& source, const UsageQuery& query) {
    const UsageFilter& filter = query.filter;
    const std::int64_t floor =
        source.unit == micros_per_day ? day_of(filter.from) : hour_of(filter.from);
    const std::int64_t from = filter.from == 0 ? 0 : floor;
    const std::int64_t to = filter.to == 0 ? 0 : ceiling(filter.to, source.unit);
    if (!source.single) return {{"", from, to}};
    const Part days{dimension_of_days(*source.single), from, to};
    const bool coarse = query.step == UsageStep::whole || query.step == UsageStep::month;
    const std::int64_t first = from == 0 ? 0 : month_of(from - 1).end_at;
    const std::int64_t last = to == 0 ? 0 : month_of(to).first_at;
    if (!coarse || (first != 0 && last != 0 && first >= last)) return {days};
    std::vector<Part> parts = {{dimension_of_months(*source.single), first, last}};
    if (from < first) parts.push_back({days.dimension, from, first});
    if (last < to) parts.push_back({days.dimension, last, to});
    return parts;
}

void add_conditions(Statement& statement, const Source& source, const UsageFilter& filter,
                    const Part& part) {
    if (source.single) statement.where("dimension = ").text(part.dimension);
    statement.where_time(source.start, part.from, part.to);
    if (!filter.tenant.empty()) statement.where("tenant_id = ").text(filter.tenant);
    for (const auto& [dimension, value] : filtered(filter)) {
        const std::string_view column = column_in(source, dimension);
        if (dimension == UsageDimension::status_class && !source.single) {
            statement.where("status_class = ").integer(filter.status_class);
        } else if (dimension == UsageDimension::model || dimension == UsageDimension::alias) {
            statement.where_like(column, value);
        } else {
            statement.where(column).add(" = ").text(value);
        }
    }
}

UsageSums read_sums(const Row& row, std::size_t first) {
    UsageSums sums;
    sum_columns(sums, [&](std::string_view, std::int64_t& value) { value = row.integer(first++); });
    return sums;
}

Statement select_part(const Access& access, const Source& source, const UsageQuery& query,
                      const Part& part) {
    const bool whole = query.step == UsageStep::whole;
    // Rows by day of one tenant and its values are the points already: there is nothing to sum.
    const bool one_tenant = !access.platform || !query.filter.tenant.empty();
    const bool ready = source.single && query.step == UsageStep::day && one_tenant &&
                       (*source.single == UsageDimension::none || !query.by.empty());
    Statement statement("SELECT ");
    std::string group;
    statement.add(whole ? std::string_view("0") : source.start);
    if (!whole) group = source.start;
    for (const auto dimension : query.by) {
        const std::string_view column = column_in(source, dimension);
        statement.add(", ").add(column);
        group += (group.empty() ? "" : ", ") + std::string(column);
    }
    const UsageSums none;
    sum_columns(none, [&](std::string_view name, std::int64_t) {
        statement.add(ready ? ", " : ", SUM(").add(name).add(ready ? "" : ")");
    });
    statement.add(" FROM ").add(source.table);
    statement.where_tenant(access);
    add_conditions(statement, source, query.filter, part);
    for (std::size_t i = 0; i < query.values.size(); ++i) {
        if (i == 0) statement.where(column_in(source, query.by[0])).add(" IN (");
        if (i > 0) statement.add(", ");
        statement.text(query.values[i]).add(i + 1 == query.values.size() ? ")" : "");
    }
    if (ready) {
        statement.add(" ORDER BY day, value");
    } else if (!group.empty()) {
        statement.add(" GROUP BY ").add(group);
    }
    return statement;
}

// In order, and those of one start and the same values (days of a month) as one.
std::vector<UsagePoint> in_order(std::vector<UsagePoint> points) {
    const auto before = [](const UsagePoint& one, const UsagePoint& other) {
        return std::tie(one.start, one.values) < std::tie(other.start, other.values);
    };
    if (!std::ranges::is_sorted(points, before)) std::ranges::sort(points, before);
    std::vector<UsagePoint> merged;
    merged.reserve(points.size());
    for (auto& point : points) {
        const bool same = !merged.empty() && merged.back().start == point.start &&
                          merged.back().values == point.values;
        if (same) {
            merged.back().sums.add(point.sums);
        } else {
            merged.push_back(std::move(point));
        }
    }
    return merged;
}

}  // namespace

base::Result<std::vector<UsagePoint>> usage_series(Session& session, const Access& access,
                                                   const UsageQuery& query) {
    TRY_VOID(check(query));
    const Source source = source_of(query);
    std::vector<UsagePoint> points;
    const auto take = [&](const Row& row) -> base::Result<void> {
        UsagePoint point;
        point.start = row.integer(0);
        if (query.step == UsageStep::month) point.start = month_of(point.start).first_at;
        point.values.reserve(query.by.size());
        for (std::size_t i = 0; i < query.by.size(); ++i) point.values.push_back(row.string(i + 1));
        point.sums = read_sums(row, query.by.size() + 1);
        // Without a group there is one row, of nothing too.
        if (point.sums.requests > 0) points.push_back(std::move(point));
        return {};
    };
    for (const Part& part : parts_of(source, query)) {
        TRY_VOID(select_part(access, source, query, part).each(session, take));
    }
    return in_order(std::move(points));
}

base::Result<std::vector<UsagePoint>> usage_by_tag(Session& session, const Access& access,
                                                   const UsageFilter& filter, UsageStep step) {
    if (step == UsageStep::hour) {
        return base::invalid("tags are summed by day: ask for the step day, month or whole",
                             "step");
    }
    const bool whole = step == UsageStep::whole;
    Statement statement(whole ? "SELECT 0, tag" : "SELECT day, tag");
    statement.add(
        ", SUM(requests), SUM(errors), SUM(input_tokens), SUM(output_tokens), "
        "SUM(cache_read_tokens), SUM(cache_write_tokens), SUM(cost_nano), "
        "SUM(baseline_cost_nano), SUM(total_us) FROM usage_tag_daily");
    statement.where_tenant(access);
    statement.where_time("day", filter.from == 0 ? 0 : day_of(filter.from),
                         filter.to == 0 ? 0 : ceiling(filter.to, micros_per_day));
    if (!filter.tenant.empty()) statement.where("tenant_id = ").text(filter.tenant);
    if (!filter.tag.empty()) statement.where("tag = ").text(filter.tag);
    statement.add(whole ? " GROUP BY tag" : " GROUP BY day, tag");
    std::vector<UsagePoint> points;
    TRY_VOID(statement.each(session, [&](const Row& row) -> base::Result<void> {
        std::int64_t start = row.integer(0);
        if (step == UsageStep::month) start = month_of(start).first_at;
        UsageSums sums;
        std::size_t at = 2;
        for (std::int64_t* value :
             {&sums.requests, &sums.errors, &sums.input_tokens, &sums.output_tokens,
              &sums.cache_read_tokens, &sums.cache_write_5m_tokens, &sums.cost, &sums.baseline_cost,
              &sums.total_us}) {
            *value = row.integer(at++);
        }
        points.push_back({start, {row.string(1)}, sums});
        return {};
    }));
    return in_order(std::move(points));
}

}  // namespace tollgate::store
