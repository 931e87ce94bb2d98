// What budgets ask: spent by whom, exact; and how times are distributed.
#include <algorithm>
#include <limits>
#include <map>

#include "store/partitions.hpp"
#include "store/statement.hpp"
#include "store/usage_columns.hpp"

namespace tollgate::store {
namespace {

using domain::SubjectKind;

constexpr std::int64_t for_ever = std::numeric_limits<std::int64_t>::max();

struct Range {
    std::int64_t from = 0, until = 0;
    bool empty() const { return from >= until; }
};

struct Question {
    const Access& access;
    UsageDimension dimension = UsageDimension::none;
    std::string_view tenant, subject;
    bool of_each = false;  // every subject of the dimension by itself
    // A request's row says its last provider; what others took of it stands with its attempts.
    bool by_attempt() const {
        return dimension == UsageDimension::provider && (of_each || !subject.empty());
    }
};

base::Result<UsageDimension> dimension_of(SubjectKind kind) {
    switch (kind) {
        case SubjectKind::tenant: return UsageDimension::tenant;
        case SubjectKind::team: return UsageDimension::team;
        case SubjectKind::user: return UsageDimension::user;
        case SubjectKind::key: return UsageDimension::key;
        case SubjectKind::provider: return UsageDimension::provider;
        case SubjectKind::model: return UsageDimension::model;
        case SubjectKind::tier:
        case SubjectKind::deployment: break;
    }
    return base::invalid("nothing is summed by " + std::string(domain::to_string(kind)) +
                             ": a budget is of a tenant, team, user, key, provider or model",
                         "kind");
}

void add_whose(Statement& statement, const Question& question, std::string_view column) {
    statement.where_tenant(question.access);
    if (!question.tenant.empty()) statement.where("tenant_id = ").text(question.tenant);
    if (question.subject.empty() || column.empty()) return;
    statement.where(column).add(" = ").text(question.subject);
}

// The columns that tell subjects apart, for a question of each.
std::string whose(const Question& question, std::string_view column) {
    return question.of_each ? ", tenant_id, " + std::string(column) : std::string();
}

base::Result<void> add_to(SpentOf& found, Session& session, const Question& question,
                          Statement& statement, std::string_view column) {
    if (question.of_each) statement.add(" GROUP BY tenant_id, ").add(column);
    return statement.each(session, [&](const Row& row) -> base::Result<void> {
        Spent& spent = found[question.of_each ? std::pair(row.string(3), row.string(4))
                                              : std::pair<std::string, std::string>()];
        spent.cost += row.integer(0);
        spent.fee += row.integer(1);
        spent.requests += row.integer(2);
        return {};
    });
}

// Of usage_by_dimension: rows of days, or of hours.
base::Result<void> add_sums(SpentOf& found, Session& session, const Question& question,
                            Range range, bool by_hour) {
    const bool by_value = question.dimension != UsageDimension::tenant &&
                          (question.of_each || !question.subject.empty());
    const std::string_view column = by_value ? "value" : "tenant_id";
    Statement statement("SELECT SUM(cost_nano), SUM(fee_nano), SUM(requests)" +
                        whose(question, column) + " FROM usage_by_dimension");
    const std::string name =
        dimension_of_days(by_value ? question.dimension : UsageDimension::none);
    const std::string moved(attempt_provider);
    const std::string copies = name_of_copies(name);
    statement.where("dimension IN (").text(by_hour ? name_of_hours(name) : name);
    statement.add(", ").text(by_hour ? name_of_hours(copies) : copies);
    if (by_value && question.by_attempt()) {
        statement.add(", ").text(by_hour ? name_of_hours(moved) : moved);
    }
    statement.add(")");
    statement.where("day >= ").integer(range.from);
    statement.where("day < ").integer(range.until);
    add_whose(statement, question, column);
    return add_to(found, session, question, statement, column);
}

base::Result<void> add_days(SpentOf& found, Session& session, const Question& question,
                            Range days) {
    if (days.empty()) return {};
    return add_sums(found, session, question, days, false);
}

base::Result<void> add_hours(SpentOf& found, Session& session, const Question& question,
                             Range hours) {
    if (hours.empty()) return {};
    return add_sums(found, session, question, hours, true);
}

base::Result<void> add_rows(SpentOf& found, Session& session, const Question& question,
                            Range range) {
    if (range.empty()) return {};
    const std::string_view column = column_of(question.dimension);
    const auto add = [&](const std::string& sums, std::string_view table) {
        Statement statement("SELECT " + sums + whose(question, column) + " FROM ");
        statement.add(table);
        statement.where("at >= ").integer(range.from);
        statement.where("at < ").integer(range.until);
        statement.where("strategy <> ").text(domain::UsageRecord::shadow_strategy);
        add_whose(statement, question, column);
        return add_to(found, session, question, statement, column);
    };
    if (!question.by_attempt()) {
        return add("SUM(cost_nano), SUM(fee_nano), COUNT(*)", "llm_usage_logs");
    }
    TRY_VOID(add(
        "SUM(CASE WHEN attempts > 1 THEN 0 ELSE cost_nano END), SUM(fee_nano), COUNT(*)",
        "llm_usage_logs"));
    return add("SUM(cost_nano), 0, 0", "usage_attempts");
}

std::int64_t up(std::int64_t at, std::int64_t unit) {
    const std::int64_t floor = unit == micros_per_day ? day_of(at) : hour_of(at);
    return floor == at || floor > for_ever - unit ? floor : floor + unit;
}

// Less than a day at either end: whole hours, and rows for what is left.
base::Result<void> add_part(SpentOf& found, Session& session, const Question& question,
                            Range part) {
    if (part.empty()) return {};
    const Range hours{up(part.from, micros_per_hour), hour_of(part.until)};
    if (hours.empty()) return add_rows(found, session, question, part);
    TRY_VOID(add_rows(found, session, question, {part.from, hours.from}));
    TRY_VOID(add_hours(found, session, question, hours));
    return add_rows(found, session, question, {hours.until, part.until});
}

base::Result<SpentOf> answer(Session& session, const Question& question, Range range) {
    const Range all{range.from, range.until == 0 ? for_ever : range.until};
    const Range days{up(all.from, micros_per_day), day_of(all.until)};
    SpentOf found;
    if (days.empty()) {
        TRY_VOID(add_part(found, session, question, all));
        return found;
    }
    TRY_VOID(add_part(found, session, question, {all.from, days.from}));
    TRY_VOID(add_days(found, session, question, days));
    TRY_VOID(add_part(found, session, question, {days.until, all.until}));
    return found;
}

// The table's key has the day before the kind: rows of months are found by their days one by one,
// not between those of all days.
void add_days(Statement& statement, const UsageRange& range) {
    if (!range.months || range.from == 0 || range.to == 0) {
        statement.where_time("day", range.from, range.to);
        return;
    }
    statement.where("day IN (").integer(range.from);
    for (std::int64_t at = month_of(range.from).end_at; at < range.to; at = month_of(at).end_at) {
        statement.add(", ").integer(at);
    }
    statement.add(")");
}

}  // namespace

base::Result<Spent> spent_between(Session& session, const Access& access, SubjectKind kind,
                                  std::string_view tenant, std::string_view subject,
                                  std::int64_t from, std::int64_t until) {
    TRY(const UsageDimension dimension, dimension_of(kind));
    TRY(SpentOf found, answer(session, {access, dimension, tenant, subject}, {from, until}));
    return found[{}];
}

base::Result<SpentOf> spent_of_each(Session& session, const Access& access, SubjectKind kind,
                                    std::int64_t from, std::int64_t until) {
    TRY(const UsageDimension dimension, dimension_of(kind));
    return answer(session, {access, dimension, "", "", true}, {from, until});
}

base::Result<std::vector<LatencyRow>> usage_latency(Session& session, const Access& access,
                                                    const UsageFilter& filter, LatencyKind kind,
                                                    bool by_model) {
    const std::string days = kind == LatencyKind::total ? "total" : "first_token";
    const auto ranges =
        months_and_days(filter.from == 0 ? 0 : day_of(filter.from),
                        filter.to == 0 ? 0 : ceiling_of(filter.to, micros_per_day));
    std::map<std::pair<std::string, std::string>, LatencyCounts> found;
    for (const UsageRange& range : ranges) {
        Statement statement(by_model ? "SELECT bucket, SUM(requests), provider, model_name"
                                     : "SELECT bucket, SUM(requests)");
        statement.add(" FROM usage_latency_daily");
        statement.where_tenant(access);
        statement.where("kind = ").text(range.months ? name_of_months(days) : days);
        add_days(statement, range);
        if (!filter.tenant.empty()) statement.where("tenant_id = ").text(filter.tenant);
        if (!filter.provider.empty()) statement.where("provider = ").text(filter.provider);
        statement.where_like("model_name", filter.model);
        statement.add(by_model ? " GROUP BY bucket, provider, model_name" : " GROUP BY bucket");
        TRY_VOID(statement.each(session, [&](const Row& row) -> base::Result<void> {
            const auto bucket = static_cast<std::size_t>(row.integer(0));
            auto& counts = found[{by_model ? row.string(2) : std::string(),
                                  by_model ? row.string(3) : std::string()}];
            if (bucket < counts.size()) counts[bucket] += row.integer(1);
            return {};
        }));
    }
    std::vector<LatencyRow> rows;
    for (const auto& [names, counts] : found) rows.push_back({names.first, names.second, counts});
    return rows;
}

std::int64_t latency_percentile_us(const LatencyCounts& counts, double percent) {
    std::int64_t total = 0;
    for (const std::int64_t count : counts) total += count;
    if (total == 0) return 0;
    const double wanted = static_cast<double>(total) * std::clamp(percent, 0.0, 100.0) / 100;
    double below = 0;
    for (std::size_t i = 0; i < latency_bounds_us.size(); ++i) {
        const auto count = static_cast<double>(counts[i]);
        if (count > 0 && below + count >= wanted) {
            const std::int64_t low = i == 0 ? 0 : latency_bounds_us[i - 1];
            const auto width = static_cast<double>(latency_bounds_us[i] - low);
            return low + static_cast<std::int64_t>(width * (wanted - below) / count);
        }
        below += count;
    }
    return latency_bounds_us.back();  // what is above has no upper bound
}

}  // namespace tollgate::store
