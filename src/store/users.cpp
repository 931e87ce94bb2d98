#include "store/users.hpp"

#include <array>

#include "base/ids.hpp"
#include "store/table.hpp"

namespace tollgate::store {
namespace {

struct UserTable {
    using Value = domain::User;
    static constexpr std::string_view name = "users", noun = "user", key = "id",
                                      tenant = "tenant_id";
    static constexpr std::array<Constraint, 2> constraints{
        {{"users_external_id_unique", "external_id"}, {"users_of_tenant", "id"}}};
    template <typename V>
    static void fields(V& v, Value& u) {
        v.column("id", u.id, Written::once);
        v.column("tenant_id", u.tenant, Written::once);
        v.nullable("team_id", u.team);
        v.column("name", u.name);
        v.column("email", u.email);
        v.column("external_id", u.external_id);
        v.word("role", u.role);
        v.column("service", u.service);
        v.column("enabled", u.enabled);
        v.column("tier", u.tier);
        v.column("allowed_models", u.allowed_models);
        v.column("limits", u.limits);
        v.object("metadata", u.metadata);
        v.column("created", u.created, Written::once);
        v.column("updated", u.updated);
        v.etag(u.etag);
    }
};

}  // namespace

base::Result<domain::User> insert_user(Session& session, const Access& access, domain::User user) {
    TRY_VOID(check_writes(access, user.tenant));
    TRY_VOID(check_tenant(session, user.tenant));
    TRY_VOID(check_member(session, "teams", user.tenant, user.team, "team"));
    if (user.id.empty()) user.id = base::uuid7();
    if (user.created == 0) user.created = now_micros();
    if (user.updated == 0) user.updated = user.created;
    TRY_VOID(insert_row<UserTable>(session, user));
    return user_by_id(session, access, user.id);
}

base::Result<domain::User> user_by_id(Session& session, const Access& access, std::string_view id) {
    return row_by_key<UserTable>(session, access, id);
}

base::Result<domain::User> user_by_external_id(Session& session, const Access& access,
                                               std::string_view tenant,
                                               std::string_view external_id) {
    if (external_id.empty()) return not_found("user without an external id");
    Statement statement = select_from<UserTable>();
    statement.where("tenant_id = ").text(tenant).where("external_id = ").text(external_id);
    statement.where_tenant(access);
    return one_row<UserTable>(session, statement, external_id);
}

base::Result<domain::User> find_user(Session& session, const Access& access,
                                     std::string_view id_or_external_id) {
    auto by_id = user_by_id(session, access, id_or_external_id);
    if (by_id || by_id.error().code != base::ErrorCode::not_found) return by_id;
    if (id_or_external_id.empty()) return by_id;
    Statement statement = select_from<UserTable>();
    statement.where("external_id = ").text(id_or_external_id).where_tenant(access);
    statement.add(" LIMIT 2");
    TRY(auto found, rows_of<UserTable>(session, statement));
    if (found.empty()) return by_id;
    if (found.size() > 1) {
        return conflict("several tenants have a user with the external id \"" +
                            std::string(id_or_external_id) + "\": name the user by its id",
                        "id");
    }
    domain::User user = std::move(found.front());
    return user;
}

base::Result<domain::User> user_called(Session& session, const Access& access,
                                       std::string_view tenant, std::string_view called) {
    if (called.empty()) return not_found("user without a name");
    for (const std::string_view same :
         {"id = ", "external_id = ", "lower(email) = lower(", "name = "}) {
        Statement statement = select_from<UserTable>();
        statement.where("tenant_id = ").text(tenant).where(same).text(called);
        if (same.ends_with('(')) statement.add(")");
        statement.where_tenant(access).add(" ORDER BY id LIMIT 2");
        TRY(const auto found, rows_of<UserTable>(session, statement));
        if (found.size() == 1) return found.front();
        if (found.size() > 1) {
            return conflict("user: several are called " + std::string(called) +
                                ": name one by its id, like " + found.front().id,
                            "user");
        }
    }
    return not_found("user " + std::string(called));
}

base::Result<domain::User> update_user(Session& session, const Access& access, domain::User user) {
    TRY(const auto stored, user_by_id(session, access, user.id));
    TRY_VOID(check_member(session, "teams", stored.tenant, user.team, "team"));
    user.updated = now_micros();
    return update_row<UserTable>(session, access, user, user.id, user.etag);
}

base::Result<void> remove_user(Session& session, const Access& access, std::string_view id) {
    TRY(const auto user, user_by_id(session, access, id));
    TRY_VOID(revoke_keys_of(session, user.tenant, "user_id", id, now_micros()));
    TRY_VOID(remove_bounds_of(session, user.tenant, domain::SubjectKind::user, id));
    Statement settings("DELETE FROM user_llm_settings");
    settings.where("tenant_id = ").text(user.tenant).where("user_id = ").text(id);
    TRY_VOID(settings.execute(session));
    Statement own_keys("DELETE FROM user_provider_keys");
    own_keys.where("tenant_id = ").text(user.tenant).where("user_id = ").text(id);
    TRY_VOID(own_keys.execute(session));
    return remove_row<UserTable>(session, access, id);
}

base::Result<Page<domain::User>> list_users(Session& session, const Access& access,
                                            const UserFilter& filter, const PageRequest& page) {
    Statement statement = select_from<UserTable>();
    statement.where_tenant(access);
    if (!filter.tenant.empty()) statement.where("tenant_id = ").text(filter.tenant);
    if (!filter.team.empty()) statement.where("team_id = ").text(filter.team);
    if (filter.service) statement.where("service = ").flag(*filter.service);
    if (filter.enabled) statement.where("enabled = ").flag(*filter.enabled);
    if (filter.role) statement.where("role = ").text(domain::to_string(*filter.role));
    statement.where_contains({"name", "email", "external_id", "id"}, filter.text);
    return page_by_key<UserTable>(session, std::move(statement), page,
                                  [](const domain::User& u) { return u.id; });
}

base::Result<std::vector<domain::User>> load_users(Session& session) {
    return load_rows<UserTable>(session);
}

}  // namespace tollgate::store
