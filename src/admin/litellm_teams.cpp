#include "admin/litellm.hpp"
#include "admin/lookup.hpp"
#include "store/teams.hpp"

namespace tollgate::admin {
namespace {

using store::Session;

struct Member {
    std::string user_id, email, role = "user";
};

struct TeamRequest {
    domain::Team team;
    LiteTerms terms;
    std::string organization;
    std::vector<Member> members;
};

void read_team(Fields& fields, TeamRequest& wanted) {
    fields.text("team_alias", wanted.team.name);
    fields.text("organization_id", wanted.organization);
    read_lite_models(fields, wanted.team.allowed_models);
    fields.pairs("model_aliases", wanted.team.aliases);
    fields.object_text("metadata", wanted.team.metadata);
    read_lite_limits(fields, wanted.team.limits);
    read_terms(fields, wanted.terms);
    bool blocked = !wanted.team.enabled;
    if (!fields.is_null("blocked")) fields.flag("blocked", blocked);
    wanted.team.enabled = !blocked;
    fields.objects("members_with_roles", [&](Fields& inner) {
        Member member;
        inner.text("user_id", member.user_id);
        inner.text("user_email", member.email);
        inner.word("role", member.role, {"admin", "user"});
        if (member.user_id.empty() && member.email.empty()) {
            inner.problem("user_id", "or user_email is required");
        }
        wanted.members.push_back(std::move(member));
    });
}

base::Result<void> add_members(Call& call, Session& session, const domain::Team& team,
                               const std::vector<Member>& members) {
    for (const Member& member : members) {
        const std::string& name = member.user_id.empty() ? member.email : member.user_id;
        TRY(const domain::User stored, lite_user(call, session, team.tenant, name));
        domain::User user = stored;
        user.team = team.id;
        if (user.email.empty()) user.email = member.email;
        TRY(const domain::User written, store::update_user(session, call.access, user));
        call.record_change("user.updated", "user/" + user.id, user.tenant, stored, written);
    }
    return {};
}

// A team admin of LiteLLM has no rights of its own here: who administers is a tenant admin.
base::Result<void> write_team(json::Writer& writer, Call& call, Session& session,
                              const domain::Team& team) {
    writer.begin_object()
        .string("team_id", team.id)
        .string("team_alias", team.name)
        .string("organization_id", team.tenant);
    store::UserFilter filter;
    filter.tenant = team.tenant;
    filter.team = team.id;
    const store::PageRequest page{page_rows_max, ""};
    TRY(const auto users, store::list_users(session, call.access, filter, page));
    writer.key("members_with_roles").begin_array();
    for (const domain::User& user : users.items) {
        const bool admin = user.role >= domain::AccessRole::tenant_admin;
        writer.begin_object()
            .string("user_id", lite_user_id(user))
            .string("user_email", user.email)
            .string("role", admin ? "admin" : "user")
            .end_object();
    }
    writer.end_array();
    write_names(writer, "models", team.allowed_models);
    write_pairs(writer, "model_aliases", team.aliases);
    writer.raw("metadata", team.metadata.empty() ? std::string_view("{}")
                                                 : std::string_view(team.metadata));
    write_lite_limits(writer, team.limits);
    TRY_VOID(write_lite_money(writer, call, session, domain::SubjectKind::team, team.tenant,
                              team.id));
    writer.boolean("blocked", !team.enabled);
    write_time(writer, "created_at", team.created);
    write_time(writer, "updated_at", team.updated);
    writer.end_object();
    return {};
}

}  // namespace

base::Result<void> lite_team_new(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    TeamRequest wanted;
    fields->text("team_id", wanted.team.id);
    read_team(*fields, wanted);
    TRY_VOID(call.checked());
    TRY(const domain::Tenant tenant, lite_tenant(call, session, wanted.organization));
    domain::Team team = wanted.team;
    team.tenant = tenant.id;
    if (team.name.empty()) team.name = team.id;
    if (team.name.empty()) return invalid("team_alias or team_id is required", "team_alias");
    TRY(const domain::Team made, store::insert_team(session, call.access, std::move(team)));
    call.record("team.created", "team/" + made.id, made.tenant, {}, shown(made));
    TRY_VOID(put_lite_budget(call, session, domain::SubjectKind::team, made.tenant, made.id,
                             wanted.terms));
    TRY_VOID(add_members(call, session, made, wanted.members));
    std::string text;
    json::Writer writer(text);
    TRY_VOID(write_team(writer, call, session, made));
    return call.answer(200, std::move(text));
}

base::Result<void> lite_team_info(Call& call, Session& session) {
    const std::string id = call.query().text("team_id");
    TRY_VOID(call.checked());
    if (id.empty()) return invalid("team_id is required: ?team_id=...", "team_id");
    TRY(const domain::Team team, find_team(call, session, id));
    std::string text;
    json::Writer writer(text);
    writer.begin_object().string("team_id", team.id).key("team_info");
    TRY_VOID(write_team(writer, call, session, team));
    TRY_VOID(write_lite_keys_of(writer, call, session, team.tenant, team.id, ""));
    writer.key("team_memberships").begin_array().end_array().end_object();
    return call.answer(200, std::move(text));
}

base::Result<void> lite_team_update(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    std::string id;
    fields->required_text("team_id", id);
    if (id.empty()) return invalid("team_id is required", "team_id");
    TRY(const domain::Team stored, find_team(call, session, id));
    TeamRequest wanted;
    wanted.team = stored;
    read_team(*fields, wanted);
    TRY_VOID(call.checked());
    TRY(const domain::Team written, store::update_team(session, call.access, wanted.team));
    call.record_change("team.updated", "team/" + stored.id, stored.tenant, stored, written);
    TRY_VOID(put_lite_budget(call, session, domain::SubjectKind::team, written.tenant, written.id,
                             wanted.terms));
    TRY_VOID(add_members(call, session, written, wanted.members));
    std::string text;
    json::Writer writer(text);
    writer.begin_object()
        .string("message", "Team updated successfully")
        .string("team_id", written.id)
        .key("data");
    TRY_VOID(write_team(writer, call, session, written));
    writer.end_object();
    return call.answer(200, std::move(text));
}

base::Result<void> lite_team_list(Call& call, Session& session) {
    store::TeamFilter filter;
    const std::string organization = call.query().text("organization_id");
    TRY_VOID(call.checked());
    if (!organization.empty()) {
        TRY(const domain::Tenant tenant, call.tenant_for(session, organization));
        filter.tenant = tenant.id;
    }
    const store::PageRequest page{page_rows_max, ""};
    TRY(const auto teams, store::list_teams(session, call.access, filter, page));
    std::string text;
    json::Writer writer(text);
    writer.begin_array();
    for (const domain::Team& team : teams.items) {
        TRY_VOID(write_team(writer, call, session, team));
    }
    writer.end_array();
    return call.answer(200, std::move(text));
}

base::Result<void> lite_team_delete(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    std::vector<std::string> ids;
    fields->names("team_ids", ids);
    TRY_VOID(call.checked());
    if (ids.empty()) return invalid("team_ids is required", "team_ids");
    for (const std::string& id : ids) {
        TRY(const domain::Team team, find_team(call, session, id));
        TRY_VOID(store::remove_team(session, call.access, team.id));
        call.record("team.deleted", "team/" + team.id, team.tenant, shown(team));
    }
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    write_names(writer, "deleted_teams", ids);
    writer.end_object();
    return call.answer(200, std::move(text));
}

}  // namespace tollgate::admin
