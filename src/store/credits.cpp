#include "store/credits.hpp"

#include <array>

#include "base/ids.hpp"
#include "store/table.hpp"

namespace tollgate::store {
namespace {

struct MovementTable {
    using Value = domain::CreditMovement;
    static constexpr std::string_view name = "credit_movements", noun = "movement";
    static constexpr std::array<Constraint, 0> constraints{};
    template <typename V>
    static void fields(V& v, Value& m) {
        v.column("id", m.id, Written::once);
        v.column("tenant_id", m.tenant, Written::once);
        v.column("user_id", m.user, Written::once);
        v.word("kind", m.kind, Written::once);
        v.column("amount_nano", m.amount, Written::once);
        v.column("reference", m.reference, Written::once);
        v.column("note", m.note, Written::once);
        v.column("actor", m.actor, Written::once);
        v.column("at", m.at, Written::once);
    }
};

// The sums that the tables' triggers keep.
Statement select_totals() {
    return Statement("SELECT tenant_id, user_id, added_nano, taken_nano FROM credit_balances");
}

base::Result<std::vector<CreditTotals>> totals_of(Session& session, const Statement& statement) {
    std::vector<CreditTotals> totals;
    TRY_VOID(statement.each(session, [&](const Row& row) -> base::Result<void> {
        totals.push_back({row.string(0), row.string(1), row.integer(2), row.integer(3)});
        return {};
    }));
    return totals;
}

}  // namespace

base::Result<bool> append_credit(Session& session, const Access& access,
                                 const domain::CreditMovement& movement) {
    TRY_VOID(check_writes(access, movement.tenant));
    TRY_VOID(check_tenant(session, movement.tenant));
    domain::CreditMovement row = movement;
    if (row.id.empty()) row.id = base::uuid7();
    if (row.at == 0) row.at = now_micros();
    if (row.reference.empty()) row.reference = row.id;
    RowWriter writer(RowWriter::Mode::insert);
    MovementTable::fields(writer, row);
    TRY(auto statement, writer.insert_into(MovementTable::name));
    statement.add(" ON CONFLICT (kind, reference, tenant_id, user_id) DO NOTHING");
    const auto added = statement.execute(session);
    if (!added) return explain(added.error(), MovementTable::noun, MovementTable::constraints);
    return added.value() == 1;
}

base::Result<CreditTotals> credit_totals(Session& session, const Access& access,
                                         std::string_view tenant, std::string_view user) {
    Statement statement = select_totals();
    statement.where_tenant(access);
    statement.where("tenant_id = ").text(tenant).where("user_id = ").text(user);
    TRY(auto totals, totals_of(session, statement));
    if (totals.empty()) return CreditTotals{std::string(tenant), std::string(user), 0, 0};
    CreditTotals first = std::move(totals.front());
    return first;
}

base::Result<std::vector<CreditTotals>> load_credit_totals(Session& session) {
    Statement statement = select_totals();
    statement.add(" ORDER BY tenant_id, user_id");
    return totals_of(session, statement);
}

base::Result<Page<domain::CreditMovement>> credit_history(Session& session, const Access& access,
                                                          const CreditFilter& filter,
                                                          const PageRequest& page) {
    Statement statement = select_from<MovementTable>();
    statement.where_tenant(access);
    if (!filter.tenant.empty()) statement.where("tenant_id = ").text(filter.tenant);
    if (filter.user) statement.where("user_id = ").text(*filter.user);
    if (filter.kind) statement.where("kind = ").text(domain::to_string(*filter.kind));
    statement.where_time("at", filter.from, filter.to);
    return page_by_time<MovementTable>(session, std::move(statement), "at", page,
                                       [](const domain::CreditMovement& m) { return m.at; });
}

}  // namespace tollgate::store
