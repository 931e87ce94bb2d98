#include "admin/litellm.hpp"
#include "store/budgets.hpp"

namespace tollgate::admin {
namespace {

using store::Session;

constexpr std::string_view template_subject = "template";

void write_budget(json::Writer& writer, const domain::Budget& budget) {
    writer.begin_object().string("budget_id", budget.id);
    write_lite_terms(writer, budget);
    write_time(writer, "created_at", budget.created);
    write_time(writer, "updated_at", budget.updated);
    writer.end_object();
}

}  // namespace

base::Result<void> lite_budget_new(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    domain::Budget budget;
    LiteTerms terms;
    std::string organization;
    fields->text("budget_id", budget.id);
    // file:acme:daily is a budget that a file defines, cap:... a user's own.
    if (budget.id.find(':') != std::string::npos) {
        fields->problem("budget_id", "must not hold a colon");
    }
    fields->text("organization_id", organization);
    read_terms(*fields, terms);
    if (!terms.max_budget && !terms.soft_budget) fields->problem("max_budget", "is required");
    TRY_VOID(call.checked());
    TRY(const domain::Tenant tenant, lite_tenant(call, session, organization));
    TRY_VOID(apply_terms(terms, budget));
    budget.tenant = tenant.id;
    budget.kind = domain::SubjectKind::key;
    budget.subject = template_subject;
    TRY(const domain::Budget made, store::insert_budget(session, call.access, std::move(budget)));
    call.record("budget.created", "budget/" + made.id, made.tenant, {}, shown(made));
    std::string text;
    json::Writer writer(text);
    write_budget(writer, made);
    return call.answer(200, std::move(text));
}

base::Result<void> lite_budget_info(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    std::vector<std::string> ids;
    fields->names("budgets", ids);
    TRY_VOID(call.checked());
    if (ids.empty()) return invalid("budgets is required: a list of budget ids", "budgets");
    std::string text;
    json::Writer writer(text);
    writer.begin_array();
    for (const std::string& id : ids) {
        TRY(const domain::Budget budget, store::budget_by_id(session, call.access, id));
        policy::Owner owner{budget.tenant};
        if (budget.kind == domain::SubjectKind::user) owner.user = budget.subject;
        if (budget.kind == domain::SubjectKind::key) owner.key_id = budget.subject;
        TRY_VOID(call.check_reach(owner, "budget " + id));
        write_budget(writer, budget);
    }
    writer.end_array();
    return call.answer(200, std::move(text));
}

}  // namespace tollgate::admin
