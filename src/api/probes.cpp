#include "api/probes.hpp"

namespace tollgate::api {

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
    const bool anthropic = head.path.starts_with("/v1/messages");
    const auto& client = worker.gateway.codecs().client(anthropic ? domain::Protocol::anthropic
                                                                  : domain::Protocol::openai_chat);
    std::string where(head.method_text);
    where += " ";
    where += head.path;
    base::Error error{base::ErrorCode::not_found,
                      where +
                          " is not served here; model traffic: POST "
                          "/v1/messages, /v1/chat/completions; GET /v1/models, /health"};
    int status = 404;
    if (exchange.path_known()) {
        error = {base::ErrorCode::method_not_allowed, where + ": this path takes another method, "
                 "see the Allow header"};
        status = 405;
    }
    const std::string body = client.encode_error(status, error, exchange.request_id());
    auto sent = co_await exchange.respond(status, "application/json", body);
    (void)sent;
}

}  // namespace tollgate::api
