#include "store/feedback.hpp"

#include "store/statement.hpp"

namespace tollgate::store {

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
        "l.cost_nano + l.fee_nano, l.total_us, l.first_token_us, l.output_tokens, f.score "
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
        use(made);
        return {};
    });
}

}  // namespace tollgate::store
