#include "api/routes.hpp"

#include "api/cloud_clients.hpp"
#include "api/health.hpp"
#include "api/models.hpp"
#include "api/probes.hpp"
#include "api/responses.hpp"
#include "gateway/handle_embeddings.hpp"
#include "gateway/handle_generation.hpp"

namespace tollgate::api {

using domain::Protocol;
using gateway::Worker;
using http::Exchange;
using http::Method;

namespace {

http::RouteHandler generation(Worker& worker, Protocol protocol) {
    const dialect::ClientDialect& client = worker.gateway.codecs().client(protocol);
    const bool anthropic = protocol == Protocol::anthropic;
    return [&worker, &client, anthropic](Exchange& exchange) -> net::Task<void> {
        if (anthropic) exchange.send_request_id_as_anthropic();
        return gateway::handle_generation(worker, exchange, client);
    };
}

http::RouteHandler with_worker(Worker& worker, net::Task<void> (*handler)(Worker&, Exchange&)) {
    return [&worker, handler](Exchange& exchange) { return handler(worker, exchange); };
}

}  // namespace

void add_routes(http::Router& router, Worker& worker) {
    // Model traffic, most used first: the table is searched in order.
    router.add(Method::post, "/v1/messages", generation(worker, Protocol::anthropic));
    router.add(Method::post, "/v1/chat/completions", generation(worker, Protocol::openai_chat));
    router.add(Method::post, "/v1/messages/count_tokens",
               [&worker](Exchange& exchange) {
                   return gateway::handle_count_tokens(worker, exchange);
               });
    router.add(Method::post, "/chat/completions", generation(worker, Protocol::openai_chat));
    router.add(Method::post, "/api/v1/llm/chat/completions",
               generation(worker, Protocol::openai_chat));
    router.add(Method::post, "/v1/responses", generation(worker, Protocol::openai_responses));
    router.add(Method::post, "/responses", generation(worker, Protocol::openai_responses));
    router.add(Method::get, "/v1/responses", with_worker(worker, refuse_socket));
    router.add(Method::get, "/responses", with_worker(worker, refuse_socket));
    router.add(Method::post, "/v1/completions", generation(worker, Protocol::openai_completions));
    router.add(Method::post, "/completions", generation(worker, Protocol::openai_completions));
    const http::RouteHandler embeddings = [&worker](Exchange& exchange) {
        return gateway::handle_embeddings(worker, exchange);
    };
    router.add(Method::post, "/v1/embeddings", embeddings);
    router.add(Method::post, "/embeddings", embeddings);
    router.add(Method::get, "/v1/models", with_worker(worker, list_models));
    router.add(Method::get, "/models", with_worker(worker, list_models));
    router.add(Method::get, "/api/v1/llm/models", with_worker(worker, list_models));
    router.add(Method::get, "/v1/models/*", with_worker(worker, get_model));

    // Clients that are configured for a cloud: the path names the model.
    router.add(Method::post, "/model/*", with_worker(worker, bedrock_client));
    router.add(Method::get, "/inference-profiles", with_worker(worker, list_inference_profiles));
    router.add(Method::post, "/projects/*", with_worker(worker, vertex_client));
    router.add(Method::post, "/v1/projects/*", with_worker(worker, vertex_client));
    router.add(Method::post, "/openai/deployments/*", with_worker(worker, azure_client));
    router.add(Method::post, "/openai/v1/chat/completions",
               generation(worker, Protocol::openai_chat));
    router.add(Method::post, "/openai/v1/responses",
               generation(worker, Protocol::openai_responses));
    router.add(Method::post, "/openai/responses", generation(worker, Protocol::openai_responses));
    router.add(Method::post, "/openai/v1/embeddings", embeddings);
    router.add(Method::post, "/v1beta/models/*", with_worker(worker, gemini_client));
    router.add(Method::post, "/v1beta1/projects/*", with_worker(worker, vertex_client));
    router.add(Method::get, "/v1beta/models", with_worker(worker, list_gemini_models));
    router.add(Method::get, "/v1beta/models/*", with_worker(worker, get_gemini_model));

    router.add(Method::get, "/livez", with_worker(worker, liveness));
    router.add(Method::get, "/health/liveliness", with_worker(worker, liveness));
    router.add(Method::get, "/health/liveness", with_worker(worker, liveness));
    router.add(Method::get, "/readyz", with_worker(worker, readiness));
    router.add(Method::get, "/health/readiness", with_worker(worker, readiness));
    router.add(Method::get, "/health", with_worker(worker, health));

    router.add(Method::get, "/", with_worker(worker, greet));
    router.add(Method::get, "/api/hello", with_worker(worker, greet));
    router.add(Method::post, "/api/event_logging/batch", with_worker(worker, discard));
    router.set_fallback(with_worker(worker, unknown_path));
}

}  // namespace tollgate::api
