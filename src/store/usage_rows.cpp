// Reading rows of usage, one by one.
#include "store/statement.hpp"
#include "store/usage_columns.hpp"

namespace tollgate::store {
namespace {

using domain::UsageRecord;

void add_filter(Statement& statement, const Session& session, const UsageFilter& filter) {
    statement.where_time("at", filter.from, filter.to);
    const std::pair<std::string_view, const std::string&> exact[] = {
        {"tenant_id", filter.tenant},
        {"team_id", filter.team},
        {"user_id", filter.user},
        {"key_id", filter.key},
        {"provider", filter.provider},
        {"project", filter.project},
        {"power_level", filter.power_level},
        {"rule", filter.rule},
        {"protocol", filter.protocol},
        {"session_id", filter.session_id},
        {"error_class", filter.error_class}};
    for (const auto& [column, value] : exact) {
        if (!value.empty()) statement.where(column).add(" = ").text(value);
    }
    statement.where_like("model_name", filter.model);
    statement.where_like("alias", filter.alias);
    if (!filter.tag.empty()) {
        if (session.dialect() == Dialect::sqlite) {
            statement.where("EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ")
                .text(filter.tag)
                .add(")");
        } else {
            statement.where("tags @> to_jsonb(ARRAY[").text(filter.tag).add("::text])");
        }
    }
    if (filter.status_class != 0) {
        statement.where("status_code >= ").integer(filter.status_class * 100);
        statement.where("status_code < ").integer(filter.status_class * 100 + 100);
    }
    if (filter.errors_only) statement.where("(error_class <> '' OR status_code >= 400)");
}

Statement select_usage(std::string_view table) {
    Statement statement("SELECT ");
    statement.add(usage_column_names()).add(" FROM ").add(table);
    return statement;
}

base::Result<void> each_row(Session& session, const Statement& statement,
                            const std::function<base::Result<void>(const UsageRecord&)>& use) {
    return statement.each(session, [&use](const Row& row) -> base::Result<void> {
        TRY(const auto record, read_usage_row(row));
        return use(record);
    });
}

}  // namespace

base::Result<std::vector<UsageRecord>> usage_of_request(Session& session, const Access& access,
                                                        std::string_view request_id) {
    std::vector<UsageRecord> found;
    for (const std::string_view table : {"llm_usage_logs", "usage_attempts"}) {
        Statement statement = select_usage(table);
        statement.where("request_id = ").text(request_id);
        statement.where_tenant(access);
        statement.add(" ORDER BY attempt");
        TRY_VOID(each_row(session, statement, [&](const UsageRecord& record) {
            found.push_back(record);
            return base::Result<void>();
        }));
    }
    // The only attempt of a request has no row of its own.
    if (found.size() == 1 && found.front().attempt == 0 && found.front().attempts == 1) {
        found.push_back(found.front());
        found.back().attempt = 1;
    }
    return found;
}

base::Result<Page<UsageRecord>> list_usage(Session& session, const Access& access,
                                           const UsageFilter& filter, const PageRequest& request) {
    Statement statement = select_usage("llm_usage_logs");
    statement.where_tenant(access);
    add_filter(statement, session, filter);
    if (!request.cursor.empty()) {
        TRY(const auto parts, read_cursor(request.cursor, 2));
        const std::int64_t at = std::atoll(parts[0].c_str());
        statement.where("(at, request_id) < (").integer(at).add(", ").text(parts[1]).add(")");
    }
    const std::int64_t limit = rows_of(request);
    statement.add(" ORDER BY at DESC, request_id DESC LIMIT ").integer(limit + 1);
    Page<UsageRecord> page;
    TRY_VOID(each_row(session, statement, [&](const UsageRecord& record) {
        page.items.push_back(record);
        return base::Result<void>();
    }));
    if (std::cmp_greater(page.items.size(), limit)) {
        page.items.pop_back();
        const UsageRecord& last = page.items.back();
        page.next = make_cursor({std::to_string(last.at), last.request_id});
    }
    return page;
}

base::Result<void> each_usage(Session& session, const Access& access, const UsageFilter& filter,
                              bool with_attempts,
                              const std::function<base::Result<void>(const UsageRecord&)>& use) {
    Statement statement = select_usage("llm_usage_logs");
    statement.where("TRUE").where_tenant(access);
    add_filter(statement, session, filter);
    if (with_attempts) {
        statement.add(" UNION ALL SELECT ").add(usage_column_names());
        statement.add(" FROM usage_attempts WHERE TRUE").where_tenant(access);
        add_filter(statement, session, filter);
    }
    statement.add(" ORDER BY at, request_id, attempt");
    return each_row(session, statement, use);
}

}  // namespace tollgate::store
