// Models of providers, and what a provider's own list says of them.
#include "store/models.hpp"

#include <map>

#include "admin/handlers.hpp"
#include "admin/model_sync.hpp"
#include "admin/providers.hpp"
#include "admin/steps.hpp"

namespace tollgate::admin {
namespace {

struct ModelView {
    const domain::ModelRow& row;
    std::string provider_name;
};

void write(json::Writer& writer, const ModelView& view) {
    writer.begin_object();
    write_members(writer, view.row);
    writer.string("provider_name", view.provider_name).end_object();
}

base::Result<void> show(Call& call, const domain::ModelRow& model, int status,
                        std::string_view message) {
    call.header("etag", "\"" + std::to_string(model.etag) + "\"");
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    write_members(writer, model);
    if (!message.empty()) writer.string("message", message);
    writer.end_object();
    return call.answer(status, std::move(text));
}

store::ModelOrder order_of(const std::string& word) {
    if (word == "cost") return store::ModelOrder::cost;
    if (word == "latency") return store::ModelOrder::latency;
    return word == "name" ? store::ModelOrder::name : store::ModelOrder::id;
}

struct SyncAsked {
    ProviderTarget target;
    bool enable = false;
};

Outcome read_sync(Call& call, Session& session, SyncAsked& asked) {
    TRY(Fields * fields, call.body());
    std::string id;
    fields->required_text("provider_id", id);
    fields->flag("enable", asked.enable);
    TRY_VOID(call.checked());
    TRY(asked.target.provider, store::find_provider(session, call.access, id));
    TRY_VOID(call.check_reach({asked.target.provider.tenant}, "provider " + id));
    TRY(asked.target.api_key, credential_of(call.services, asked.target.provider));
    return {};
}

Outcome write_sync(Call& call, Session& session, const SyncAsked& asked,
                   const std::vector<domain::OfferedModel>& offered) {
    const domain::ProviderRow& provider = asked.target.provider;
    TRY(const ModelSync sync,
        sync_models(session, call.access, provider, offered, asked.enable));
    std::string text;
    json::Writer writer(text);
    writer.begin_object().string("provider_id", store::provider_uuid(provider.slug));
    writer.integer("found", static_cast<std::int64_t>(offered.size()));
    write_members(writer, sync);
    writer.end_object();
    if (sync.any()) {
        call.record("models.synced", "provider/" + provider.slug, provider.tenant, {}, text);
    }
    return call.answer(200, std::move(text));
}

}  // namespace

Outcome list_models(Call& call, Session& session) {
    store::ModelFilter filter;
    Query& query = call.query();
    const std::string provider = query.text("provider_id");
    if (query.flag("enabled_only", false)) filter.enabled = true;
    filter.order = order_of(query.word("sort_by", "", {"cost", "latency", "name"}));
    if (query.has("tenant")) {
        TRY(filter.tenant, call.tenant_filter(session));
    }
    const bool paged = query.has("limit") || query.has("cursor");
    store::PageRequest page = call.page();
    TRY_VOID(call.checked());
    if (!paged) page.limit = page_rows_max;
    if (!provider.empty()) {
        TRY(const domain::ProviderRow row, store::find_provider(session, call.access, provider));
        filter.provider = row.slug;
    }
    TRY(const auto found, store::list_models(session, call.access, filter, page));
    std::map<std::string, std::string> names;
    store::Page<ModelView> views;
    views.next = found.next;
    for (const domain::ModelRow& row : found.items) {
        auto [name, is_new] = names.try_emplace(row.provider);
        if (is_new) {
            TRY(const auto of, store::find_provider(session, call.access, row.provider));
            name->second = of.name;
        }
        views.items.push_back({row, name->second});
    }
    if (!paged) return show_array(call, views);
    std::string text;
    json::Writer writer(text);
    writer.begin_object().key("data").begin_array();
    for (const ModelView& view : views.items) write(writer, view);
    writer.end_array();
    Call::end_page(writer, views.next);
    return call.answer(200, std::move(text));
}

Outcome create_model(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    std::string provider;
    domain::ModelRow model;
    fields->required_text("provider_id", provider);
    read(*fields, model);
    TRY_VOID(call.checked());
    TRY(const domain::ProviderRow of, store::find_provider(session, call.access, provider));
    TRY_VOID(call.check_reach({of.tenant}, "provider " + provider));
    model.provider = of.slug;
    TRY(const domain::ModelRow made,
        store::insert_model(session, call.access, std::move(model)));
    call.record("model.created", "model/" + made.id, made.tenant, {}, shown(made));
    call.header("location", "/api/v1/llm/models/" + made.id);
    return show(call, made, 201, "the model is made");
}

Outcome get_model(Call& call, Session& session) {
    TRY(const domain::ModelRow model,
        store::model_by_id(session, call.access, call.path("id")));
    TRY_VOID(call.checked());
    return show(call, model, 200, "");
}

Outcome update_model(Call& call, Session& session) {
    TRY(const domain::ModelRow stored,
        store::model_by_id(session, call.access, call.path("id")));
    TRY_VOID(call.check_reach({stored.tenant}, "model " + stored.id));
    TRY(domain::ModelRow changed, changed_by(call, stored, "model " + stored.name));
    TRY(const domain::ModelRow written,
        store::update_model(session, call.access, std::move(changed)));
    call.record_change("model.updated", "model/" + stored.id, stored.tenant, stored, written);
    return show(call, written, 200, "the model is changed");
}

Outcome delete_model(Call& call, Session& session) {
    const bool force = call.query().flag("force", false);
    TRY(const domain::ModelRow stored,
        store::model_by_id(session, call.access, call.path("id")));
    TRY_VOID(call.check_reach({stored.tenant}, "model " + stored.id));
    TRY_VOID(call.checked());
    TRY_VOID(call.check_match(stored.etag, "model " + stored.name));
    TRY(const bool named, named_by_alias(session, stored));
    if (named && !force) {
        return store::conflict("an alias of the routing rules names the model " + stored.name +
                                   ": change it first, or add ?force=true",
                               "model");
    }
    TRY_VOID(store::remove_model(session, call.access, stored.id));
    call.record("model.deleted", "model/" + stored.id, stored.tenant, shown(stored));
    return call.done("the model is deleted", stored.id);
}

net::Task<void> synchronise_models(http::Exchange& exchange, std::shared_ptr<Call> call) {
    const auto asked = std::make_shared<SyncAsked>();
    Step find = [asked](Call& of, Session& session) { return read_sync(of, session, *asked); };
    auto done = co_await run_step(exchange, call, false, std::move(find));
    if (done.ok() && call->services.providers == nullptr) {
        done = base::Error{base::ErrorCode::unavailable, "no provider can be asked here"};
    }
    if (done.ok()) {
        auto offered = co_await call->services.providers->offered(exchange.loop(), asked->target,
                                                                  &exchange.scope());
        if (offered.ok()) {
            const auto list = std::make_shared<const std::vector<domain::OfferedModel>>(
                std::move(offered).value());
            Step keep = [asked, list](Call& of, Session& session) {
                return write_sync(of, session, *asked, *list);
            };
            done = co_await run_step(exchange, call, true, std::move(keep));
        } else {
            done = std::move(offered).error();
        }
    }
    co_await send_outcome(exchange, call, std::move(done));
}

}  // namespace tollgate::admin
