#include "accounting/token_count.hpp"
#include "base/log.hpp"
#include "gateway/admission.hpp"
#include "gateway/authorize.hpp"
#include "gateway/handle_generation.hpp"
#include "gateway/prepared.hpp"

namespace tollgate::gateway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds provider_time{2'000};  // after that the local count is given
constexpr std::size_t answer_bytes_max = 64 * 1024;

// Sends the question; nothing when the provider does not answer well in time.
net::Task<std::optional<std::string>> send(Generation& generation, const Endpoint& endpoint,
                                           Prepared& prepared) {
    auto authorized = co_await authorize(generation, endpoint, prepared);
    if (!authorized.ok()) co_return std::nullopt;
    const std::vector<http::Header> headers = prepared.header_views();
    http::OutgoingRequest request;
    request.target = prepared.target;
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

// Asks the provider in its own words; nothing when it does not count.
net::Task<std::optional<std::string>> ask_provider(Generation& generation,
                                                   const Endpoint& endpoint) {
    if (endpoint.deployment.provider.echo) co_return std::nullopt;
    Prepared prepared;
    auto ready = prepare(generation, endpoint, 0, prepared);
    if (!ready.ok()) co_return std::nullopt;
    std::string whole;
    for (const std::string_view piece : prepared.pieces) whole += piece;
    const bool own_query = prepared.verbatim && generation.by_path == nullptr;
    const std::string_view query =
        own_query ? generation.exchange.head().query : std::string_view();
    auto call = endpoint.provider->count_tokens(endpoint.deployment, prepared.protocol, query,
                                                whole);
    if (!call) co_return std::nullopt;
    prepared.target = endpoint.origin.base_path + call->path;
    const bool relayed =
        call->body.empty() && prepared.verbatim && generation.by_path == nullptr;
    if (!call->body.empty()) prepared.pieces.assign({std::string_view(call->body)});
    auto answer = co_await send(generation, endpoint, prepared);
    if (!answer || relayed) co_return answer;
    const auto tokens = endpoint.provider->read_token_count(*answer);
    if (!tokens) co_return std::nullopt;
    co_return count_answer(generation.by_path, *tokens);
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
    CO_TRY(generation.who, generation.authenticate());
    CO_TRY(Admission admission, admit(generation.worker.gateway, *generation.snapshot));
    CO_TRY(generation.body, co_await exchange.read_body());
    const PathRequest* by_path = generation.by_path;
    std::string question;
    if (by_path != nullptr) {
        CO_TRY(question, counted_body(*by_path, generation.body));
        generation.body = question;
        CO_TRY_VOID(generation.take_path());
    }
    CO_TRY([[maybe_unused]] const json::Value checked,
           generation.document->parse(generation.body));
    CO_TRY(generation.outline,
           dialect::outline(generation.protocol(), generation.body, generation.arena));
    CO_TRY(generation.plan, make_plan(*generation.snapshot, *generation.who,
                                      generation.outline.model, generation.record));
    const std::string whole = with_max_tokens(generation.body, generation.outline);
    json::Document document;
    CO_TRY([[maybe_unused]] const json::Value root, document.parse(whole));
    CO_TRY(generation.decoded, generation.client.decode_request(document, generation.arena));
    auto stated = co_await ask_provider(generation, *generation.plan.candidates.front());
    if (exchange.scope().cancelled()) co_return base::Result<void>();
    if (stated) {
        generation.record.status = 200;
        auto sent = co_await exchange.respond(200, "application/json", *stated);
        co_return base::Result<void>();
    }
    const std::string body =
        count_answer(by_path, accounting::estimate_request(*generation.decoded));
    exchange.add_header("x-tollgate-estimated", "true");
    generation.record.status = 200;
    auto sent = co_await exchange.respond(200, "application/json", body);
    co_return base::Result<void>();
}

}  // namespace

net::Task<void> handle_count_tokens(Worker& worker, http::Exchange& exchange,
                                    const PathRequest* by_path) {
    const bool google = by_path != nullptr && by_path->cloud == PathCloud::gemini;
    if (!google) exchange.send_request_id_as_anthropic();
    const auto& client = worker.gateway.codecs().client(google ? domain::Protocol::gemini
                                                               : domain::Protocol::anthropic);
    Generation generation(worker, exchange, client);
    generation.by_path = by_path;
    generation.record.request_id = exchange.request_id();
    auto done = co_await run(generation);
    if (!done.ok()) co_await answer_error(generation, done.error());
}

}  // namespace tollgate::gateway
