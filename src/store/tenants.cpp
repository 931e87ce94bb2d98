#include "store/tenants.hpp"

#include <array>

#include "base/ids.hpp"
#include "store/table.hpp"

namespace tollgate::store {
namespace {

struct TenantTable {
    using Value = domain::Tenant;
    static constexpr std::string_view name = "tenants", noun = "tenant", key = "id", tenant = "id";
    static constexpr std::array<Constraint, 1> constraints{{{"tenants_name_unique", "name"}}};
    template <typename V>
    static void fields(V& v, Value& t) {
        v.column("id", t.id, Written::once);
        v.column("name", t.name);
        v.column("enabled", t.enabled);
        v.column("tier", t.tier);
        v.column("time_zone", t.time_zone);
        v.column("baseline_model", t.baseline_model);
        v.column("allowed_models", t.allowed_models);
        v.column("aliases", t.aliases);
        v.column("limits", t.limits);
        v.column("retention_days", t.retention_days);
        v.object("metadata", t.metadata);
        v.object("settings", t.settings);
        v.column("origin", t.origin);
        v.column("created", t.created, Written::once);
        v.column("updated", t.updated);
        v.column("removed", t.removed, Written::replaced);
        v.etag(t.etag);
    }
};

base::Result<void> require_platform(const Access& access) {
    if (access.platform) return {};
    return base::Error{base::ErrorCode::permission,
                       "only a platform admin may create or remove tenants", "tenant"};
}

base::Result<std::vector<domain::Tenant>> live_tenants(Session& session, std::string_view column,
                                                       std::string_view value) {
    Statement statement = select_from<TenantTable>();
    statement.where(column).add(" = ").text(value).where("removed = 0");
    return rows_of<TenantTable>(session, statement);
}

// What a file's tenant is in the database: the row of that id, else of that name.
base::Result<std::optional<domain::Tenant>> row_of_file(Session& session,
                                                        const domain::Tenant& tenant) {
    Statement by_id = select_from<TenantTable>();
    by_id.where("id = ").text(tenant.id);
    TRY(auto found, rows_of<TenantTable>(session, by_id));
    if (found.empty()) {
        TRY(found, live_tenants(session, "name", tenant.name));
    }
    if (found.empty()) return std::optional<domain::Tenant>();
    return std::optional<domain::Tenant>(std::move(found.front()));
}

base::Result<bool> has_history(Session& session, std::string_view tenant) {
    for (const char* table : {"llm_usage_logs", "usage_attempts", "usage_daily", "usage_hourly",
                              "credit_movements"}) {
        Statement statement("SELECT tenant_id FROM ");
        statement.add(table).where("tenant_id = ").text(tenant).add(" LIMIT 1");
        TRY(const bool found, statement.any(session));
        if (found) return true;
    }
    return false;
}

base::Result<void> disable_for_good(Session& session, std::string_view id) {
    const std::int64_t now = now_micros();
    Statement tenant("UPDATE tenants SET enabled = ");
    tenant.flag(false).add(", removed = ").integer(now).add(", updated = ").integer(now);
    tenant.add(", etag = etag + 1").where("id = ").text(id);
    TRY(const std::int64_t disabled, tenant.execute(session));
    if (disabled == 0) return not_found("tenant " + std::string(id));
    Statement keys("UPDATE api_keys SET revoked = ");
    keys.integer(now).add(", updated = ").integer(now).add(", etag = etag + 1");
    keys.where("tenant_id = ").text(id).where("revoked = 0");
    TRY_VOID(keys.execute(session));
    return {};
}

}  // namespace

base::Result<domain::Tenant> insert_tenant(Session& session, const Access& access,
                                           domain::Tenant tenant) {
    TRY_VOID(require_platform(access));
    if (tenant.id.empty()) tenant.id = base::uuid7();
    if (tenant.created == 0) tenant.created = now_micros();
    if (tenant.updated == 0) tenant.updated = tenant.created;
    TRY_VOID(insert_row<TenantTable>(session, tenant));
    return tenant_by_id(session, access, tenant.id);
}

base::Result<domain::Tenant> tenant_by_id(Session& session, const Access& access,
                                          std::string_view id) {
    return row_by_key<TenantTable>(session, access, id);
}

base::Result<domain::Tenant> tenant_by_name(Session& session, const Access& access,
                                            std::string_view name) {
    Statement statement = select_from<TenantTable>();
    statement.where("name = ").text(name).where("removed = 0").where_tenant(access, "id");
    return one_row<TenantTable>(session, statement, name);
}

base::Result<domain::Tenant> find_tenant(Session& session, const Access& access,
                                         std::string_view id_or_name) {
    auto found = tenant_by_id(session, access, id_or_name);
    if (found || found.error().code != base::ErrorCode::not_found) return found;
    return tenant_by_name(session, access, id_or_name);
}

base::Result<domain::Tenant> update_tenant(Session& session, const Access& access,
                                           domain::Tenant tenant) {
    tenant.updated = now_micros();
    return update_row<TenantTable>(session, access, tenant, tenant.id, tenant.etag);
}

base::Result<Removal> remove_tenant(Session& session, const Access& access, std::string_view id) {
    TRY_VOID(require_platform(access));
    TRY(const bool keep, has_history(session, id));
    if (keep) {
        TRY_VOID(disable_for_good(session, id));
        return Removal::kept_disabled;
    }
    // Teams, users and keys go with the row; the rest has no foreign key to it.
    for (const char* table :
         {"limits", "budgets", "budget_events", "credit_balances", "user_llm_settings",
          "user_provider_keys", "alerts", "alert_channels", "llm_models", "llm_providers",
          "llm_routing_rules", "feedback", "experiments"}) {
        Statement statement("DELETE FROM ");
        statement.add(table).where("tenant_id = ").text(id);
        TRY_VOID(statement.execute(session));
    }
    TRY_VOID(remove_row<TenantTable>(session, access, id));
    return Removal::deleted;
}

base::Result<Page<domain::Tenant>> list_tenants(Session& session, const Access& access,
                                                const TenantFilter& filter,
                                                const PageRequest& page) {
    Statement statement = select_from<TenantTable>();
    statement.where_tenant(access, "id");
    if (!filter.with_removed) statement.where("removed = 0");
    if (filter.enabled) statement.where("enabled = ").flag(*filter.enabled);
    statement.where_contains({"name", "id"}, filter.text);
    return page_by_key<TenantTable>(session, std::move(statement), page,
                                    [](const domain::Tenant& t) { return t.id; });
}

base::Result<std::vector<domain::Tenant>> load_tenants(Session& session) {
    Statement statement = select_from<TenantTable>();
    statement.where("removed = 0").add(" ORDER BY id");
    return rows_of<TenantTable>(session, statement);
}

base::Result<FileUpsert> upsert_tenant_from_file(Session& session, const domain::Tenant& tenant,
                                                 Precedence precedence) {
    const Access access = Access::everything();
    TRY(const auto existing, row_of_file(session, tenant));
    if (!existing) {
        TRY(auto inserted, insert_tenant(session, access, tenant));
        return FileUpsert{std::move(inserted.id), FileOutcome::created};
    }
    // A removed row is nobody's: the file brings it back, with the usage that names it.
    const bool of_api = existing->origin == "api" && existing->removed == 0;
    TRY(const auto namesakes, live_tenants(session, "name", tenant.name));
    const bool name_taken = !namesakes.empty() && namesakes.front().id != existing->id;
    if (name_taken || (of_api && precedence == Precedence::database)) {
        return FileUpsert{name_taken ? namesakes.front().id : existing->id,
                          FileOutcome::conflict};
    }
    domain::Tenant wanted = tenant;
    wanted.updated = now_micros();
    wanted.removed = 0;
    RowWriter writer(RowWriter::Mode::replace);
    TenantTable::fields(writer, wanted);
    TRY(auto statement, writer.update(TenantTable::name));
    statement.where("id = ").text(existing->id);
    writer.where_different(statement);
    const auto written = statement.execute(session);
    if (!written) return explain(written.error(), TenantTable::noun, TenantTable::constraints);
    FileOutcome outcome = written.value() == 0 ? FileOutcome::unchanged : FileOutcome::updated;
    if (of_api) outcome = FileOutcome::taken_over;
    if (existing->removed != 0) outcome = FileOutcome::created;
    return FileUpsert{existing->id, outcome};
}

base::Result<std::vector<std::string>> mark_vanished_tenants(
    Session& session, const std::vector<std::string>& present) {
    TRY(auto vanished, vanished_rows(session, "tenants", "removed = 0", present));
    for (const std::string& id : vanished) {
        Statement mark("UPDATE tenants SET enabled = ");
        mark.flag(false).add(", origin = ").add("'file-gone:' || substr(origin, 6)");
        mark.add(", updated = ").integer(now_micros()).add(", etag = etag + 1");
        mark.where("id = ").text(id);
        TRY_VOID(mark.execute(session));
    }
    return vanished;
}

}  // namespace tollgate::store
