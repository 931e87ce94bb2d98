#include "store/feedback.hpp"

#include "base/json.hpp"
#include "store/statement.hpp"

namespace tollgate::store {
namespace {

// Of the end of a trace: ..."answer":{"calls":2,"valid":1,"refused":false}}
void take_answer(std::string_view trace, ArmRow& row) {
    row.tool_calls = row.tool_calls_valid = 0;
    row.refused = false;
    constexpr std::string_view member = "\"answer\":";
    const std::size_t at = trace.rfind(member);
    if (at == trace.npos || !trace.ends_with('}')) return;
    trace.remove_prefix(at + member.size());
    trace.remove_suffix(1);
    json::Document document;
    const auto root = document.parse(trace);
    if (!root.ok()) return;
    row.tool_calls = (*root)["calls"].integer().value_or(0);
    row.tool_calls_valid = (*root)["valid"].integer().value_or(0);
    row.refused = (*root)["refused"].boolean().value_or(false);
}

}  // namespace

base::Result<void> put_feedback(Session& session, const Access& access,
                                const domain::Feedback& feedback) {
    TRY_VOID(check_writes(access, feedback.tenant));
    Statement statement(
        "INSERT INTO feedback (tenant_id, request_id, user_id, key_id, score, comment, at) "
        "VALUES (");
    statement.text(feedback.tenant).add(", ").text(feedback.request_id);
    statement.add(", ").text(feedback.user).add(", ").text(feedback.key_id);
    statement.add(", ").real(feedback.score).add(", ").text(feedback.comment);
    statement.add(", ").integer(feedback.at);
    statement.add(
        ") ON CONFLICT (tenant_id, request_id) DO UPDATE SET user_id = excluded.user_id, "
        "key_id = excluded.key_id, score = excluded.score, comment = excluded.comment, "
        "at = excluded.at");
    TRY_VOID(statement.execute(session));
    return {};
}

base::Result<std::optional<domain::Feedback>> feedback_of(Session& session, const Access& access,
                                                          std::string_view request_id) {
    Statement statement(
        "SELECT tenant_id, request_id, user_id, key_id, score, comment, at FROM feedback");
    statement.where("request_id = ").text(request_id);
    statement.where_tenant(access);
    std::optional<domain::Feedback> found;
    TRY_VOID(statement.each(session, [&found](const Row& row) -> base::Result<void> {
        found.emplace();
        found->tenant = row.string(0);
        found->request_id = row.string(1);
        found->user = row.string(2);
        found->key_id = row.string(3);
        found->score = row.real(4);
        found->comment = row.string(5);
        found->at = row.integer(6);
        return {};
    }));
    return found;
}

base::Result<void> each_arm_row(Session& session, const Access& access, const ArmRowsQuery& query,
                                const std::function<void(const ArmRow&)>& use) {
    Statement statement(
        "SELECT l.arm, l.status_code, l.error_class, l.client_gone, l.priced, "
        "l.cost_nano + l.fee_nano, l.total_us, l.first_token_us, l.output_tokens, f.score, "
        // The last member of the trace tells what the answer did.
        "substr(l.route_trace, CASE WHEN length(l.route_trace) > 100 "
        "THEN length(l.route_trace) - 99 ELSE 1 END) "
        "FROM llm_usage_logs l LEFT JOIN feedback f "
        "ON f.tenant_id = l.tenant_id AND f.request_id = l.request_id");
    // Said twice, so that the index over what takes part in an experiment serves.
    statement.where("l.experiment <> ''").where("l.experiment = ").text(query.experiment);
    statement.where_tenant(access, "l.tenant_id");
    if (!query.tenant.empty()) statement.where("l.tenant_id = ").text(query.tenant);
    statement.where_time("l.at", query.from, query.to);
    statement.add(" ORDER BY l.at DESC LIMIT ").integer(query.rows_max);
    ArmRow made;
    return statement.each(session, [&](const Row& row) -> base::Result<void> {
        made.arm = row.string(0);
        made.status = row.integer(1);
        made.error_class = row.string(2);
        made.client_gone = row.flag(3);
        made.priced = row.flag(4);
        made.cost = row.integer(5);
        made.total_us = row.integer(6);
        made.first_token_us = row.is_null(7) ? -1 : row.integer(7);
        made.output_tokens = row.is_null(8) ? -1 : row.integer(8);
        made.score.reset();
        if (!row.is_null(9)) made.score = row.real(9);
        take_answer(row.string(10), made);
        use(made);
        return {};
    });
}

}  // namespace tollgate::store
