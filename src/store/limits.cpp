#include "store/limits.hpp"

#include <array>

#include "base/ids.hpp"
#include "store/table.hpp"

namespace tollgate::store {
namespace {

struct LimitTable {
    using Value = domain::LimitRow;
    static constexpr std::string_view name = "limits", noun = "limit", key = "id",
                                      tenant = "tenant_id";
    static constexpr std::array<Constraint, 1> constraints{{{"limits_subject_unique", "subject"}}};
    template <typename V>
    static void fields(V& v, Value& l) {
        v.column("id", l.id, Written::once);
        v.column("tenant_id", l.tenant, Written::once);
        v.word("kind", l.kind, Written::once);
        v.column("subject", l.subject, Written::once);
        v.column("limits", l.limits);
        v.column("by_admin", l.by_admin);
        v.column("created", l.created, Written::once);
        v.column("updated", l.updated);
        v.etag(l.etag);
    }
};

}  // namespace

base::Result<domain::LimitRow> insert_limit(Session& session, const Access& access,
                                            domain::LimitRow limit) {
    TRY_VOID(check_writes(access, limit.tenant));
    if (!limit.tenant.empty()) TRY_VOID(check_tenant(session, limit.tenant));
    if (limit.id.empty()) limit.id = base::uuid7();
    if (limit.created == 0) limit.created = now_micros();
    if (limit.updated == 0) limit.updated = limit.created;
    TRY_VOID(insert_row<LimitTable>(session, limit));
    return limit_by_id(session, access, limit.id);
}

base::Result<domain::LimitRow> limit_by_id(Session& session, const Access& access,
                                           std::string_view id) {
    return row_by_key<LimitTable>(session, access, id);
}

base::Result<domain::LimitRow> update_limit(Session& session, const Access& access,
                                            domain::LimitRow limit) {
    limit.updated = now_micros();
    return update_row<LimitTable>(session, access, limit, limit.id, limit.etag);
}

base::Result<void> remove_limit(Session& session, const Access& access, std::string_view id) {
    return remove_row<LimitTable>(session, access, id);
}

base::Result<Page<domain::LimitRow>> list_limits(Session& session, const Access& access,
                                                 const LimitFilter& filter,
                                                 const PageRequest& page) {
    Statement statement = select_from<LimitTable>();
    statement.where_tenant(access);
    if (filter.tenant) statement.where("tenant_id = ").text(*filter.tenant);
    if (filter.kind) statement.where("kind = ").text(domain::to_string(*filter.kind));
    if (!filter.subject.empty()) statement.where("subject = ").text(filter.subject);
    return page_by_key<LimitTable>(session, std::move(statement), page,
                                   [](const domain::LimitRow& l) { return l.id; });
}

base::Result<std::vector<domain::LimitRow>> load_limits(Session& session) {
    return load_rows<LimitTable>(session);
}

}  // namespace tollgate::store
