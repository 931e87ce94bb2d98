#include "store/usage_queries.hpp"

#include "store/statement.hpp"

namespace tollgate::store {
namespace {

constexpr std::int64_t micros_per_day = 86'400'000'000;

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

}  // namespace

base::Result<std::map<std::string, std::int64_t, std::less<>>> users_by_provider(
    Session& session, const Access& access, const UsageFilter& filter) {
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
