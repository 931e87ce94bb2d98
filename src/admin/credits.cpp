#include <cmath>

#include "store/credits.hpp"

#include <algorithm>

#include "admin/handlers.hpp"
#include "admin/lookup.hpp"
#include "admin/times.hpp"
#include "policy/budget_period.hpp"
#include "store/settings.hpp"
#include "store/tenants.hpp"
#include "store/tiers.hpp"
#include "store/usage.hpp"

namespace tollgate::admin {
namespace {

// Whose credits: a user's, or a tenant's own.
struct Holder {
    domain::Tenant tenant;
    std::optional<domain::User> user;
    std::string user_id() const { return user ? user->id : std::string(); }
};

// `user_id` and `tenant` as the request gave them, "" for neither.
base::Result<Holder> find_holder(Call& call, Session& session, const std::string& user_id,
                                 const std::string& tenant) {
    Holder holder;
    const bool own_user = user_id.empty() && tenant.empty() && !call.caller.user.empty();
    if (own_user || !user_id.empty() || call.own_only()) {
        TRY(holder.user, find_user(call, session, user_id.empty() ? "me" : user_id));
        TRY(holder.tenant, store::tenant_by_id(session, call.access, holder.user->tenant));
        return holder;
    }
    if (call.platform() && tenant.empty() && call.caller.tenant.empty()) {
        return invalid("user_id or tenant is required", "user_id");
    }
    TRY(holder.tenant, call.tenant_for(session, tenant));
    TRY_VOID(call.check_reach({holder.tenant.id}, "tenant " + holder.tenant.id));
    return holder;
}

base::Result<std::optional<domain::NanoUsd>> tier_cap(Session& session, const Holder& holder) {
    std::string tier = holder.tenant.tier;
    if (holder.user && !holder.user->tier.empty()) tier = holder.user->tier;
    if (tier.empty()) return std::optional<domain::NanoUsd>();
    auto found = store::tier_by_name(session, tier);
    if (found.ok()) return found->monthly_cap;
    // A tier that a file names and nobody made caps nothing.
    if (found.error().code == base::ErrorCode::not_found) return std::optional<domain::NanoUsd>();
    return found.error();
}

base::Result<domain::NanoUsd> spent_this_month(Call& call, Session& session,
                                               const Holder& holder) {
    const auto zone = policy::TimeZone::load(holder.tenant.time_zone);
    const std::int64_t now = store::now_micros();
    const policy::PeriodBounds month =
        policy::period_at(domain::BudgetPeriod::monthly, 1,
                          zone.ok() ? *zone.value() : *policy::TimeZone::utc(),
                          now / micros_per_second);
    const auto kind = holder.user ? domain::SubjectKind::user : domain::SubjectKind::tenant;
    TRY(const store::Spent spent,
        store::spent_between(session, call.access, kind, holder.tenant.id,
                             holder.user ? holder.user->id : holder.tenant.id,
                             month.from * micros_per_second, 0));
    return spent.total();
}

Outcome show_account(Call& call, Session& session, const Holder& holder, int status) {
    TRY(const store::CreditTotals totals,
        store::credit_totals(session, call.access, holder.tenant.id, holder.user_id()));
    TRY(const domain::NanoUsd used, spent_this_month(call, session, holder));
    TRY(std::optional<domain::NanoUsd> cap, tier_cap(session, holder));
    std::string power_level = "balanced";
    if (holder.user) {
        TRY(const domain::UserSettings settings,
            store::settings_of(session, call.access, holder.tenant.id, holder.user->id));
        if (!settings.power_level.empty()) power_level = settings.power_level;
        if (settings.monthly_cap) cap = settings.monthly_cap;
    }
    std::string text;
    json::Writer writer(text);
    writer.begin_object().key("user_id");
    holder.user ? writer.string(holder.user->id) : writer.null();
    writer.string("tenant", holder.tenant.id);
    write_money(writer, "credits_remaining", totals.balance());
    writer.string("power_level", power_level);
    write_money(writer, "monthly_cap", cap);
    write_money(writer, "usage_this_month", used);
    writer.key("percentage_used");
    if (cap && *cap > 0) {
        // Two digits behind the point, exact in whole ten-thousandths of the cap.
        constexpr double most = 9e7;  // what a number of nano-dollars can still say
        const double share =
            std::min(static_cast<double>(used) / static_cast<double>(*cap), most);
        writer.raw(domain::dollars(std::int64_t{std::llround(share * 10'000.0)} *
                                   (domain::nano_per_usd / 100)));
    } else {
        writer.null();
    }
    writer.end_object();
    return call.answer(status, std::move(text));
}

}  // namespace

Outcome get_credits(Call& call, Session& session) {
    const std::string user_id = call.query().text("user_id");
    const std::string tenant = call.query().text("tenant");
    TRY_VOID(call.checked());
    TRY(const Holder holder, find_holder(call, session, user_id, tenant));
    return show_account(call, session, holder, 200);
}

Outcome add_credits(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    std::string user_id, tenant, kind = "grant";
    domain::CreditMovement movement;
    fields->text("user_id", user_id);
    fields->text("tenant", tenant);
    fields->money("amount", movement.amount);
    if (movement.amount == 0) fields->problem("amount", "is required, and not 0: US dollars");
    fields->text("note", movement.note);
    fields->text("reference", movement.reference);
    fields->word("kind", kind, {"grant", "purchase", "refund"});
    TRY_VOID(call.checked());
    if (user_id.empty() && tenant.empty()) {
        return invalid("user_id or tenant is required", "user_id");
    }
    TRY(const Holder holder, find_holder(call, session, user_id, tenant));
    movement.kind = domain::credit_kind_of(kind).value_or(domain::CreditKind::grant);
    movement.tenant = holder.tenant.id;
    movement.user = holder.user_id();
    movement.actor = call.caller.key_id.empty() ? call.caller.key_name : call.caller.key_id;
    movement.at = store::now_micros();
    TRY(const bool added, store::append_credit(session, call.access, movement));
    // A reference that was booked already is no error: whoever sends it again learns the balance.
    if (added) {
        std::string details;
        json::Writer writer(details);
        write(writer, movement);
        call.record("credits.added", "credits/" + (movement.user.empty() ? movement.tenant
                                                                         : movement.user),
                    movement.tenant, {}, details);
    }
    return show_account(call, session, holder, added ? 201 : 200);
}

Outcome credit_history(Call& call, Session& session) {
    Query& query = call.query();
    const std::string user_id = query.text("user_id");
    const std::string tenant = query.text("tenant");
    store::CreditFilter filter;
    const std::string kind =
        query.word("kind", "", {"grant", "purchase", "usage", "refund", "fee"});
    filter.kind = domain::credit_kind_of(kind);
    filter.from = query.time("from", 0);
    filter.to = query.time("to", 0);
    const store::PageRequest page = call.page();
    TRY_VOID(call.checked());
    TRY(const Holder holder, find_holder(call, session, user_id, tenant));
    filter.tenant = holder.tenant.id;
    filter.user = holder.user_id();
    TRY(const auto found, store::credit_history(session, call.access, filter, page));
    return call.show_page(found);
}

}  // namespace tollgate::admin
