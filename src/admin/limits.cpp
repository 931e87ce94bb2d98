#include "store/limits.hpp"

#include "admin/handlers.hpp"

namespace tollgate::admin {
namespace {

// The others carry their limits in their own rows.
constexpr std::string_view kinds_of_rows = "model, provider, deployment";

bool has_rows(domain::SubjectKind kind) {
    return kind == domain::SubjectKind::model || kind == domain::SubjectKind::provider ||
           kind == domain::SubjectKind::deployment;
}

}  // namespace

namespace {

// A tenant may bound itself further; what the platform set for it is not the tenant's to change.
base::Result<void> check_tenants_own(const Call& call, const domain::LimitRow& limit) {
    return call.check_platform_sets(limit.by_admin, std::string("this limit of the ") +
                                                        domain::to_string(limit.kind) + " " +
                                                        limit.subject);
}

base::Result<domain::LimitRow> find_limit(Call& call, Session& session) {
    TRY(const domain::LimitRow limit, store::limit_by_id(session, call.access, call.path("id")));
    policy::Owner owner{limit.tenant};
    if (limit.kind == domain::SubjectKind::user) owner.user = limit.subject;
    if (limit.kind == domain::SubjectKind::key) owner.key_id = limit.subject;
    TRY_VOID(call.check_reach(owner, "limit " + limit.id));
    return limit;
}

}  // namespace

Outcome list_limits(Call& call, Session& session) {
    store::LimitFilter filter;
    if (call.query().has("tenant") || !call.platform()) {
        TRY(filter.tenant, call.tenant_filter(session));
    }
    const std::string kind =
        call.query().word("kind", "", {"model", "provider", "deployment"});
    filter.kind = domain::subject_kind_of(kind);
    filter.subject = call.query().text("subject");
    const store::PageRequest page = call.page();
    TRY_VOID(call.checked());
    if (call.own_only()) {
        const bool of_user = !call.caller.user.empty();
        filter.kind = of_user ? domain::SubjectKind::user : domain::SubjectKind::key;
        filter.subject = of_user ? call.caller.user : call.caller.key_id;
    }
    TRY(const auto found, store::list_limits(session, call.access, filter, page));
    return call.show_page(found);
}

Outcome create_limit(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    domain::LimitRow limit;
    limit.kind = domain::SubjectKind::model;
    std::string asked;
    fields->text("tenant", asked);
    read_subject_kind(*fields, "kind", limit.kind);
    if (!has_rows(limit.kind)) {
        fields->problem("kind", "must be one of " + std::string(kinds_of_rows) +
                                    ": the limits of others stand in their own records");
    }
    fields->required_text("subject", limit.subject);
    read_limits(*fields, limit.limits);
    TRY_VOID(call.checked());
    // Without a tenant a platform admin's limits are those of the whole platform.
    if (!asked.empty() || !call.platform()) {
        TRY(const domain::Tenant tenant, call.tenant_for(session, asked));
        limit.tenant = tenant.id;
    }
    limit.by_admin = call.platform();
    TRY(const domain::LimitRow made, store::insert_limit(session, call.access, std::move(limit)));
    call.record("limit.created", "limit/" + made.id, made.tenant, {}, shown(made));
    call.header("location", "/api/v1/limits/" + made.id);
    return call.show(made, 201);
}

Outcome get_limit(Call& call, Session& session) {
    TRY(const domain::LimitRow limit, find_limit(call, session));
    TRY_VOID(call.checked());
    return call.show(limit);
}

Outcome update_limit(Call& call, Session& session) {
    TRY(const domain::LimitRow stored, find_limit(call, session));
    TRY_VOID(check_tenants_own(call, stored));
    TRY(domain::LimitRow changed, changed_by(call, stored, "limit " + stored.id));
    // What the platform has changed, the tenant may not loosen any more.
    changed.by_admin = call.platform();
    TRY(const domain::LimitRow written,
        store::update_limit(session, call.access, std::move(changed)));
    call.record_change("limit.updated", "limit/" + stored.id, stored.tenant, stored, written);
    return call.show(written);
}

Outcome delete_limit(Call& call, Session& session) {
    TRY(const domain::LimitRow stored, find_limit(call, session));
    TRY_VOID(call.checked());
    TRY_VOID(check_tenants_own(call, stored));
    TRY_VOID(call.check_match(stored.etag, "limit " + stored.id));
    TRY_VOID(store::remove_limit(session, call.access, stored.id));
    call.record("limit.deleted", "limit/" + stored.id, stored.tenant, shown(stored));
    return call.done("the limits are removed", stored.id);
}

}  // namespace tollgate::admin
