#include "store/teams.hpp"

#include "admin/handlers.hpp"
#include "admin/lookup.hpp"

namespace tollgate::admin {

Outcome list_teams(Call& call, Session& session) {
    store::TeamFilter filter;
    TRY(filter.tenant, call.tenant_filter(session));
    filter.enabled = call.query().optional_flag("enabled");
    filter.text = call.query().text("text");
    const store::PageRequest page = call.page();
    TRY_VOID(call.checked());
    TRY(const auto found, store::list_teams(session, call.access, filter, page));
    return call.show_page(found);
}

Outcome create_team(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    domain::Team team;
    std::string asked;
    fields->text("tenant", asked);
    read(*fields, team);
    TRY_VOID(call.checked());
    TRY(const domain::Tenant tenant, call.tenant_for(session, asked));
    team.tenant = tenant.id;
    TRY(const domain::Team made, store::insert_team(session, call.access, std::move(team)));
    call.record("team.created", "team/" + made.id, made.tenant, {}, shown(made));
    call.header("location", "/api/v1/teams/" + made.id);
    return call.show(made, 201);
}

Outcome get_team(Call& call, Session& session) {
    TRY(const domain::Team team, find_team(call, session, call.path("id")));
    TRY_VOID(call.checked());
    return call.show(team);
}

Outcome update_team(Call& call, Session& session) {
    TRY(const domain::Team stored, find_team(call, session, call.path("id")));
    TRY(domain::Team changed, changed_by(call, stored, "team " + stored.name));
    TRY(const domain::Team written, store::update_team(session, call.access, std::move(changed)));
    call.record_change("team.updated", "team/" + stored.id, stored.tenant, stored, written);
    return call.show(written);
}

Outcome delete_team(Call& call, Session& session) {
    TRY(const domain::Team stored, find_team(call, session, call.path("id")));
    TRY_VOID(call.checked());
    TRY_VOID(call.check_match(stored.etag, "team " + stored.name));
    TRY_VOID(store::remove_team(session, call.access, stored.id));
    call.record("team.deleted", "team/" + stored.id, stored.tenant, shown(stored));
    return call.done("the team is deleted and its keys are revoked", stored.id);
}

}  // namespace tollgate::admin
