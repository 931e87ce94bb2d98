// Sums of usage over ranges of time: series for charts and reports.
#include <algorithm>
#include <tuple>

#include "store/partitions.hpp"
#include "store/statement.hpp"
#include "store/usage_columns.hpp"

namespace tollgate::store {
namespace {

constexpr std::size_t dimensions_max = 3;
// Of joined_routing.
constexpr std::array routing_dimensions = {UsageDimension::rule, UsageDimension::provider,
                                           UsageDimension::model};
constexpr std::int64_t hours_are_enough = 48 * micros_per_hour;

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
    bool joined = false;                   // of usage_by_dimension, joined_routing
    bool by_dimension() const { return single || joined; }
};

Source source_of(const UsageQuery& query) {
    const UsageFilter& filter = query.filter;
    const bool short_range =
        filter.from != 0 && filter.to != 0 && filter.to - filter.from <= hours_are_enough;
    const bool by_hour =
        query.step == UsageStep::hour || (short_range && query.step == UsageStep::whole);
    std::vector<UsageDimension> used;
    for (const auto& entry : filtered(filter)) used.push_back(entry.first);
    for (const auto dimension : query.by) {
        const bool known = std::ranges::find(used, dimension) != used.end();
        if (dimension != UsageDimension::tenant && !known) used.push_back(dimension);
    }
    const std::int64_t unit = by_hour ? micros_per_hour : micros_per_day;
    if (used.size() <= 1) {
        return {"usage_by_dimension", "day", unit,
                used.empty() ? UsageDimension::none : used.front()};
    }
    if (by_hour) return {"usage_hourly", "hour", unit, {}};
    const bool by_tenant = std::ranges::find(query.by, UsageDimension::tenant) != query.by.end();
    const bool joined = !by_tenant && std::ranges::all_of(used, [](UsageDimension dimension) {
        return std::ranges::find(routing_dimensions, dimension) != routing_dimensions.end();
    });
    if (joined) return {"usage_by_dimension", "day", unit, {}, true};
    return {"usage_daily", "day", unit, {}};
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
    const bool by_hour = source.unit == micros_per_hour;
    const std::int64_t floor = by_hour ? hour_of(filter.from) : day_of(filter.from);
    const std::int64_t from = filter.from == 0 ? 0 : floor;
    const std::int64_t to = filter.to == 0 ? 0 : ceiling_of(filter.to, source.unit);
    if (!source.by_dimension()) return {{"", from, to}};
    const std::string name =
        source.joined ? std::string(joined_routing) : dimension_of_days(*source.single);
    if (by_hour) return {{name_of_hours(name), from, to}};
    if (query.step == UsageStep::day) return {{name, from, to}};
    std::vector<Part> parts;
    for (const UsageRange& range : months_and_days(from, to)) {
        parts.push_back({range.months ? name_of_months(name) : name, range.from, range.to});
    }
    return parts;
}

void add_conditions(Statement& statement, const Source& source, const UsageFilter& filter,
                    const Part& part) {
    if (source.by_dimension()) statement.where("dimension = ").text(part.dimension);
    statement.where_time(source.start, part.from, part.to);
    if (!filter.tenant.empty()) statement.where("tenant_id = ").text(filter.tenant);
    if (source.joined) return;  // see matches()
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

// The days of one user or key, where SQLite would read those of the whole tenant: without figures
// about the table it takes the primary key, by tenant and day. "" : its own choice.
std::string_view index_of(Dialect dialect, bool one_tenant, const Source& source,
                          const UsageFilter& filter) {
    if (dialect != Dialect::sqlite || !one_tenant || source.table != "usage_daily") return "";
    if (!filter.user.empty()) return " INDEXED BY usage_daily_by_user";
    return filter.key.empty() ? "" : " INDEXED BY usage_daily_by_key";
}

Statement select_part(Dialect dialect, const Access& access, const Source& source,
                      const UsageQuery& query, const Part& part) {
    const bool whole = query.step == UsageStep::whole;
    // Rows by day or hour of one tenant and its values are the points already: nothing to sum.
    const bool one_tenant = !access.platform || !query.filter.tenant.empty();
    const bool stepped = query.step == UsageStep::day || query.step == UsageStep::hour;
    const bool ready = source.single && stepped && one_tenant &&
                       (*source.single == UsageDimension::none || !query.by.empty());
    Statement statement("SELECT ");
    std::string group;
    statement.add(whole ? std::string_view("0") : source.start);
    if (!whole) group = source.start;
    std::vector<std::string_view> columns;
    for (const auto dimension : query.by) columns.push_back(column_in(source, dimension));
    if (source.joined) columns = {"value"};
    for (const std::string_view column : columns) {
        statement.add(", ").add(column);
        group += (group.empty() ? "" : ", ") + std::string(column);
    }
    const UsageSums none;
    sum_columns(none, [&](std::string_view name, std::int64_t) {
        statement.add(ready ? ", " : ", SUM(").add(name).add(ready ? "" : ")");
    });
    statement.add(" FROM ").add(source.table);
    statement.add(index_of(dialect, one_tenant, source, query.filter));
    statement.where_tenant(access);
    add_conditions(statement, source, query.filter, part);
    for (std::size_t i = 0; i < query.values.size() && !source.joined; ++i) {
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

// Of rows of joined_routing: what of the filter and the values the statement left open.
bool matches(const UsageQuery& query, const std::vector<std::string>& texts) {
    for (std::size_t i = 0; i < routing_dimensions.size(); ++i) {
        const bool listed = std::ranges::find(query.values, texts[i]) != query.values.end();
        const bool first = !query.by.empty() && query.by.front() == routing_dimensions[i];
        if (first && !query.values.empty() && !listed) return false;
        for (const auto& [dimension, value] : filtered(query.filter)) {
            if (dimension != routing_dimensions[i]) continue;
            const bool prefix = dimension == UsageDimension::model && value.ends_with('*');
            const std::string_view wanted(value.data(), value.size() - (prefix ? 1 : 0));
            if (prefix ? !texts[i].starts_with(wanted) : texts[i] != wanted) return false;
        }
    }
    return true;
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
        if (source.joined) {
            const auto texts = split_joined(row.text(1), routing_dimensions.size());
            if (!matches(query, texts)) return {};
            for (const auto dimension : query.by) {
                const auto at = std::ranges::find(routing_dimensions, dimension);
                const auto i = static_cast<std::size_t>(at - routing_dimensions.begin());
                point.values.push_back(texts[i]);
            }
        } else {
            const std::size_t count = query.by.size();
            for (std::size_t i = 1; i <= count; ++i) point.values.push_back(row.string(i));
        }
        point.sums = read_sums(row, source.joined ? 2 : query.by.size() + 1);
        // Without a group there is one row, of nothing too.
        if (point.sums.requests > 0) points.push_back(std::move(point));
        return {};
    };
    for (const Part& part : parts_of(source, query)) {
        TRY_VOID(select_part(session.dialect(), access, source, query, part).each(session, take));
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
                         filter.to == 0 ? 0 : ceiling_of(filter.to, micros_per_day));
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
