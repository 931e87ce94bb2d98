#include "store/routing_rules.hpp"

#include <array>

#include "base/ids.hpp"
#include "store/table.hpp"

namespace tollgate::store {
namespace {

struct RoutingTable {
    using Value = domain::RoutingSettings;
    static constexpr std::string_view name = "llm_routing_rules", noun = "routing rule",
                                      key = "id", tenant = "";
    static constexpr std::array<Constraint, 1> constraints{
        {{"llm_routing_rules_name_unique", "tenant"}}};
    template <typename V>
    static void fields(V& v, Value& r) {
        v.column("id", r.id, Written::once);
        v.column("tenant_id", r.tenant, Written::once);
        v.column("name", r.name, Written::once);
        v.column("strategy", r.strategy);
        v.column("strategy_set", r.strategy_set);
        v.column("fallback_slugs", r.fallback_providers);
        v.column("model_aliases", r.aliases);
        v.object("config", r.config);
        v.column("created", r.created, Written::once);
        v.column("updated", r.updated);
        v.etag(r.etag);
    }
};

}  // namespace

base::Result<domain::RoutingSettings> routing_settings_of(Session& session, const Access& access,
                                                          std::string_view tenant) {
    Statement statement = select_from<RoutingTable>();
    where_readable(statement, access);
    statement.where("tenant_id = ").text(tenant).where("name = 'default'");
    TRY(auto rows, rows_of<RoutingTable>(session, statement));
    domain::RoutingSettings settings;
    settings.tenant = tenant;
    if (!rows.empty()) settings = std::move(rows.front());
    return settings;
}

base::Result<domain::RoutingSettings> put_routing_settings(Session& session, const Access& access,
                                                           domain::RoutingSettings settings) {
    TRY_VOID(check_writes(access, settings.tenant));
    TRY(const domain::RoutingSettings stored,
        routing_settings_of(session, access, settings.tenant));
    if (stored.etag != settings.etag) return lost_update("the routing rules");
    settings.updated = now_micros();
    if (stored.etag != 0) {
        settings.id = stored.id;
        return update_row<RoutingTable>(session, access, settings, stored.id, settings.etag);
    }
    if (!settings.tenant.empty()) TRY_VOID(check_tenant(session, settings.tenant));
    settings.id = base::uuid7();
    settings.created = settings.updated;
    settings.name = "default";
    TRY_VOID(insert_row<RoutingTable>(session, settings));
    return routing_settings_of(session, access, settings.tenant);
}

base::Result<std::vector<domain::RoutingSettings>> load_routing_settings(Session& session) {
    return load_rows<RoutingTable>(session);
}

}  // namespace tollgate::store
