// Providers: made, changed, tested, removed. Keys are taken in, never given out.
#include "admin/providers.hpp"

#include <map>

#include "admin/handlers.hpp"
#include "admin/steps.hpp"
#include "base/log.hpp"
#include "store/models.hpp"
#include "store/routing_rules.hpp"

namespace tollgate::admin {
namespace {

constexpr std::size_t key_bytes_max = 16 * 1024;  // a Google key file is some KB

base::Result<void> check(Call& call, const domain::ProviderRow& provider) {
    if (call.services.providers == nullptr) return {};
    auto checked = call.services.providers->check(provider);
    if (!checked.ok()) return invalid(checked.error().message, checked.error().field);
    return {};
}

// A tenant's server could be in our own network.
base::Result<void> check_address(Call& call, const std::string& before, const std::string& after) {
    return call.check_platform_sets(before != after, "api_base_url");
}

// `given`: the body's api_key; nullopt: it says nothing of it.
base::Result<void> seal(Call& call, const std::optional<std::string>& given,
                        domain::ProviderRow& provider) {
    if (!given || (!provider.masked.empty() && *given == provider.masked)) return {};
    provider.masked.clear();
    provider.api_key_token.clear();
    provider.key_id.clear();
    if (given->empty()) return {};
    if (call.services.vault == nullptr) {
        return base::Error{base::ErrorCode::unavailable, "there are no encryption keys"};
    }
    const auto sealed = call.services.vault->seal(credential_owner(provider), *given);
    provider.api_key_token = sealed.token;
    provider.key_id = sealed.key_id;
    provider.masked = policy::masked_key(*given);
    return {};
}

std::optional<std::string> take_key(Fields& fields) {
    if (!fields.has("api_key")) return std::nullopt;
    std::string key;
    fields.text("api_key", key, key_bytes_max);
    return key;
}

std::string resource_of(const domain::ProviderRow& provider) {
    return "provider/" + provider.slug;
}

base::Result<void> show_with(Call& call, const domain::ProviderRow& provider, int status,
                             std::string_view message) {
    call.header("etag", "\"" + std::to_string(provider.etag) + "\"");
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    write_members(writer, provider);
    writer.string("message", message).end_object();
    return call.answer(status, std::move(text));
}

// Rules that would be left with a name of nothing; with `force` they lose it.
base::Result<void> leave_rules(Call& call, Session& session, const domain::ProviderRow& provider,
                               bool force) {
    TRY(const auto all, store::load_routing_settings(session));
    for (domain::RoutingSettings settings : all) {
        const bool may = call.platform() || settings.tenant == call.caller.tenant;
        const std::string prefix = provider.slug + "/";
        const auto listed = std::erase(settings.fallback_providers, provider.slug);
        const auto aliased = std::erase_if(settings.aliases, [&](const auto& alias) {
            return alias.second.starts_with(prefix);
        });
        if (listed + aliased == 0) continue;
        if (!force) {
            return store::conflict("the routing rules" +
                                       (settings.tenant.empty()
                                            ? std::string()
                                            : " of tenant " + settings.tenant) +
                                       " name the provider " + provider.slug +
                                       ": change them first, or add ?force=true",
                                   "provider");
        }
        if (!may) continue;
        TRY(const domain::RoutingSettings written,
            store::put_routing_settings(session, call.access, settings));
        call.record("routing_rules.updated", "routing_rules/" + written.id, written.tenant, {},
                    shown(written));
    }
    return {};
}

// Said when the connection was tested, beside the answer that has left already.
net::Task<void> test_later(store::Db& db, ProviderService& service, net::Loop& loop,
                           ProviderTarget target) {
    const std::string slug = target.provider.slug;
    const domain::ProviderProbe probe = co_await service.probe(loop, std::move(target), nullptr);
    store::Db::Work work = [slug, probe](store::Session& session) {
        return store::set_provider_health(session, slug, probe.works ? "healthy" : "unhealthy",
                                          probe.message, store::now_micros());
    };
    auto written = co_await db.run(loop, store::Access::everything(), true, std::move(work));
    if (!written.ok()) {
        base::log().warn("provider_health_not_written",
                         {{"provider", slug}, {"why", written.error().message}});
    }
    base::log().info("provider_tested", {{"provider", slug},
                                         {"works", probe.works},
                                         {"status", probe.status},
                                         {"words", probe.message}});
}

// Where nothing is served the process ends with the answer.
bool tests_later(const Services& services) {
    return services.providers != nullptr && services.in_force != nullptr;
}

Outcome create(Call& call, Session& session, ProviderTarget& made) {
    TRY(Fields * fields, call.body());
    domain::ProviderRow provider;
    std::string asked;
    fields->text("tenant", asked);
    read(*fields, provider);
    const auto key = take_key(*fields);
    TRY_VOID(call.checked());
    // Without a tenant a platform admin's provider is everybody's.
    if (!asked.empty() || !call.platform()) {
        TRY(const domain::Tenant tenant, call.tenant_for(session, asked));
        provider.tenant = tenant.id;
    }
    TRY_VOID(call.check_reach({provider.tenant}, "tenant " + provider.tenant));
    TRY_VOID(check_address(call, "", provider.api_base_url));
    TRY_VOID(check(call, provider));
    provider.slug = store::provider_slug(provider.name, provider.tenant);
    if (provider.slug.empty()) return invalid("name must hold a letter or a digit", "name");
    TRY_VOID(seal(call, key, provider));
    TRY(made.provider, store::insert_provider(session, call.access, std::move(provider)));
    made.api_key = key.value_or("");
    call.record("provider.created", resource_of(made.provider), made.provider.tenant, {},
                shown(made.provider));
    call.header("location", "/api/v1/llm/providers/" + store::provider_uuid(made.provider.slug));
    return show_with(call, made.provider, 201,
                     tests_later(call.services)
                         ? "the provider is made; its connection is being tested"
                         : "the provider is made; POST /api/v1/llm/test tests its connection");
}

base::Result<ProviderTarget> read_test(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    std::string id;
    ProviderTarget target;
    fields->required_text("provider_id", id);
    fields->text("model", target.model);
    TRY_VOID(call.checked());
    TRY(target.provider, store::find_provider(session, call.access, id));
    TRY_VOID(call.check_reach({target.provider.tenant}, "provider " + id));
    TRY(target.api_key, credential_of(call.services, target.provider));
    if (target.model.empty()) {
        TRY(const auto models, store::models_of(session, call.access, target.provider.slug));
        for (const domain::ModelRow& model : models) {
            if (model.enabled && target.model.empty()) target.model = model.name;
        }
    }
    if (target.model.empty() && call.services.providers != nullptr) {
        target.model = call.services.providers->cheapest_model(target.provider.type);
    }
    if (target.model.empty()) return invalid("model is required: the provider has none", "model");
    return target;
}

Outcome show_test(Call& call, Session& session, const ProviderTarget& target,
                  const domain::ProviderProbe& probe) {
    TRY_VOID(store::set_provider_health(session, target.provider.slug,
                                        probe.works ? "healthy" : "unhealthy", probe.message,
                                        store::now_micros()));
    std::string text;
    json::Writer writer(text);
    writer.begin_object()
        .string("provider_id", store::provider_uuid(target.provider.slug))
        .string("provider_name", target.provider.name)
        .string("model", target.model)
        .string("status", probe.works ? "success" : "error")
        .integer("latency_ms", probe.latency.count())
        .string("message", probe.works ? "the provider answered" : probe.message)
        .end_object();
    return call.answer(200, std::move(text));
}

}  // namespace

policy::CredentialOwner credential_owner(const domain::ProviderRow& provider) {
    return {provider.tenant, "", "provider/" + provider.slug};
}

base::Result<std::string> credential_of(const Services& services,
                                        const domain::ProviderRow& provider) {
    if (provider.api_key_token.empty()) {
        // The platform's own credentials, of its environment, are not a tenant's to use.
        if (provider.tenant.empty()) return std::string();
        return store::conflict("the provider " + provider.slug + " has no api_key: set one",
                               "api_key");
    }
    if (services.vault == nullptr) {
        return base::Error{base::ErrorCode::unavailable, "there are no encryption keys"};
    }
    auto opened = services.vault->open(credential_owner(provider), provider.api_key_token);
    if (!opened.ok()) return store::conflict(opened.error().message, "api_key");
    return opened;
}

Outcome list_providers(Call& call, Session& session) {
    store::ProviderFilter filter;
    Query& query = call.query();
    if (query.flag("enabled_only", false)) filter.enabled = true;
    if (query.has("tenant")) {
        TRY(filter.tenant, call.tenant_filter(session));
    }
    const bool paged = query.has("limit") || query.has("cursor");
    store::PageRequest page = call.page();
    TRY_VOID(call.checked());
    if (!paged) page.limit = page_rows_max;
    TRY(const auto found, store::list_providers(session, call.access, filter, page));
    store::Page<ProviderView> views;
    views.next = found.next;
    for (const domain::ProviderRow& row : found.items) {
        ProviderView view{row, {}};
        TRY(view.models, store::models_of(session, call.access, row.slug));
        views.items.push_back(std::move(view));
    }
    return paged ? call.show_page(views) : show_array(call, views);
}

net::Task<void> create_provider(http::Exchange& exchange, std::shared_ptr<Call> call) {
    const auto made = std::make_shared<ProviderTarget>();
    Step step = [made](Call& asked, Session& session) { return create(asked, session, *made); };
    auto done = co_await run_step(exchange, call, true, std::move(step));
    ProviderService* service = call->services.providers;
    if (done.ok() && call->reply().status < 300 && tests_later(call->services)) {
        made->model = service->cheapest_model(made->provider.type);
        if (!made->model.empty()) {
            net::spawn(test_later(call->services.db, *service, exchange.loop(), *made),
                       "test_provider");
        }
    }
    co_await send_outcome(exchange, call, std::move(done));
}

Outcome get_provider(Call& call, Session& session) {
    TRY(domain::ProviderRow row, store::find_provider(session, call.access, call.path("id")));
    TRY_VOID(call.checked());
    ProviderView view{std::move(row), {}};
    TRY(view.models, store::models_of(session, call.access, view.row.slug));
    return call.show(view);
}

Outcome update_provider(Call& call, Session& session) {
    TRY(const domain::ProviderRow stored,
        store::find_provider(session, call.access, call.path("id")));
    TRY_VOID(call.check_reach({stored.tenant}, "provider " + stored.slug));
    TRY(Fields * fields, call.body());
    const auto key = take_key(*fields);
    TRY(domain::ProviderRow changed, changed_by(call, stored, "provider " + stored.slug));
    TRY_VOID(check_address(call, stored.api_base_url, changed.api_base_url));
    TRY_VOID(check(call, changed));
    TRY_VOID(seal(call, key, changed));
    TRY(const domain::ProviderRow written,
        store::update_provider(session, call.access, std::move(changed)));
    call.record_change("provider.updated", resource_of(stored), stored.tenant, stored, written);
    return show_with(call, written, 200, "the provider is changed");
}

Outcome delete_provider(Call& call, Session& session) {
    const bool force = call.query().flag("force", false);
    TRY(const domain::ProviderRow stored,
        store::find_provider(session, call.access, call.path("id")));
    TRY_VOID(call.check_reach({stored.tenant}, "provider " + stored.slug));
    TRY_VOID(call.checked());
    TRY_VOID(call.check_match(stored.etag, "provider " + stored.slug));
    TRY_VOID(leave_rules(call, session, stored, force));
    TRY_VOID(store::remove_provider(session, call.access, stored.slug));
    call.record("provider.deleted", resource_of(stored), stored.tenant, shown(stored));
    return call.done("the provider is deleted with its models",
                     store::provider_uuid(stored.slug));
}

net::Task<void> test_provider(http::Exchange& exchange, std::shared_ptr<Call> call) {
    const auto target = std::make_shared<ProviderTarget>();
    Step find = [target](Call& asked, Session& session) -> Outcome {
        TRY(*target, read_test(asked, session));
        return {};
    };
    auto done = co_await run_step(exchange, call, false, std::move(find));
    if (done.ok() && call->services.providers != nullptr) {
        const domain::ProviderProbe probe = co_await call->services.providers->probe(
            exchange.loop(), *target, &exchange.scope());
        Step show = [target, probe](Call& asked, Session& session) {
            return show_test(asked, session, *target, probe);
        };
        done = co_await run_step(exchange, call, true, std::move(show));
    }
    co_await send_outcome(exchange, call, std::move(done));
}

}  // namespace tollgate::admin
