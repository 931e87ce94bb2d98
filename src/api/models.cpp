#include "api/models.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "gateway/asked_name.hpp"
#include "gateway/caller.hpp"
#include "gateway/failure.hpp"
#include "gateway/reach.hpp"

namespace tollgate::api {
namespace {

constexpr std::size_t page_max = 1000;
// Discovery wants a date; ours are names of a configuration, not releases.
constexpr std::string_view created_at = "2026-01-01T00:00:00Z";
constexpr std::int64_t created_unix = 1'767'225'600;

bool anthropic_shape(const http::Exchange& exchange) {
    return exchange.headers().find("anthropic-version").has_value();
}

std::string envelope(const gateway::Worker& worker, const http::Exchange& exchange,
                     const base::Error& error) {
    const auto protocol = anthropic_shape(exchange) ? domain::Protocol::anthropic
                                                    : domain::Protocol::openai_chat;
    return worker.gateway.codecs().client(protocol).encode_error(gateway::http_status(error.code),
                                                                 error, exchange.request_id());
}

net::Task<void> refuse(gateway::Worker& worker, http::Exchange& exchange, base::Error error) {
    const std::string body = envelope(worker, exchange, error);
    auto sent =
        co_await exchange.respond(gateway::http_status(error.code), "application/json", body);
    (void)sent;
}

void write_model(json::Writer& writer, const gateway::ListedModel& model, bool anthropic) {
    writer.begin_object();
    if (anthropic) {
        writer.string("type", "model")
            .string("id", model.id)
            .string("display_name", model.display_name)
            .string("created_at", created_at);
    } else {
        writer.string("id", model.id)
            .string("object", "model")
            .integer("created", created_unix)
            .string("owned_by", model.owner.empty() ? "tollgate" : model.owner);
    }
    if (model.context_tokens > 0) writer.integer("max_input_tokens", model.context_tokens);
    if (model.output_tokens_max > 0) writer.integer("max_tokens", model.output_tokens_max);
    writer.end_object();
}

}  // namespace

std::string_view query_parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        const std::size_t equals = pair.find('=');
        if (pair.substr(0, std::min(equals, pair.size())) == name) {
            return equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
        }
        query.remove_prefix(std::min(end + 1, query.size()));
    }
    return {};
}

std::vector<const gateway::ListedModel*> allowed_models(const gateway::Snapshot& snapshot,
                                                        const gateway::KeyPolicy& policy) {
    std::vector<const gateway::ListedModel*> models;
    for (const gateway::ListedModel& model : snapshot.listed) {
        const bool others = !model.tenant.empty() && model.tenant != policy.tenant;
        if (others) continue;
        // What an alias of the caller's own has put in its place is what a request would get.
        const gateway::AskedName asked = gateway::asked_name(snapshot, policy, model.id);
        const bool renamed = asked.wanted != model.id;
        const routing::Resolution found =
            renamed ? snapshot.names.resolve(asked.wanted) : routing::Resolution{};
        const std::string_view served = renamed ? found.name : std::string_view(model.id);
        if (renamed && !found.found()) continue;
        if (!policy.allows(asked.held, served)) continue;
        if (gateway::reaches_name(snapshot, policy, asked.wanted)) models.push_back(&model);
    }
    return models;
}

net::Task<void> list_models(gateway::Worker& worker, http::Exchange& exchange) {
    const auto snapshot = worker.gateway.current();
    const auto directory = worker.gateway.directory();
    auto who = gateway::admit_caller(*directory, exchange.headers(), exchange.client_address(),
                                     exchange.head().path);
    if (!who.ok()) {
        co_await refuse(worker, exchange, who.error());
        co_return;
    }
    const auto models = allowed_models(*snapshot, directory->policy_of(**who));
    const bool anthropic = anthropic_shape(exchange);
    std::size_t limit = page_max;
    std::size_t first = 0;
    if (anthropic) {
        const std::string wanted(query_parameter(exchange.head().query, "limit"));
        if (!wanted.empty() && wanted.find_first_not_of("0123456789") == std::string::npos &&
            wanted.size() < 6) {
            limit = std::clamp<std::size_t>(std::stoul(wanted), 1, page_max);
        }
        const std::string after =
            http::percent_decode(query_parameter(exchange.head().query, "after_id"));
        for (std::size_t i = 0; i < models.size(); ++i) {
            if (models[i]->id == after) first = i + 1;
        }
    }
    const std::size_t last = std::min(models.size(), first + limit);
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    if (!anthropic) writer.string("object", "list");
    writer.key("data").begin_array();
    for (std::size_t i = first; i < last; ++i) write_model(writer, *models[i], anthropic);
    writer.end_array();
    if (anthropic) {
        writer.boolean("has_more", last < models.size());
        writer.key("first_id");
        first < last ? writer.string(models[first]->id) : writer.null();
        writer.key("last_id");
        first < last ? writer.string(models[last - 1]->id) : writer.null();
    }
    writer.end_object();
    auto sent = co_await exchange.respond(200, "application/json", body);
    (void)sent;
}

net::Task<void> get_model(gateway::Worker& worker, http::Exchange& exchange) {
    const auto snapshot = worker.gateway.current();
    const auto directory = worker.gateway.directory();
    auto who = gateway::admit_caller(*directory, exchange.headers(), exchange.client_address(),
                                     exchange.head().path);
    if (!who.ok()) {
        co_await refuse(worker, exchange, who.error());
        co_return;
    }
    const std::string wanted =
        http::percent_decode(exchange.head().path.substr(std::string_view("/v1/models/").size()));
    const gateway::KeyPolicy& policy = directory->policy_of(**who);
    for (const gateway::ListedModel* model : allowed_models(*snapshot, policy)) {
        if (model->id != wanted) continue;
        std::string body;
        json::Writer writer(body);
        write_model(writer, *model, anthropic_shape(exchange));
        auto sent = co_await exchange.respond(200, "application/json", body);
        co_return;
    }
    const gateway::AskedName asked = gateway::asked_name(*snapshot, policy, wanted);
    const routing::Resolution resolution = snapshot->names.resolve(asked.wanted);
    // What a key may not use does not exist for it.
    if (!resolution.found() || !policy.allows(asked.held, resolution.name)) {
        co_await refuse(worker, exchange, snapshot->names.not_found(wanted, resolution));
        co_return;
    }
    // Not listed, but it would be served: a dated Claude name, provider/model, a wildcard.
    gateway::ListedModel served;
    served.id = served.display_name = wanted;
    std::string body;
    json::Writer writer(body);
    write_model(writer, served, anthropic_shape(exchange));
    auto sent = co_await exchange.respond(200, "application/json", body);
    (void)sent;
}

}  // namespace tollgate::api
