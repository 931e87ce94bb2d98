#include "store/users.hpp"

#include "admin/handlers.hpp"
#include "admin/lookup.hpp"

namespace tollgate::admin {
namespace {

base::Result<void> check(Call& call, Session& session, const domain::User& user) {
    TRY_VOID(policy::authorize_grant(call.caller, user.role));
    TRY_VOID(check_tier(session, user.tier));
    return check_owners(call, session, user.tenant, user.team, "");
}

}  // namespace

Outcome list_users(Call& call, Session& session) {
    store::UserFilter filter;
    TRY(filter.tenant, call.tenant_filter(session));
    Query& query = call.query();
    filter.team = query.text("team");
    filter.service = query.optional_flag("service");
    filter.enabled = query.optional_flag("enabled");
    const std::string role = query.word(
        "role", "", {"member", "tenant_auditor", "tenant_admin", "platform_admin"});
    filter.role = domain::access_role_of(role);
    filter.text = query.text("text");
    const store::PageRequest page = call.page();
    TRY_VOID(call.checked());
    if (call.own_only()) {
        store::Page<domain::User> own;
        if (!call.caller.user.empty()) {
            TRY(domain::User user, store::user_by_id(session, call.access, call.caller.user));
            own.items.push_back(std::move(user));
        }
        return call.show_page(own);
    }
    TRY(const auto found, store::list_users(session, call.access, filter, page));
    return call.show_page(found);
}

Outcome create_user(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    domain::User user;
    std::string asked;
    fields->text("tenant", asked);
    fields->text("id", user.id);
    read(*fields, user);
    // Counters are kept by ids with colons between them, and "me" is whoever asks.
    if (user.id.find(':') != std::string::npos || user.id == "me") {
        fields->problem("id", "must not hold a colon, nor be me");
    }
    if (user.name.empty() && user.email.empty() && user.external_id.empty()) {
        fields->problem("name", "is required (or email, or external_id)");
    }
    TRY_VOID(call.checked());
    TRY(const domain::Tenant tenant, call.tenant_for(session, asked));
    user.tenant = tenant.id;
    TRY_VOID(call.check_platform_sets(!user.tier.empty(), "tier"));
    TRY_VOID(check(call, session, user));
    TRY(const domain::User made, store::insert_user(session, call.access, std::move(user)));
    call.record("user.created", "user/" + made.id, made.tenant, {}, shown(made));
    call.header("location", "/api/v1/users/" + made.id);
    return call.show(made, 201);
}

Outcome get_user(Call& call, Session& session) {
    TRY(const domain::User user, find_user(call, session, call.path("id")));
    TRY_VOID(call.checked());
    return call.show(user);
}

Outcome update_user(Call& call, Session& session) {
    TRY(const domain::User stored, find_user(call, session, call.path("id")));
    TRY_VOID(policy::authorize_grant(call.caller, stored.role));
    TRY(domain::User changed, changed_by(call, stored, "user " + stored.id));
    TRY_VOID(call.check_platform_sets(changed.tier != stored.tier, "tier"));
    TRY_VOID(check(call, session, changed));
    TRY(const domain::User written, store::update_user(session, call.access, std::move(changed)));
    call.record_change("user.updated", "user/" + stored.id, stored.tenant, stored, written);
    return call.show(written);
}

Outcome delete_user(Call& call, Session& session) {
    TRY(const domain::User stored, find_user(call, session, call.path("id")));
    TRY_VOID(call.checked());
    TRY_VOID(policy::authorize_grant(call.caller, stored.role));
    TRY_VOID(call.check_match(stored.etag, "user " + stored.id));
    TRY_VOID(store::remove_user(session, call.access, stored.id));
    call.record("user.deleted", "user/" + stored.id, stored.tenant, shown(stored));
    return call.done("the user is deleted and the user's keys are revoked", stored.id);
}

}  // namespace tollgate::admin
