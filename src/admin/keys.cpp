#include "store/keys.hpp"

#include "admin/handlers.hpp"
#include "admin/key_making.hpp"
#include "admin/lookup.hpp"
#include "admin/times.hpp"
#include "store/tenants.hpp"

namespace tollgate::admin {
namespace {

Outcome show_secret(Call& call, const MadeKey& made, int status) {
    call.header("etag", "\"" + std::to_string(made.key.etag) + "\"");
    return call.answer(status, shown_once(made));
}

// POST /tenants/{id}/keys names the tenant in its path, POST /keys in its body.
bool has_tenant_in_path(const Call& call) {
    return call.operation.pattern.starts_with("/api/v1/tenants/");
}

}  // namespace

Outcome list_keys(Call& call, Session& session) {
    store::KeyFilter filter;
    if (has_tenant_in_path(call)) {
        TRY(const domain::Tenant tenant,
            store::find_tenant(session, call.access, call.path("id")));
        filter.tenant = tenant.id;
    } else {
        TRY(filter.tenant, call.tenant_filter(session));
    }
    Query& query = call.query();
    filter.team = query.text("team");
    filter.user = query.text("user");
    filter.name = query.text("name");
    filter.text = query.text("text");
    filter.tag = query.text("tag");
    filter.enabled = query.optional_flag("enabled");
    filter.with_revoked = query.flag("with_revoked", false);
    const store::PageRequest page = call.page();
    TRY_VOID(call.checked());
    if (call.own_only()) {
        if (call.caller.user.empty()) {
            // The key stands for nobody: it sees itself.
            store::Page<domain::Key> own;
            TRY(domain::Key key, store::key_by_id(session, call.access, call.caller.key_id));
            own.items.push_back(std::move(key));
            return call.show_page(own);
        }
        filter.user = call.caller.user;
    }
    TRY(const auto found, store::list_keys(session, call.access, filter, page));
    return call.show_page(found);
}

Outcome create_key(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    domain::Key key;
    std::string asked, chosen;
    if (has_tenant_in_path(call)) {
        asked = call.path("id");
    } else {
        fields->text("tenant", asked);
    }
    fields->text("key", chosen);
    read(*fields, key);
    TRY_VOID(call.checked());
    TRY(const domain::Tenant tenant, call.tenant_for(session, asked));
    key.tenant = tenant.id;
    TRY_VOID(take_owners(call, session, tenant.id, key.team, key.user));
    TRY(const MadeKey made, make_key(call, session, std::move(key), chosen));
    call.header("location", "/api/v1/keys/" + made.key.id);
    return show_secret(call, made, 201);
}

Outcome get_key(Call& call, Session& session) {
    TRY(const domain::Key key, find_key(call, session, call.path("id")));
    TRY_VOID(call.checked());
    return call.show(key);
}

Outcome update_key(Call& call, Session& session) {
    TRY(const domain::Key stored, find_key(call, session, call.path("id")));
    TRY(domain::Key changed, changed_by(call, stored, "key " + stored.name));
    TRY_VOID(take_owners(call, session, stored.tenant, changed.team, changed.user));
    TRY(const domain::Key written, change_key(call, session, stored, std::move(changed)));
    return call.show(written);
}

Outcome revoke_key(Call& call, Session& session) {
    TRY(const domain::Key stored, find_key(call, session, call.path("id")));
    TRY_VOID(call.checked());
    TRY_VOID(call.check_match(stored.etag, "key " + stored.name));
    TRY(const domain::Key ended, end_key(call, session, stored));
    return call.done("the key is revoked: every instance refuses it within a second", ended.id);
}

Outcome rotate_key(Call& call, Session& session) {
    TRY(const domain::Key stored, find_key(call, session, call.path("id")));
    TRY(Fields * fields, call.body());
    std::string chosen, grace;
    fields->text("key", chosen);
    fields->text("grace", grace);
    std::int64_t seconds = grace_seconds_default;
    if (!grace.empty()) {
        const auto duration = parse_duration(grace);
        if (grace == "0" || grace == "0s") {
            seconds = 0;
        } else if (!duration || duration->seconds() > grace_seconds_max) {
            fields->problem("grace", "must be a time like 24h, at most 30d, or 0 for none");
        } else {
            seconds = duration->seconds();
        }
    }
    TRY_VOID(call.checked());
    TRY_VOID(call.check_match(stored.etag, "key " + stored.name));
    TRY(const MadeKey made, renew_key(call, session, stored, chosen, seconds));
    return show_secret(call, made, 200);
}

namespace {

Outcome switch_to(Call& call, Session& session, bool enabled) {
    TRY(const domain::Key stored, find_key(call, session, call.path("id")));
    TRY_VOID(call.checked());
    TRY(const domain::Key written, switch_key(call, session, stored, enabled));
    return call.show(written);
}

}  // namespace

Outcome block_key(Call& call, Session& session) { return switch_to(call, session, false); }
Outcome unblock_key(Call& call, Session& session) { return switch_to(call, session, true); }

}  // namespace tollgate::admin
