// The interface's routing rules: the platform's, and those of a tenant that has its own.
#include "store/routing_rules.hpp"

#include "admin/handlers.hpp"
#include "admin/providers.hpp"

namespace tollgate::admin {
namespace {

// Whose rules: the query's tenant, the caller's, else the platform's.
base::Result<std::string> whose(Call& call, Session& session) {
    const std::string asked = call.query().text("tenant");
    if (asked.empty()) return call.platform() ? std::string() : call.caller.tenant;
    TRY(const domain::Tenant tenant, call.tenant_for(session, asked));
    return tenant.id;
}

// Providers by id or slug become slugs; a type of the catalog may stand for itself.
base::Result<void> take_providers(Call& call, Session& session, domain::RoutingSettings& settings) {
    for (std::string& provider : settings.fallback_providers) {
        auto found = store::find_provider(session, call.access, provider);
        if (found.ok()) {
            provider = found->slug;
            continue;
        }
        domain::ProviderRow by_type;
        by_type.name = by_type.slug = by_type.type = provider;
        const bool known = call.services.providers != nullptr &&
                           call.services.providers->check(by_type).ok();
        if (!known) {
            return invalid("fallback_providers: there is no provider " + provider,
                           "fallback_providers");
        }
    }
    return {};
}

}  // namespace

base::Result<bool> named_by_alias(Session& session, const domain::ModelRow& model) {
    TRY(const auto all, store::load_routing_settings(session));
    const std::string full = model.provider + "/" + model.name;
    for (const domain::RoutingSettings& settings : all) {
        for (const auto& [name, target] : settings.aliases) {
            if (target == full) return true;
        }
    }
    return false;
}

Outcome get_routing_rules(Call& call, Session& session) {
    TRY(const std::string tenant, whose(call, session));
    TRY_VOID(call.checked());
    TRY(domain::RoutingSettings settings,
        store::routing_settings_of(session, call.access, tenant));
    if (settings.etag == 0 && !tenant.empty()) {
        // The platform's hold where the tenant has none.
        TRY(settings, store::routing_settings_of(session, call.access, ""));
    }
    return call.show(settings);
}

Outcome update_routing_rules(Call& call, Session& session) {
    TRY(const std::string tenant, whose(call, session));
    TRY_VOID(call.check_reach({tenant}, "tenant " + tenant));
    TRY(const domain::RoutingSettings stored,
        store::routing_settings_of(session, call.access, tenant));
    TRY(domain::RoutingSettings changed, changed_by(call, stored, "routing rules"));
    TRY_VOID(take_providers(call, session, changed));
    TRY(const domain::RoutingSettings written,
        store::put_routing_settings(session, call.access, std::move(changed)));
    call.record_change("routing_rules.updated", "routing_rules/" + written.id, tenant, stored,
                       written);
    return call.show(written);
}

}  // namespace tollgate::admin
