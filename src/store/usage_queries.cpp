#include "store/usage_queries.hpp"

#include <set>

#include "store/statement.hpp"
#include "store/usage_columns.hpp"

namespace tollgate::store {
namespace {

void where_is(Statement& statement, std::string_view column, std::string_view value) {
    if (value.empty()) return;
    statement.where(column).add(" = ").text(value);
}

base::Result<Names> names(Session& session, Statement& statement) {
    Names found;
    TRY_VOID(statement.each(session, [&](const Row& row) -> base::Result<void> {
        found[row.string(0)] = row.string(1);
        return {};
    }));
    return found;
}

using Counts = std::map<std::string, std::int64_t, std::less<>>;

// Whether the rows of provider and user answer.
bool only_provider_and_user(const UsageFilter& f) {
    return f.team.empty() && f.key.empty() && f.model.empty() && f.alias.empty() &&
           f.project.empty() && f.power_level.empty() && f.rule.empty() && f.status_class == 0;
}

base::Result<Counts> users_of_joined(Session& session, const Access& access,
                                     const UsageFilter& filter) {
    std::set<std::string, std::less<>> pairs;
    const auto ranges =
        months_and_days(filter.from == 0 ? 0 : day_of(filter.from),
                        filter.to == 0 ? 0 : ceiling_of(filter.to, micros_per_day));
    for (const UsageRange& range : ranges) {
        Statement statement("SELECT DISTINCT value FROM usage_by_dimension");
        statement.where_tenant(access);
        statement.where("dimension = ")
            .text(range.months ? name_of_months(joined_users) : std::string(joined_users));
        statement.where_time("day", range.from, range.to);
        where_is(statement, "tenant_id", filter.tenant);
        TRY_VOID(statement.each(session, [&](const Row& row) -> base::Result<void> {
            pairs.insert(row.string(0));
            return {};
        }));
    }
    Counts found;
    for (const std::string& pair : pairs) {
        const auto parts = split_joined(pair, 2);
        if (parts[0].empty() || parts[1].empty()) continue;
        if (!filter.user.empty() && parts[1] != filter.user) continue;
        if (filter.provider.empty() || parts[0] == filter.provider) ++found[parts[0]];
    }
    return found;
}

}  // namespace

base::Result<std::map<std::string, std::int64_t, std::less<>>> users_by_provider(
    Session& session, const Access& access, const UsageFilter& filter) {
    if (only_provider_and_user(filter)) return users_of_joined(session, access, filter);
    // The pairs first: COUNT(DISTINCT ...) by group would sort all rows.
    Statement statement(
        "SELECT provider, COUNT(*) FROM (SELECT DISTINCT provider, user_id FROM usage_daily");
    statement.where_tenant(access);
    statement.where("user_id <> ''").where("provider <> ''");
    statement.where_time("day", filter.from / micros_per_day * micros_per_day, filter.to);
    where_is(statement, "tenant_id", filter.tenant);
    where_is(statement, "team_id", filter.team);
    where_is(statement, "user_id", filter.user);
    where_is(statement, "key_id", filter.key);
    statement.where_like("provider", filter.provider)
        .where_like("model_name", filter.model)
        .where_like("alias", filter.alias)
        .where_like("project", filter.project);
    where_is(statement, "power_level", filter.power_level);
    statement.where_like("rule", filter.rule);
    if (filter.status_class != 0) {
        statement.where("status_class = ").integer(filter.status_class);
    }
    statement.add(") AS seen GROUP BY provider");
    std::map<std::string, std::int64_t, std::less<>> found;
    TRY_VOID(statement.each(session, [&](const Row& row) -> base::Result<void> {
        found[row.string(0)] = row.integer(1);
        return {};
    }));
    return found;
}

base::Result<Names> team_names(Session& session, const Access& access, std::string_view tenant) {
    Statement statement("SELECT id, name FROM teams");
    statement.where_tenant(access);
    where_is(statement, "tenant_id", tenant);
    return names(session, statement);
}

base::Result<Names> tenant_names(Session& session, const Access& access, std::string_view tenant) {
    Statement statement("SELECT id, name FROM tenants");
    statement.where_tenant(access, "id");
    where_is(statement, "id", tenant);
    return names(session, statement);
}

}  // namespace tollgate::store
