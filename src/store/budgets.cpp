#include "store/budgets.hpp"

#include <array>

#include "base/ids.hpp"
#include "store/table.hpp"

namespace tollgate::store {
namespace {

struct BudgetTable {
    using Value = domain::Budget;
    static constexpr std::string_view name = "budgets", noun = "budget", key = "id",
                                      tenant = "tenant_id";
    static constexpr std::array<Constraint, 0> constraints{};
    template <typename V>
    static void fields(V& v, Value& b) {
        v.column("id", b.id, Written::once);
        v.column("tenant_id", b.tenant, Written::replaced);
        v.column("name", b.name);
        v.word("kind", b.kind, Written::replaced);
        v.column("subject", b.subject, Written::replaced);
        v.column("limit_nano", b.limit);
        v.word("period", b.period);
        v.column("rolling_days", b.rolling_days);
        v.column("time_zone", b.time_zone);
        v.column("hard", b.hard);
        v.column("by_admin", b.by_admin);
        v.column("thresholds", b.thresholds);
        v.column("origin", b.origin, Written::replaced);
        v.column("created", b.created, Written::once);
        v.column("updated", b.updated);
        v.etag(b.etag);
    }
};

base::Result<void> forget_events(Session& session, std::string_view budget) {
    Statement events("DELETE FROM budget_events");
    events.where("budget_id = ").text(budget);
    TRY_VOID(events.execute(session));
    return {};
}

}  // namespace

base::Result<domain::Budget> insert_budget(Session& session, const Access& access,
                                           domain::Budget budget) {
    TRY_VOID(check_writes(access, budget.tenant));
    if (!budget.tenant.empty()) TRY_VOID(check_tenant(session, budget.tenant));
    if (budget.id.empty()) budget.id = base::uuid7();
    if (budget.created == 0) budget.created = now_micros();
    if (budget.updated == 0) budget.updated = budget.created;
    TRY_VOID(insert_row<BudgetTable>(session, budget));
    return budget_by_id(session, access, budget.id);
}

base::Result<domain::Budget> budget_by_id(Session& session, const Access& access,
                                          std::string_view id) {
    return row_by_key<BudgetTable>(session, access, id);
}

base::Result<domain::Budget> update_budget(Session& session, const Access& access,
                                           domain::Budget budget) {
    budget.updated = now_micros();
    return update_row<BudgetTable>(session, access, budget, budget.id, budget.etag);
}

base::Result<void> remove_budget(Session& session, const Access& access, std::string_view id) {
    TRY_VOID(remove_row<BudgetTable>(session, access, id));
    return forget_events(session, id);
}

base::Result<Page<domain::Budget>> list_budgets(Session& session, const Access& access,
                                                const BudgetFilter& filter,
                                                const PageRequest& page) {
    Statement statement = select_from<BudgetTable>();
    statement.where_tenant(access);
    if (filter.tenant) statement.where("tenant_id = ").text(*filter.tenant);
    if (filter.kind) statement.where("kind = ").text(domain::to_string(*filter.kind));
    if (!filter.subject.empty()) statement.where("subject = ").text(filter.subject);
    if (!filter.name.empty()) statement.where("name = ").text(filter.name);
    return page_by_key<BudgetTable>(session, std::move(statement), page,
                                    [](const domain::Budget& b) { return b.id; });
}

base::Result<std::vector<domain::Budget>> load_budgets(Session& session) {
    return load_rows<BudgetTable>(session);
}

base::Result<bool> announce_budget(Session& session, const BudgetEvent& event) {
    Statement statement(
        "INSERT INTO budget_events (tenant_id, budget_id, period_start, percent, action, "
        "spent_nano, limit_nano, at) VALUES (");
    statement.text(event.tenant).add(", ").text(event.budget).add(", ");
    statement.integer(event.period_start).add(", ").integer(event.percent).add(", ");
    statement.text(domain::to_string(event.action)).add(", ").integer(event.spent).add(", ");
    statement.integer(event.limit).add(", ");
    statement.integer(event.at == 0 ? now_micros() : event.at);
    statement.add(") ON CONFLICT (tenant_id, budget_id, period_start, percent) DO NOTHING");
    TRY(const std::int64_t rows, statement.execute(session));
    return rows == 1;
}

base::Result<std::vector<BudgetEvent>> budget_events(Session& session, const Access& access,
                                                     std::string_view budget,
                                                     domain::UnixMicros since) {
    Statement statement(
        "SELECT tenant_id, budget_id, period_start, percent, action, spent_nano, limit_nano, at "
        "FROM budget_events");
    statement.where_tenant(access).where("period_start >= ").integer(since);
    if (!budget.empty()) statement.where("budget_id = ").text(budget);
    statement.add(" ORDER BY at, budget_id, percent LIMIT ").integer(page_rows_max);
    std::vector<BudgetEvent> events;
    TRY_VOID(statement.each(session, [&](const Row& row) -> base::Result<void> {
        BudgetEvent event;
        event.tenant = row.string(0);
        event.budget = row.string(1);
        event.period_start = row.integer(2);
        event.percent = row.integer(3);
        TRY_VOID(from_word(row.text(4), event.action));
        event.spent = row.integer(5);
        event.limit = row.integer(6);
        event.at = row.integer(7);
        events.push_back(std::move(event));
        return {};
    }));
    return events;
}

base::Result<FileUpsert> upsert_budget_from_file(Session& session, const domain::Budget& budget) {
    const Access access = Access::everything();
    const auto existing = budget_by_id(session, access, budget.id);
    if (!existing) {
        if (existing.error().code != base::ErrorCode::not_found) return existing.error();
        TRY(auto inserted, insert_budget(session, access, budget));
        return FileUpsert{std::move(inserted.id), FileOutcome::created};
    }
    if (existing->origin == "api") return FileUpsert{budget.id, FileOutcome::conflict};
    domain::Budget wanted = budget;
    wanted.updated = now_micros();
    RowWriter writer(RowWriter::Mode::replace);
    BudgetTable::fields(writer, wanted);
    TRY(auto statement, writer.update(BudgetTable::name));
    statement.where("id = ").text(budget.id);
    writer.where_different(statement);
    TRY(const std::int64_t rows, statement.execute(session));
    return FileUpsert{budget.id, rows == 0 ? FileOutcome::unchanged : FileOutcome::updated};
}

base::Result<std::vector<std::string>> remove_vanished_budgets(
    Session& session, const std::vector<std::string>& present) {
    TRY(auto vanished, vanished_rows(session, "budgets", "", present));
    for (const std::string& id : vanished) {
        TRY_VOID(remove_budget(session, Access::everything(), id));
    }
    return vanished;
}

}  // namespace tollgate::store
