#include "accounting/token_count.hpp"
#include "base/log.hpp"
#include "gateway/admission.hpp"
#include "gateway/handle_generation.hpp"
#include "gateway/prepared.hpp"
#include "policy/authenticate.hpp"

namespace tollgate::gateway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds provider_time{2'000};  // after that the local count is given
constexpr std::size_t answer_bytes_max = 64 * 1024;

// Asks the provider; nothing when it does not count or does not answer well in time.
net::Task<std::optional<std::string>> ask_provider(Generation& generation,
                                                   const Endpoint& endpoint) {
    const auto path = endpoint.provider->count_tokens_path(endpoint.deployment,
                                                           generation.exchange.head().query);
    if (!path || endpoint.deployment.provider.echo) co_return std::nullopt;
    Prepared prepared;
    auto ready = prepare(generation, endpoint, 0, prepared);
    if (!ready.ok() || !prepared.verbatim) co_return std::nullopt;
    const std::string target = endpoint.origin.base_path + *path;
    const std::vector<http::Header> headers = prepared.header_views();
    http::OutgoingRequest request;
    request.target = target;
    request.headers = headers;
    request.body = prepared.pieces;
    http::Deadlines deadlines;
    deadlines.connect = deadlines.headers = deadlines.idle = provider_time;
    deadlines.total = net::Clock::now() + provider_time;
    http::CallFailure how = http::CallFailure::none;
    auto call = co_await generation.worker.client.send(endpoint.origin, request, deadlines,
                                                       &generation.exchange.scope(), &how);
    if (!call.ok()) co_return std::nullopt;
    const int status = call->head().status;
    auto body = co_await call->read_all(answer_bytes_max);
    if (!body.ok() || status != 200) {
        base::log().debug(
            "count_tokens_counted_here",
            {{"request_id", generation.record.request_id}, {"provider_status", status}});
        co_return std::nullopt;
    }
    co_return std::move(body).value();
}

// The body as the decoder wants it: counting needs no max_tokens, generating does.
std::string with_max_tokens(std::string_view body, const dialect::Outline& outline) {
    for (const json::TopField& field : outline.fields) {
        if (json::key_equals(field.key, "max_tokens")) return std::string(body);
    }
    const std::size_t open = body.find('{');
    std::string completed(body.substr(0, open + 1));
    completed += "\"max_tokens\":1";
    if (!outline.fields.empty()) completed += ',';
    completed += body.substr(open + 1);
    return completed;
}

net::Task<base::Result<void>> run(Generation& generation) {
    http::Exchange& exchange = generation.exchange;
    CO_TRY(generation.who, policy::authenticate(generation.snapshot->keys, exchange.headers()));
    CO_TRY(Admission admission, admit(generation.worker.gateway, *generation.snapshot));
    CO_TRY(generation.body, co_await exchange.read_body());
    CO_TRY([[maybe_unused]] const json::Value checked,
           generation.document->parse(generation.body));
    CO_TRY(generation.outline,
           dialect::outline(generation.protocol(), generation.body, generation.arena));
    CO_TRY(generation.plan, make_plan(*generation.snapshot, *generation.who,
                                      generation.outline.model, generation.record));
    auto stated = co_await ask_provider(generation, *generation.plan.candidates.front());
    if (exchange.scope().cancelled()) co_return base::Result<void>();
    if (stated) {
        generation.record.status = 200;
        auto sent = co_await exchange.respond(200, "application/json", *stated);
        co_return base::Result<void>();
    }
    const std::string whole = with_max_tokens(generation.body, generation.outline);
    json::Document document;
    CO_TRY([[maybe_unused]] const json::Value root, document.parse(whole));
    CO_TRY(const domain::Request request,
           generation.client.decode_request(document, generation.arena));
    std::string body;
    json::Writer(body)
        .begin_object()
        .integer("input_tokens", accounting::estimate_request(request))
        .end_object();
    exchange.add_header("x-tollgate-estimated", "true");
    generation.record.status = 200;
    auto sent = co_await exchange.respond(200, "application/json", body);
    co_return base::Result<void>();
}

}  // namespace

net::Task<void> handle_count_tokens(Worker& worker, http::Exchange& exchange) {
    exchange.send_request_id_as_anthropic();
    const auto& client = worker.gateway.codecs().client(domain::Protocol::anthropic);
    Generation generation(worker, exchange, client);
    generation.record.request_id = exchange.request_id();
    auto done = co_await run(generation);
    if (!done.ok()) co_await answer_error(generation, done.error());
}

}  // namespace tollgate::gateway
