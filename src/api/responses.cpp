#include "api/responses.hpp"

namespace tollgate::api {

net::Task<void> refuse_socket(gateway::Worker& worker, http::Exchange& exchange) {
    const bool socket = http::iequals(exchange.headers().get("upgrade"), "websocket");
    const auto& client = worker.gateway.codecs().client(domain::Protocol::openai_responses);
    base::Error error{base::ErrorCode::method_not_allowed,
                      "answers are not stored here: there is none to read; POST a request"};
    if (socket) {
        error.message = "WebSockets are not spoken here; POST the request and set stream: true";
        exchange.add_header("upgrade", "HTTP/1.1");  // a 426 has to name something
    }
    exchange.add_header("allow", "POST");
    const int status = socket ? 426 : 405;
    const std::string body = client.encode_error(status, error, exchange.request_id());
    auto sent = co_await exchange.respond(status, "application/json", body);
    (void)sent;
}

}  // namespace tollgate::api
