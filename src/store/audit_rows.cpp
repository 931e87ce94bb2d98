#include "store/audit_rows.hpp"

#include <array>

#include "base/ids.hpp"
#include "store/table.hpp"

namespace tollgate::store {
namespace {

struct AuditTable {
    using Value = domain::AuditRow;
    static constexpr std::string_view name = "audit_log", noun = "audit row", key = "id",
                                      tenant = "tenant_id";
    static constexpr std::array<Constraint, 0> constraints{};
    template <typename V>
    static void fields(V& v, Value& a) {
        v.column("id", a.id, Written::once);
        v.column("tenant_id", a.tenant, Written::once);
        v.column("at", a.at, Written::once);
        v.column("actor_type", a.actor_type, Written::once);
        v.column("actor", a.actor, Written::once);
        v.column("address", a.address, Written::once);
        v.column("agent", a.agent, Written::once);
        v.column("action", a.action, Written::once);
        v.column("resource", a.resource, Written::once);
        v.column("outcome", a.outcome, Written::once);
        v.column("details", a.details, Written::once);
    }
};

}  // namespace

base::Result<domain::AuditRow> append_audit(Session& session, const Access& access,
                                            domain::AuditRow row) {
    TRY_VOID(check_writes(access, row.tenant));
    if (row.id.empty()) row.id = base::uuid7();
    if (row.at == 0) row.at = now_micros();
    TRY_VOID(insert_row<AuditTable>(session, row));
    return row;
}

base::Result<Page<domain::AuditRow>> list_audit(Session& session, const Access& access,
                                                const AuditFilter& filter,
                                                const PageRequest& page) {
    Statement statement = select_from<AuditTable>();
    statement.where_tenant(access);
    if (!filter.tenant.empty()) statement.where("tenant_id = ").text(filter.tenant);
    if (!filter.actor.empty()) statement.where("actor = ").text(filter.actor);
    statement.where_like("action", filter.action);
    statement.where_like("resource", filter.resource);
    if (!filter.outcome.empty()) statement.where("outcome = ").text(filter.outcome);
    statement.where_time("at", filter.from, filter.to);
    return page_by_time<AuditTable>(session, std::move(statement), "at", page,
                                    [](const domain::AuditRow& a) { return a.at; });
}

base::Result<domain::AuditRow> audit_by_id(Session& session, const Access& access,
                                           std::string_view id) {
    return row_by_key<AuditTable>(session, access, id);
}

}  // namespace tollgate::store
