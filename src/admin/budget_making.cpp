#include "admin/budget_making.hpp"

#include <utility>

#include "accounting/projections.hpp"
#include "admin/lookup.hpp"
#include "admin/times.hpp"
#include "store/budgets.hpp"
#include "store/keys.hpp"
#include "store/tenants.hpp"

namespace tollgate::admin {
namespace {

base::Error no_subject(const domain::Budget& budget) {
    return invalid(std::string("subject: there is no ") + domain::to_string(budget.kind) +
                             " " + budget.subject,
                         "subject");
}

base::Result<void> check_subject(Call& call, store::Session& session,
                                 const domain::Budget& budget) {
    base::Result<void> found;
    switch (budget.kind) {
        case domain::SubjectKind::tenant: {
            if (budget.subject != budget.tenant) return no_subject(budget);
            return {};
        }
        case domain::SubjectKind::team:
            found = check_owners(call, session, budget.tenant, budget.subject, "");
            break;
        case domain::SubjectKind::user:
            found = check_owners(call, session, budget.tenant, "", budget.subject);
            break;
        case domain::SubjectKind::key: {
            const auto key = store::key_by_id(session, call.access, budget.subject);
            if (!key.ok() || key.value().tenant != budget.tenant) return no_subject(budget);
            return {};
        }
        case domain::SubjectKind::provider: return {};
        default:
            return invalid("kind must be one of tenant, team, user, key, provider", "kind");
    }
    if (!found.ok() && found.error().code == base::ErrorCode::invalid_request) {
        return no_subject(budget);
    }
    return found;
}

// Each is looked at by every request of the subject.
base::Result<void> check_count(Call& call, store::Session& session, const domain::Budget& budget) {
    store::BudgetFilter same;
    same.tenant = budget.tenant;
    same.kind = budget.kind;
    same.subject = budget.subject;
    store::PageRequest page;
    page.limit = budgets_per_subject_max;
    TRY(const auto found, store::list_budgets(session, call.access, same, page));
    if (std::cmp_less(found.items.size(), budgets_per_subject_max)) return {};
    return store::conflict("the " + std::string(domain::to_string(budget.kind)) + " " +
                               budget.subject + " has " +
                               std::to_string(budgets_per_subject_max) +
                               " budgets already, the most there may be: change or delete one",
                           "subject");
}

}  // namespace

base::Result<domain::Budget> make_budget(Call& call, store::Session& session,
                                         domain::Budget budget) {
    TRY_VOID(check_time_zone(budget.time_zone));
    TRY_VOID(check_subject(call, session, budget));
    TRY_VOID(check_count(call, session, budget));
    TRY(const domain::Budget made,
        store::insert_budget(session, call.access, std::move(budget)));
    call.record("budget.created", "budget/" + made.id, made.tenant, {}, shown(made));
    return made;
}

base::Result<domain::Budget> change_budget(Call& call, store::Session& session,
                                           const domain::Budget& stored, domain::Budget changed) {
    TRY_VOID(call.check_writable(stored.origin, "budget " + stored.id));
    TRY_VOID(check_time_zone(changed.time_zone));
    TRY(const domain::Budget written,
        store::update_budget(session, call.access, std::move(changed)));
    call.record_change("budget.updated", "budget/" + stored.id, stored.tenant, stored, written);
    return written;
}

base::Result<std::optional<BudgetState>> state_of(const Call& call, store::Session& session,
                                                  const domain::Budget& budget) {
    const policy::LiveBudgetPointer live = call.services.live_budget(budget.id);
    if (live == nullptr) return std::optional<BudgetState>();
    const domain::UnixMicros now = store::now_micros();
    const policy::LiveBudget::Period& period = live->period(now);
    const policy::LiveBudget::Standing standing = live->standing(period);
    BudgetState state;
    state.spent = standing.spent;
    state.held = standing.held;
    if (budget.period == domain::BudgetPeriod::total) return std::optional(state);
    state.period_start = period.bounds.earlier_from * micros_per_second;
    state.reset = period.bounds.until * micros_per_second;
    if (budget.period == domain::BudgetPeriod::rolling) return std::optional(state);
    const std::string subject =
        budget.kind == domain::SubjectKind::tenant ? std::string() : budget.subject;
    TRY(const accounting::Projection projection,
        accounting::projection(session, call.access, budget.kind, budget.tenant, subject,
                               state.period_start, now, state.reset));
    state.projected = projection.projected;
    return std::optional(state);
}

void write_state(json::Writer& writer, const domain::Budget& budget,
                 const std::optional<BudgetState>& state) {
    writer.key("state");
    if (!state) {
        writer.null();
        return;
    }
    writer.begin_object();
    write_money(writer, "spent", state->spent);
    write_money(writer, "held", state->held);
    write_money(writer, "remaining",
                std::max<domain::NanoUsd>(0, budget.limit - state->spent - state->held));
    write_time(writer, "period_start", state->period_start);
    write_time(writer, "resets_at", state->reset);
    write_money(writer, "projected", state->projected);
    writer.end_object();
}

}  // namespace tollgate::admin
