#include "store/tenants.hpp"

#include "admin/budget_making.hpp"
#include "admin/handlers.hpp"
#include "admin/key_making.hpp"
#include "admin/lookup.hpp"

namespace tollgate::admin {
namespace {

base::Result<void> check(Session& session, const domain::Tenant& tenant) {
    TRY_VOID(check_tier(session, tenant.tier));
    return check_time_zone(tenant.time_zone);
}

// What may be made together with a tenant, so that one call gets somebody started.
struct Company {
    bool has_budget = false, has_key = false;
    domain::Budget budget;
    domain::Key key;
    std::string chosen_key;
};

Company read_company(Fields& fields) {
    Company company;
    company.has_budget = fields.has("budget") && !fields.is_null("budget");
    if (company.has_budget) {
        fields.object("budget", [&](Fields& inner) { read(inner, company.budget); });
    }
    company.has_key = fields.has("key") && !fields.is_null("key");
    if (company.has_key) {
        fields.object("key", [&](Fields& inner) {
            inner.text("key", company.chosen_key);
            read(inner, company.key);
        });
    }
    return company;
}

}  // namespace

namespace {

// A tenant admin tends the tenant; what bounds it is the platform's.
base::Result<void> check_bounds(const Call& call, const domain::Tenant& stored,
                                const domain::Tenant& changed) {
    TRY_VOID(call.check_platform_sets(changed.name != stored.name, "name"));
    TRY_VOID(call.check_platform_sets(changed.enabled != stored.enabled, "enabled"));
    TRY_VOID(call.check_platform_sets(changed.tier != stored.tier, "tier"));
    TRY_VOID(call.check_platform_sets(!(changed.limits == stored.limits), "limits"));
    TRY_VOID(call.check_platform_sets(changed.allowed_models != stored.allowed_models,
                                      "allowed_models"));
    // Where the platform says which models there are, their names are its words too.
    const bool bound_models = !stored.allowed_models.empty() || !stored.tier.empty();
    TRY_VOID(call.check_platform_sets(bound_models && changed.aliases != stored.aliases,
                                      "aliases"));
    TRY_VOID(call.check_platform_sets(changed.settings != stored.settings, "settings"));
    return call.check_platform_sets(changed.retention_days != stored.retention_days,
                                    "retention_days");
}

}  // namespace

Outcome list_tenants(Call& call, Session& session) {
    store::TenantFilter filter;
    filter.enabled = call.query().optional_flag("enabled");
    filter.text = call.query().text("text");
    filter.with_removed = call.query().flag("with_removed", false);
    const store::PageRequest page = call.page();
    TRY_VOID(call.checked());
    TRY(const auto found, store::list_tenants(session, call.access, filter, page));
    return call.show_page(found);
}

Outcome create_tenant(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    domain::Tenant tenant;
    read(*fields, tenant);
    Company company = read_company(*fields);
    TRY_VOID(call.checked());
    TRY_VOID(check(session, tenant));
    TRY(const domain::Tenant made, store::insert_tenant(session, call.access, std::move(tenant)));
    call.record("tenant.created", "tenant/" + made.id, made.id, {}, shown(made));
    std::string text = shown(made);
    text.pop_back();  // what was made with it stands beside it
    if (company.has_budget) {
        company.budget.tenant = company.budget.subject = made.id;
        company.budget.kind = domain::SubjectKind::tenant;
        TRY(const domain::Budget budget, make_budget(call, session, std::move(company.budget)));
        text += ",\"budget\":" + shown(budget);
    }
    if (company.has_key) {
        company.key.tenant = made.id;
        TRY(const MadeKey key,
            make_key(call, session, std::move(company.key), company.chosen_key));
        text += ",\"key\":" + shown_once(key);
    }
    text += '}';
    call.header("etag", "\"" + std::to_string(made.etag) + "\"");
    call.header("location", "/api/v1/tenants/" + made.id);
    return call.answer(201, std::move(text));
}

Outcome get_tenant(Call& call, Session& session) {
    TRY(const domain::Tenant tenant, store::find_tenant(session, call.access, call.path("id")));
    TRY_VOID(call.checked());
    return call.show(tenant);
}

Outcome update_tenant(Call& call, Session& session) {
    TRY(const domain::Tenant stored, store::find_tenant(session, call.access, call.path("id")));
    TRY(domain::Tenant changed, changed_by(call, stored, "tenant " + stored.name));
    TRY_VOID(call.check_writable(stored.origin, "tenant " + stored.name));
    TRY_VOID(check_bounds(call, stored, changed));
    TRY_VOID(check(session, changed));
    TRY(const domain::Tenant written,
        store::update_tenant(session, call.access, std::move(changed)));
    call.record_change("tenant.updated", "tenant/" + stored.id, stored.id, stored, written);
    return call.show(written);
}

Outcome delete_tenant(Call& call, Session& session) {
    TRY(const domain::Tenant stored, store::find_tenant(session, call.access, call.path("id")));
    TRY_VOID(call.checked());
    TRY_VOID(call.check_match(stored.etag, "tenant " + stored.name));
    TRY_VOID(call.check_writable(stored.origin, "tenant " + stored.name));
    TRY(const store::Removal removal, store::remove_tenant(session, call.access, stored.id));
    call.record("tenant.deleted", "tenant/" + stored.id, stored.id, shown(stored));
    return call.done(removal == store::Removal::deleted
                         ? "the tenant is deleted with everything it owned"
                         : "the tenant is disabled, its keys are revoked; its usage stays for "
                           "the reports",
                     stored.id);
}

}  // namespace tollgate::admin
