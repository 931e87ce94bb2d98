// Gemini's interface for Gemini CLI and Google's SDKs.
#include "api/cloud_clients.hpp"
#include "api/models.hpp"
#include "api/probes.hpp"
#include "base/json.hpp"
#include "gateway/caller.hpp"
#include "gateway/failure.hpp"

namespace tollgate::api {
namespace {

using domain::Protocol;
using gateway::PathCloud;
using gateway::PathRequest;
using gateway::Worker;
using http::Exchange;

net::Task<void> refuse(Worker& worker, Exchange& exchange, base::Error error) {
    const int status = gateway::http_status(error.code);
    const std::string body = worker.gateway.codecs().client(Protocol::gemini).encode_error(
        status, error, exchange.request_id());
    auto sent = co_await exchange.respond(status, "application/json", body);
    (void)sent;
}

base::Result<const domain::Principal*> caller(const gateway::Directory& directory,
                                              Exchange& exchange) {
    const std::string key = http::percent_decode(query_parameter(exchange.head().query, "key"));
    http::Headers completed = exchange.headers();
    if (!key.empty()) completed.add("x-goog-api-key", key);
    return gateway::admit_caller(directory, completed, exchange.client_address(),
                                 exchange.head().path);
}

void write_model(json::Writer& writer, const gateway::ListedModel& model) {
    writer.begin_object().string("name", "models/" + model.id).string("version", "1");
    writer.string("displayName", model.display_name);
    if (model.context_tokens > 0) writer.integer("inputTokenLimit", model.context_tokens);
    if (model.output_tokens_max > 0) writer.integer("outputTokenLimit", model.output_tokens_max);
    writer.key("supportedGenerationMethods").begin_array();
    writer.string("generateContent").string("countTokens").end_array().end_object();
}

}  // namespace

std::optional<PathRequest> gemini_path(std::string_view path, std::string_view query,
                                       std::string& method) {
    constexpr std::string_view models = "/models/";
    const std::size_t at = path.rfind(models);
    const std::size_t colon = path.rfind(':');
    if (at == std::string_view::npos || colon == std::string_view::npos || colon <= at) {
        return std::nullopt;
    }
    const std::string_view model = path.substr(at + models.size(), colon - at - models.size());
    if (model.empty()) return std::nullopt;
    method = path.substr(colon + 1);
    PathRequest request{PathCloud::gemini, http::percent_decode(model),
                        method == "streamGenerateContent", true, {}};
    request.key = http::percent_decode(query_parameter(query, "key"));
    return request;
}

net::Task<void> gemini_client(Worker& worker, Exchange& exchange) {
    std::string method;
    const auto request = gemini_path(exchange.head().path, exchange.head().query, method);
    if (!request) {
        co_await unknown_path(worker, exchange);
    } else if (method == "countTokens") {
        co_await gateway::handle_count_tokens(worker, exchange, &*request);
    } else if (request->stream && query_parameter(exchange.head().query, "alt") != "sse") {
        co_await refuse(worker, exchange,
                        base::invalid("add ?alt=sse: streams are server-sent events here", "alt"));
    } else if (request->stream || method == "generateContent") {
        const auto& client = worker.gateway.codecs().client(Protocol::gemini);
        co_await gateway::handle_generation(worker, exchange, client, &*request);
    } else {
        co_await refuse(worker, exchange,
                        {base::ErrorCode::not_found,
                         "the method " + method + " is not served here: generateContent, "
                         "streamGenerateContent and countTokens are; embeddings are at "
                         "/v1/embeddings"});
    }
}

net::Task<void> list_gemini_models(Worker& worker, Exchange& exchange) {
    const auto snapshot = worker.gateway.current();
    const auto directory = worker.gateway.directory();
    auto who = caller(*directory, exchange);
    if (!who.ok()) {
        co_await refuse(worker, exchange, who.error());
        co_return;
    }
    std::string body;
    json::Writer writer(body);
    writer.begin_object().key("models").begin_array();
    const gateway::KeyPolicy& policy = directory->policy_of(**who);
    for (const gateway::ListedModel* model : allowed_models(*snapshot, policy)) {
        write_model(writer, *model);
    }
    writer.end_array().end_object();
    auto sent = co_await exchange.respond(200, "application/json", body);
    (void)sent;
}

net::Task<void> get_gemini_model(Worker& worker, Exchange& exchange) {
    const auto snapshot = worker.gateway.current();
    const auto directory = worker.gateway.directory();
    auto who = caller(*directory, exchange);
    if (!who.ok()) {
        co_await refuse(worker, exchange, who.error());
        co_return;
    }
    const std::string wanted = http::percent_decode(
        exchange.head().path.substr(std::string_view("/v1beta/models/").size()));
    const gateway::KeyPolicy& policy = directory->policy_of(**who);
    for (const gateway::ListedModel* model : allowed_models(*snapshot, policy)) {
        if (model->id != wanted) continue;
        std::string body;
        json::Writer writer(body);
        write_model(writer, *model);
        auto sent = co_await exchange.respond(200, "application/json", body);
        co_return;
    }
    const auto resolution = snapshot->names.resolve(wanted);
    base::Error error = snapshot->names.not_found(wanted, resolution);
    // It may be served all the same: not all that can be named is listed, nor for every key.
    if (resolution.found()) {
        error.message = "the model '" + wanted +
                        "' is not listed for this key: GET /v1beta/models shows what is";
    }
    co_await refuse(worker, exchange, error);
}

}  // namespace tollgate::api
