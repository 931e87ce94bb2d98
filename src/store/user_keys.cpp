#include "store/user_keys.hpp"

#include <array>

#include "base/ids.hpp"
#include "store/table.hpp"

namespace tollgate::store {
namespace {

struct UserKeyTable {
    using Value = domain::UserProviderKey;
    static constexpr std::string_view name = "user_provider_keys", noun = "provider key",
                                      key = "id", tenant = "tenant_id";
    static constexpr std::array<Constraint, 1> constraints{
        {{"user_provider_keys_unique", "provider_type"}}};
    template <typename V>
    static void fields(V& v, Value& k) {
        v.column("id", k.id, Written::once);
        v.column("tenant_id", k.tenant, Written::once);
        v.column("user_id", k.user, Written::once);
        v.column("provider", k.provider, Written::once);
        v.column("api_key_encrypted", k.api_key_token);
        v.column("masked", k.masked);
        v.column("key_id", k.key_id);
        v.object("metadata", k.metadata);
        v.column("enabled", k.enabled);
        v.column("last_used", k.last_used, Written::once);
        v.column("created", k.created, Written::once);
        v.column("updated", k.updated);
        v.etag(k.etag);
    }
};

// What row-level security says on PostgreSQL, and the only bound on SQLite.
void where_owned(Statement& statement, const Access& access) {
    if (access.platform) return;
    statement.where_tenant(access);
    if (!access.users_keys) statement.where("user_id = ").text(access.user);
}

base::Result<void> check_owner(const Access& access, const domain::UserProviderKey& key) {
    TRY_VOID(check_writes(access, key.tenant));
    if (access.platform || access.users_keys || access.user == key.user) return {};
    return base::Error{base::ErrorCode::permission, "this belongs to another user", "user_id"};
}

}  // namespace

base::Result<std::vector<domain::UserProviderKey>> user_keys_of(Session& session,
                                                                const Access& access,
                                                                std::string_view tenant,
                                                                std::string_view user) {
    Statement statement = select_from<UserKeyTable>();
    where_owned(statement, access);
    statement.where("tenant_id = ").text(tenant).where("user_id = ").text(user);
    statement.add(" ORDER BY provider");
    return rows_of<UserKeyTable>(session, statement);
}

base::Result<domain::UserProviderKey> user_key(Session& session, const Access& access,
                                               std::string_view tenant, std::string_view user,
                                               std::string_view provider) {
    Statement statement = select_from<UserKeyTable>();
    where_owned(statement, access);
    statement.where("tenant_id = ").text(tenant).where("user_id = ").text(user);
    statement.where("provider = ").text(provider);
    return one_row<UserKeyTable>(session, statement,
                                 "for " + std::string(provider) + " of user " + std::string(user));
}

base::Result<domain::UserProviderKey> insert_user_key(Session& session, const Access& access,
                                                      domain::UserProviderKey key) {
    TRY_VOID(check_owner(access, key));
    TRY_VOID(check_tenant(session, key.tenant));
    if (key.id.empty()) key.id = base::uuid7();
    if (key.created == 0) key.created = now_micros();
    if (key.updated == 0) key.updated = key.created;
    TRY_VOID(insert_row<UserKeyTable>(session, key));
    return user_key(session, access, key.tenant, key.user, key.provider);
}

base::Result<domain::UserProviderKey> update_user_key(Session& session, const Access& access,
                                                      domain::UserProviderKey key) {
    TRY_VOID(check_owner(access, key));
    key.updated = now_micros();
    return update_row<UserKeyTable>(session, access, key, key.id, key.etag);
}

base::Result<void> remove_user_key(Session& session, const Access& access,
                                   const domain::UserProviderKey& key) {
    TRY_VOID(check_owner(access, key));
    return remove_row<UserKeyTable>(session, access, key.id);
}

base::Result<std::vector<OwnKeyUse>> own_key_use(Session& session, const Access& access,
                                                 std::string_view tenant, std::string_view user,
                                                 domain::UnixMicros from) {
    Statement statement(
        "SELECT provider, COUNT(*), SUM(cost_nano + fee_nano), SUM(list_cost_nano), MAX(at) "
        "FROM llm_usage_logs");
    statement.where_tenant(access);
    statement.where("tenant_id = ").text(tenant).where("user_id = ").text(user);
    statement.where("byok = TRUE").where("at >= ").integer(from);
    statement.add(" GROUP BY provider ORDER BY provider");
    std::vector<OwnKeyUse> all;
    TRY_VOID(statement.each(session, [&](const Row& row) -> base::Result<void> {
        all.push_back({row.string(0), row.integer(1), row.integer(2), row.integer(3),
                       row.integer(4)});
        return {};
    }));
    return all;
}

base::Result<void> touch_user_key(Session& session, std::string_view id, domain::UnixMicros at) {
    Statement statement("UPDATE user_provider_keys SET last_used = ");
    statement.integer(at).where("id = ").text(id).where("last_used < ").integer(at);
    TRY_VOID(statement.execute(session));
    return {};
}

base::Result<bool> rewrap_user_key(Session& session, std::string_view id,
                                   std::string_view old_token, std::string_view token,
                                   std::string_view key_id) {
    Statement statement("UPDATE user_provider_keys SET api_key_encrypted = ");
    statement.text(token).add(", key_id = ").text(key_id).where("id = ").text(id);
    statement.where("api_key_encrypted = ").text(old_token);
    TRY(const std::int64_t rows, statement.execute(session));
    return rows > 0;
}

base::Result<std::vector<domain::UserProviderKey>> load_user_keys(Session& session) {
    Statement statement = select_from<UserKeyTable>();
    statement.where("enabled = TRUE").add(" ORDER BY tenant_id, user_id, provider");
    return rows_of<UserKeyTable>(session, statement);
}

base::Result<Page<domain::UserProviderKey>> list_user_keys(Session& session, const Access& access,
                                                           const PageRequest& page) {
    Statement statement = select_from<UserKeyTable>();
    where_owned(statement, access);
    return page_by_key<UserKeyTable>(session, std::move(statement), page,
                                     [](const domain::UserProviderKey& k) { return k.id; });
}

}  // namespace tollgate::store
