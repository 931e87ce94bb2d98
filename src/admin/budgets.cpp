#include "store/budgets.hpp"

#include "admin/budget_making.hpp"
#include "admin/handlers.hpp"
#include "admin/lookup.hpp"

namespace tollgate::admin {
namespace {

base::Result<void> write_with_state(json::Writer& writer, const Call& call, Session& session,
                                    const domain::Budget& budget) {
    TRY(const auto state, state_of(call, session, budget));
    writer.begin_object();
    write_members(writer, budget);
    write_state(writer, budget, state);
    writer.end_object();
    return {};
}

Outcome show_budget(Call& call, Session& session, const domain::Budget& budget, int status) {
    std::string text;
    json::Writer writer(text);
    TRY_VOID(write_with_state(writer, call, session, budget));
    call.header("etag", "\"" + std::to_string(budget.etag) + "\"");
    return call.answer(status, std::move(text));
}

base::Result<domain::Budget> find_budget(Call& call, Session& session) {
    TRY(const domain::Budget budget, store::budget_by_id(session, call.access, call.path("id")));
    policy::Owner owner{budget.tenant};
    if (budget.kind == domain::SubjectKind::user) owner.user = budget.subject;
    if (budget.kind == domain::SubjectKind::key) owner.key_id = budget.subject;
    TRY_VOID(call.check_reach(owner, "budget " + budget.id));
    return budget;
}

// A tenant may bound itself further; what the platform set for it is not the tenant's to change.
base::Result<void> check_tenants_own(const Call& call, const domain::Budget& budget) {
    const bool of_platform =
        budget.kind == domain::SubjectKind::tenant || budget.kind == domain::SubjectKind::provider;
    return call.check_platform_sets(of_platform && budget.by_admin,
                                    std::string("the budget of this ") +
                                        domain::to_string(budget.kind));
}

}  // namespace

Outcome list_budgets(Call& call, Session& session) {
    store::BudgetFilter filter;
    if (call.query().has("tenant") || !call.platform()) {
        TRY(filter.tenant, call.tenant_filter(session));
    }
    const std::string kind =
        call.query().word("kind", "", {"tenant", "team", "user", "key", "provider"});
    filter.kind = domain::subject_kind_of(kind);
    filter.subject = call.query().text("subject");
    filter.name = call.query().text("name");
    const store::PageRequest page = call.page();
    TRY_VOID(call.checked());
    if (call.own_only()) {
        const bool of_user = !call.caller.user.empty();
        filter.kind = of_user ? domain::SubjectKind::user : domain::SubjectKind::key;
        filter.subject = of_user ? call.caller.user : call.caller.key_id;
    }
    TRY(auto found, store::list_budgets(session, call.access, filter, page));
    std::string text;
    json::Writer writer(text);
    writer.begin_object().key("data").begin_array();
    for (const domain::Budget& budget : found.items) {
        TRY_VOID(write_with_state(writer, call, session, budget));
    }
    writer.end_array();
    Call::end_page(writer, found.next);
    return call.answer(200, std::move(text));
}

Outcome create_budget(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    domain::Budget budget;
    std::string asked;
    fields->text("tenant", asked);
    read_subject_kind(*fields, "kind", budget.kind);
    fields->text("subject", budget.subject);
    if (!fields->has("limit")) fields->problem("limit", "is required: an amount in US dollars");
    read(*fields, budget);
    TRY_VOID(call.checked());
    if (budget.kind == domain::SubjectKind::provider && asked.empty() && call.platform()) {
        if (budget.subject.empty()) return invalid("subject is required", "subject");
    } else {
        TRY(const domain::Tenant tenant, call.tenant_for(session, asked));
        budget.tenant = tenant.id;
        // Of a tenant the subject may be its name, or left out.
        if (budget.kind == domain::SubjectKind::tenant &&
            (budget.subject.empty() || budget.subject == tenant.name)) {
            budget.subject = tenant.id;
        }
        if (budget.subject.empty()) return invalid("subject is required", "subject");
    }
    if (budget.kind == domain::SubjectKind::tenant) budget.by_admin = call.platform();
    TRY_VOID(check_tenants_own(call, budget));
    TRY(const domain::Budget made, make_budget(call, session, std::move(budget)));
    call.header("location", "/api/v1/budgets/" + made.id);
    return show_budget(call, session, made, 201);
}

Outcome get_budget(Call& call, Session& session) {
    TRY(const domain::Budget budget, find_budget(call, session));
    TRY_VOID(call.checked());
    return show_budget(call, session, budget, 200);
}

Outcome update_budget(Call& call, Session& session) {
    TRY(const domain::Budget stored, find_budget(call, session));
    TRY_VOID(check_tenants_own(call, stored));
    TRY(Fields * fields, call.body());
    fields->skip("state");  // shown beside the budget, so a client may send it back
    TRY(domain::Budget changed, changed_by(call, stored, "budget " + stored.id));
    TRY(const domain::Budget written, change_budget(call, session, stored, std::move(changed)));
    return show_budget(call, session, written, 200);
}

Outcome delete_budget(Call& call, Session& session) {
    TRY(const domain::Budget stored, find_budget(call, session));
    TRY_VOID(call.checked());
    TRY_VOID(check_tenants_own(call, stored));
    TRY_VOID(call.check_match(stored.etag, "budget " + stored.id));
    TRY_VOID(call.check_writable(stored.origin, "budget " + stored.id));
    TRY_VOID(store::remove_budget(session, call.access, stored.id));
    call.record("budget.deleted", "budget/" + stored.id, stored.tenant, shown(stored));
    return call.done("the budget is removed", stored.id);
}

}  // namespace tollgate::admin
