#include "store/teams.hpp"

#include <array>

#include "base/ids.hpp"
#include "store/table.hpp"

namespace tollgate::store {
namespace {

struct TeamTable {
    using Value = domain::Team;
    static constexpr std::string_view name = "teams", noun = "team", key = "id",
                                      tenant = "tenant_id";
    static constexpr std::array<Constraint, 2> constraints{
        {{"teams_name_unique", "name"}, {"teams_of_tenant", "id"}}};
    template <typename V>
    static void fields(V& v, Value& t) {
        v.column("id", t.id, Written::once);
        v.column("tenant_id", t.tenant, Written::once);
        v.column("name", t.name);
        v.column("enabled", t.enabled);
        v.column("allowed_models", t.allowed_models);
        v.column("aliases", t.aliases);
        v.column("limits", t.limits);
        v.object("metadata", t.metadata);
        v.column("created", t.created, Written::once);
        v.column("updated", t.updated);
        v.etag(t.etag);
    }
};

}  // namespace

base::Result<domain::Team> insert_team(Session& session, const Access& access, domain::Team team) {
    TRY_VOID(check_writes(access, team.tenant));
    TRY_VOID(check_tenant(session, team.tenant));
    if (team.id.empty()) team.id = base::uuid7();
    if (team.created == 0) team.created = now_micros();
    if (team.updated == 0) team.updated = team.created;
    TRY_VOID(insert_row<TeamTable>(session, team));
    return team_by_id(session, access, team.id);
}

base::Result<domain::Team> team_by_id(Session& session, const Access& access, std::string_view id) {
    return row_by_key<TeamTable>(session, access, id);
}

base::Result<domain::Team> team_by_name(Session& session, const Access& access,
                                        std::string_view tenant, std::string_view name) {
    Statement statement = select_from<TeamTable>();
    statement.where("tenant_id = ").text(tenant).where("name = ").text(name);
    statement.where_tenant(access);
    return one_row<TeamTable>(session, statement, name);
}

base::Result<domain::Team> update_team(Session& session, const Access& access, domain::Team team) {
    team.updated = now_micros();
    return update_row<TeamTable>(session, access, team, team.id, team.etag);
}

base::Result<void> remove_team(Session& session, const Access& access, std::string_view id) {
    TRY(const auto team, team_by_id(session, access, id));
    const std::int64_t now = now_micros();
    Statement users("UPDATE users SET team_id = ");
    users.null().add(", updated = ").integer(now).add(", etag = etag + 1");
    users.where("tenant_id = ").text(team.tenant).where("team_id = ").text(id);
    TRY_VOID(users.execute(session));
    TRY_VOID(revoke_keys_of(session, team.tenant, "team_id", id, now));
    TRY_VOID(remove_bounds_of(session, team.tenant, domain::SubjectKind::team, id));
    return remove_row<TeamTable>(session, access, id);
}

base::Result<Page<domain::Team>> list_teams(Session& session, const Access& access,
                                            const TeamFilter& filter, const PageRequest& page) {
    Statement statement = select_from<TeamTable>();
    statement.where_tenant(access);
    if (!filter.tenant.empty()) statement.where("tenant_id = ").text(filter.tenant);
    if (filter.enabled) statement.where("enabled = ").flag(*filter.enabled);
    statement.where_contains({"name", "id"}, filter.text);
    return page_by_key<TeamTable>(session, std::move(statement), page,
                                  [](const domain::Team& t) { return t.id; });
}

base::Result<std::vector<domain::Team>> load_teams(Session& session) {
    return load_rows<TeamTable>(session);
}

}  // namespace tollgate::store
