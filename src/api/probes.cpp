#include "api/probes.hpp"

#include "gateway/path_request.hpp"

namespace tollgate::api {
namespace {

using domain::Protocol;

// Whom a path is of, though nothing is served at it: the envelope that its client reads, and what
// is served near it.
struct Neighbourhood {
    Protocol protocol = Protocol::openai_chat;
    std::string_view served =
        "model traffic: POST /v1/messages, /v1/chat/completions; GET /v1/models, /health";
};

Neighbourhood neighbourhood(std::string_view path) {
    if (path.starts_with("/v1/messages")) return {.protocol = Protocol::anthropic};
    if (path.starts_with("/model/")) {
        return {Protocol::bedrock_converse,
                "of Bedrock's paths POST /model/MODEL/ with invoke, invoke-with-response-stream, "
                "converse, converse-stream and count-tokens are, MODEL percent-encoded"};
    }
    if (path.starts_with("/v1beta/")) {
        return {Protocol::gemini,
                "of Google's paths POST /v1beta/models/MODEL:generateContent, "
                ":streamGenerateContent?alt=sse, :countTokens and GET /v1beta/models are"};
    }
    if (path.find("/publishers/") != std::string_view::npos) {
        const bool google = path.find("/publishers/google/") != std::string_view::npos;
        return {google ? Protocol::gemini : Protocol::anthropic,
                "of Vertex AI's paths .../publishers/anthropic/models/MODEL:rawPredict, "
                ":streamRawPredict and .../publishers/google/models/MODEL:generateContent, "
                ":streamGenerateContent, :countTokens are"};
    }
    if (path.starts_with("/openai/")) {
        return {Protocol::openai_chat,
                "of Azure's paths POST /openai/deployments/MODEL/chat/completions and /embeddings, "
                "/openai/v1/chat/completions, /openai/v1/responses and /openai/v1/embeddings are"};
    }
    return {};
}

}  // namespace

net::Task<void> greet(gateway::Worker&, http::Exchange& exchange) {
    constexpr std::string_view text =
        "Tollgate " TOLLGATE_VERSION "\n\n"
        "Claude Code:  export ANTHROPIC_BASE_URL=<this address> ANTHROPIC_AUTH_TOKEN=<your key>\n"
        "OpenAI SDKs:  export OPENAI_BASE_URL=<this address>/v1 OPENAI_API_KEY=<your key>\n"
        "Models: GET /v1/models    Health: GET /health\n";
    auto sent = co_await exchange.respond(200, "text/plain; charset=utf-8", text);
    (void)sent;
}

net::Task<void> discard(gateway::Worker&, http::Exchange& exchange) {
    // Nobody has shown a key: what is large is not held for them, it ends the connection.
    constexpr std::uint64_t read_bytes_max = 64 * 1024;
    const http::RequestHead& head = exchange.head();
    if (!head.chunked && head.content_length.value_or(0) <= read_bytes_max) {
        auto body = co_await exchange.read_body();
        if (!body.ok()) co_return;
    }
    auto sent = co_await exchange.respond(200, "application/json", "{\"status\":\"ok\"}");
    (void)sent;
}

net::Task<void> unknown_path(gateway::Worker& worker, http::Exchange& exchange) {
    const http::RequestHead& head = exchange.head();
    const Neighbourhood near = neighbourhood(head.path);
    const auto& client = worker.gateway.codecs().client(near.protocol);
    std::string where(head.method_text);
    where += " ";
    where += head.path;
    base::Error error{base::ErrorCode::not_found,
                      where + " is not served here; " + std::string(near.served)};
    int status = 404;
    if (exchange.path_known()) {
        error = {base::ErrorCode::method_not_allowed, where + ": this path takes another method, "
                 "see the Allow header"};
        status = 405;
    }
    if (near.protocol == Protocol::bedrock_converse) {
        exchange.add_header("x-amzn-errortype", gateway::bedrock_error_type(status));
    }
    const std::string body = client.encode_error(status, error, exchange.request_id());
    auto sent = co_await exchange.respond(status, "application/json", body);
    (void)sent;
}

}  // namespace tollgate::api
