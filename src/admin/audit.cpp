#include "admin/handlers.hpp"
#include "store/audit_rows.hpp"

namespace tollgate::admin {

Outcome list_audit(Call& call, Session& session) {
    store::AuditFilter filter;
    TRY(filter.tenant, call.tenant_filter(session));
    Query& query = call.query();
    filter.actor = query.text("actor");
    filter.action = query.text("action");
    filter.resource = query.text("resource");
    filter.outcome = query.word("outcome", "", {"success", "denied", "failed"});
    filter.from = query.time("from", 0);
    filter.to = query.time("to", 0);
    const store::PageRequest page = call.page();
    TRY_VOID(call.checked());
    TRY(const auto found, store::list_audit(session, call.access, filter, page));
    return call.show_page(found);
}

}  // namespace tollgate::admin
