#include "api/cloud_clients.hpp"

#include "api/probes.hpp"
#include "base/json.hpp"
#include "gateway/caller.hpp"
#include "gateway/failure.hpp"
#include "gateway/handle_embeddings.hpp"

namespace tollgate::api {
namespace {

using domain::Protocol;
using gateway::PathCloud;
using gateway::PathRequest;
using gateway::Worker;
using http::Exchange;

// The text between `prefix` and `suffix`; nothing when the path has another form or that is empty.
std::optional<std::string_view> between(std::string_view path, std::string_view prefix,
                                        std::string_view suffix) {
    if (path.size() <= prefix.size() + suffix.size()) return std::nullopt;
    if (!path.starts_with(prefix) || !path.ends_with(suffix)) return std::nullopt;
    path.remove_prefix(prefix.size());
    path.remove_suffix(suffix.size());
    return path;
}

net::Task<void> generate(Worker& worker, Exchange& exchange, Protocol protocol,
                         const PathRequest request) {
    const auto& client = worker.gateway.codecs().client(protocol);
    co_await gateway::handle_generation(worker, exchange, client, &request);
}

bool is_claude(const gateway::ListedModel& model) {
    return model.id.find("claude") != std::string::npos ||
           model.id.find("anthropic") != std::string::npos;
}

}  // namespace

std::optional<PathRequest> bedrock_path(std::string_view path) {
    for (const bool stream : {false, true}) {
        const auto id =
            between(path, "/model/", stream ? "/invoke-with-response-stream" : "/invoke");
        if (id) return PathRequest{PathCloud::bedrock, http::percent_decode(*id), stream, true, {}};
    }
    return std::nullopt;
}

std::optional<PathRequest> vertex_path(std::string_view path) {
    constexpr std::string_view publisher = "/publishers/anthropic/models/";
    const std::size_t at = path.find(publisher);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view rest = path.substr(at);
    for (const bool stream : {false, true}) {
        const auto model =
            between(rest, publisher, stream ? ":streamRawPredict" : ":rawPredict");
        if (!model) continue;
        return PathRequest{PathCloud::vertex, http::percent_decode(*model), stream, true, {}};
    }
    return std::nullopt;
}

std::optional<PathRequest> azure_path(std::string_view path) {
    for (const std::string_view operation : {"/chat/completions", "/embeddings"}) {
        const auto deployment = between(path, "/openai/deployments/", operation);
        if (!deployment) continue;
        return PathRequest{PathCloud::azure, http::percent_decode(*deployment), false, false, {}};
    }
    return std::nullopt;
}

std::optional<PathRequest> converse_path(std::string_view path) {
    for (const bool stream : {false, true}) {
        const auto id = between(path, "/model/", stream ? "/converse-stream" : "/converse");
        if (id) return PathRequest{PathCloud::bedrock, http::percent_decode(*id), stream, true, {}};
    }
    return std::nullopt;
}

net::Task<void> bedrock_client(Worker& worker, Exchange& exchange) {
    if (const auto counted = between(exchange.head().path, "/model/", "/count-tokens")) {
        const PathRequest request{
            PathCloud::bedrock, http::percent_decode(*counted), false, true, {}};
        co_await gateway::handle_count_tokens(worker, exchange, &request);
        co_return;
    }
    const auto request = bedrock_path(exchange.head().path);
    const auto conversation = converse_path(exchange.head().path);
    if (request) {
        co_await generate(worker, exchange, Protocol::anthropic, *request);
    } else if (conversation) {
        co_await generate(worker, exchange, Protocol::bedrock_converse, *conversation);
    } else {
        co_await unknown_path(worker, exchange);
    }
}

net::Task<void> vertex_client(Worker& worker, Exchange& exchange) {
    const auto request = vertex_path(exchange.head().path);
    if (!request && exchange.head().path.find("/publishers/google/") != std::string_view::npos) {
        co_await gemini_client(worker, exchange);
    } else if (!request) {
        co_await unknown_path(worker, exchange);
    } else if (request->model == "count-tokens") {
        // Here the body names the model.
        const PathRequest counted{PathCloud::vertex, {}, false, true, {}};
        co_await gateway::handle_count_tokens(worker, exchange, &counted);
    } else {
        co_await generate(worker, exchange, Protocol::anthropic, *request);
    }
}

net::Task<void> azure_client(Worker& worker, Exchange& exchange) {
    const auto request = azure_path(exchange.head().path);
    const bool embeds = exchange.head().path.ends_with("/embeddings");
    if (request && embeds) co_await gateway::handle_embeddings(worker, exchange, &*request);
    else if (request) co_await generate(worker, exchange, Protocol::openai_chat, *request);
    else co_await unknown_path(worker, exchange);
}

net::Task<void> list_inference_profiles(Worker& worker, Exchange& exchange) {
    const auto snapshot = worker.gateway.current();
    const auto directory = worker.gateway.directory();
    auto who = gateway::admit_caller(*directory, exchange.headers(), exchange.client_address(),
                                     exchange.head().path);
    if (!who.ok()) {
        const int status = gateway::http_status(who.error().code);
        exchange.add_header("x-amzn-errortype", gateway::bedrock_error_type(status));
        const std::string refusal = gateway::bedrock_error_body(who.error().message);
        auto refused = co_await exchange.respond(status, "application/json", refusal);
        co_return;
    }
    const auto& policy = directory->policy_of(**who);
    std::string body;
    json::Writer writer(body);
    writer.begin_object().key("inferenceProfileSummaries").begin_array();
    for (const gateway::ListedModel& model : snapshot->listed) {
        if (!is_claude(model) || !policy.allows(model.id, model.id)) continue;
        const std::string arn = "arn:aws:bedrock:us-east-1:000000000000:inference-profile/";
        writer.begin_object()
            .string("inferenceProfileName", model.display_name)
            .string("inferenceProfileId", model.id)
            .string("inferenceProfileArn", arn + model.id)
            .string("status", "ACTIVE")
            .string("type", "SYSTEM_DEFINED");
        writer.key("models").begin_array().begin_object().string(
            "modelArn", "arn:aws:bedrock:us-east-1::foundation-model/" + model.id);
        writer.end_object().end_array().end_object();
    }
    writer.end_array().end_object();
    auto sent = co_await exchange.respond(200, "application/json", body);
    (void)sent;
}

}  // namespace tollgate::api
