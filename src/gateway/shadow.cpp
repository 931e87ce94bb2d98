#include "gateway/shadow.hpp"

#include <memory>
#include <utility>

#include "accounting/pricing.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "gateway/authorize.hpp"
#include "gateway/conclude.hpp"
#include "gateway/usage_rows.hpp"
#include "gateway/prepared.hpp"
#include "gateway/relay.hpp"
#include "gateway/scene.hpp"

namespace tollgate::gateway {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

constexpr std::size_t open_max = 64;  // per worker: their bodies are in memory
constexpr std::size_t body_bytes_max = 4 * 1024 * 1024;
constexpr std::size_t answer_bytes_max = 16 * 1024 * 1024;
constexpr std::chrono::minutes time_max{10};

// A copy on its way; owns what it needs.
struct Shadow {
    explicit Shadow(Worker& on) : worker(on) { ++worker.shadows_open; }
    ~Shadow() { --worker.shadows_open; }
    Shadow(const Shadow&) = delete;
    Shadow& operator=(const Shadow&) = delete;

    Worker& worker;
    std::shared_ptr<const Snapshot> snapshot;
    EndpointPointer endpoint;
    const dialect::ClientDialect* client = nullptr;
    Prepared prepared;           // its one piece is `body`
    std::string body;
    AttemptSettings deadlines;
    dialect::EncoderOptions options;
    std::int64_t input_estimate = 0;
    domain::UsageRecord row;
    net::Instant begun;
};

http::Deadlines deadlines_of(const Shadow& shadow) {
    http::Deadlines deadlines;
    deadlines.connect = shadow.deadlines.connect;
    deadlines.headers = shadow.deadlines.headers_last;
    deadlines.idle = shadow.deadlines.idle;
    deadlines.total = net::Clock::now() + time_max;
    return deadlines;
}

// Reads the answer for its usage alone.
net::Task<base::Result<void>> read_stream(Shadow& shadow, http::Call& call) {
    const auto& dialect = shadow.endpoint->provider->dialect(shadow.prepared.protocol);
    RelaySetup setup;
    setup.client = shadow.client;
    setup.framing = dialect.framing();
    setup.decoder = dialect.stream_decoder(shadow.endpoint->deployment,
                                           shadow.prepared.translation);
    setup.options = shadow.options;
    // Verbatim frames are passed into a text that is cleared, not collected.
    setup.verbatim = true;
    Relay relay(std::move(setup));
    std::string unused;
    base::Result<void> result;
    std::size_t taken = 0;
    while (!relay.complete() && !relay.failure() && result.ok()) {
        CO_TRY(const std::string_view bytes, co_await call.read());
        taken += bytes.size();
        if (taken > answer_bytes_max) {
            co_return base::Error{base::ErrorCode::provider, "the answer is too long"};
        }
        result = bytes.empty() ? relay.finish(unused) : relay.feed(bytes, unused);
        if (relay.begun() && shadow.row.first_token_us < 0) {
            shadow.row.first_token_us =
                duration_cast<microseconds>(net::Clock::now() - shadow.begun).count();
        }
        unused.clear();
    }
    shadow.row.usage = relay.usage();
    if (shadow.row.usage.output < 0 || !relay.complete()) {
        shadow.row.usage.output =
            std::max(shadow.row.usage.output,
                     static_cast<std::int64_t>(relay.generated_bytes() / 4));
        shadow.row.usage.estimated = true;
    }
    if (relay.failure()) {
        co_return base::Error{base::ErrorCode::provider, relay.failure()->message};
    }
    co_return result;
}

net::Task<base::Result<void>> read_whole(Shadow& shadow, http::Call& call) {
    CO_TRY(const std::string text, co_await call.read_all(answer_bytes_max));
    const auto& dialect = shadow.endpoint->provider->dialect(shadow.prepared.protocol);
    base::Arena arena;
    CO_TRY(const auto events, dialect.decode_answer(text, shadow.endpoint->deployment,
                                                    shadow.prepared.translation, arena));
    for (const domain::Event& event : events) shadow.row.usage.update(event.usage);
    co_return base::Result<void>();
}

net::Task<base::Result<void>> ask(Shadow& shadow) {
    const Endpoint& endpoint = *shadow.endpoint;
    net::CancelScope* const scope = shadow.worker.life;
    CO_TRY(const auto credential,
           co_await authorize(shadow.worker.client, endpoint, shadow.prepared, scope));
    http::OutgoingRequest request;
    request.target = shadow.prepared.target;
    request.headers = shadow.prepared.headers.all();
    request.body = shadow.prepared.pieces;
    const http::Deadlines deadlines = deadlines_of(shadow);
    http::CallFailure how = http::CallFailure::none;
    CO_TRY(http::Call call, co_await shadow.worker.client.send(endpoint.origin, request, deadlines,
                                                               scope, &how));
    shadow.row.status = call.head().status;
    if (call.head().status >= 300) {
        co_return base::Error{base::ErrorCode::provider,
                              "the provider answered " + std::to_string(call.head().status)};
    }
    const bool streams = is_stream(call.head().headers);
    base::Result<void> read;
    if (streams) {
        read = co_await read_stream(shadow, call);
    } else {
        read = co_await read_whole(shadow, call);
    }
    co_return read;
}

void keep(Shadow& shadow, const base::Result<void>& result) {
    domain::UsageRecord& row = shadow.row;
    const Endpoint& endpoint = *shadow.endpoint;
    const domain::Deployment& target = endpoint.deployment;
    if (result.ok() && row.usage.input < 0) {
        row.usage.input = shadow.input_estimate;
        row.usage.estimated = true;
    }
    const accounting::Cost cost = accounting::cost_of(target.model.prices, row.usage);
    row.cost = cost.billed;
    row.list_cost = cost.list;
    row.priced = cost.priced || target.provider.echo || !row.usage.known();
    row.price_version = target.model.as_of;
    row.zone = target.provider.local ? "local" : "";
    row.total_us = duration_cast<microseconds>(net::Clock::now() - shadow.begun).count();
    if (!result.ok()) {
        row.error_class = domain::to_string(domain::ErrorClass::provider_fault);
        row.error = result.error().message.substr(0, 500);
    }
    shadow.worker.gateway.metrics()
        .shadows.with({target.provider.type, target.model_name,
                       result.ok() ? "answered" : "failed"})
        .add(1);
    if (shadow.worker.usage != nullptr) shadow.worker.usage->add(row);
}

net::Task<void> run(std::unique_ptr<Shadow> shadow) {
    const auto result = co_await ask(*shadow);
    keep(*shadow, result);
}

}  // namespace

void begin_shadow(Generation& generation) {
    const EndpointPointer& endpoint = generation.plan.shadow;
    if (endpoint == nullptr) return;
    Worker& worker = generation.worker;
    const domain::Deployment& target = endpoint->deployment;
    const auto left_out = [&](std::string_view why) {
        worker.gateway.metrics()
            .shadows.with({target.provider.type, target.model_name, "left_out"})
            .add(1);
        base::log().debug("shadow_left_out",
                          {{"request_id", generation.record.request_id}, {"why", why}});
    };
    if (target.provider.echo) return left_out("the echo provider needs no test");
    if (worker.shadows_open >= open_max) return left_out("too many are open");
    if (generation.body.size() > body_bytes_max) return left_out("the body is too long");
    auto shadow = std::make_unique<Shadow>(worker);
    auto ready = prepare(generation, *endpoint, output_clamp(generation), nullptr,
                         shadow->prepared);
    if (!ready.ok()) return left_out(ready.error().message);
    Prepared& prepared = shadow->prepared;
    for (const std::string_view piece : prepared.pieces) shadow->body += piece;
    prepared.release_body();
    prepared.headers.own();
    prepared.pieces.push_back(shadow->body);
    shadow->snapshot = generation.snapshot;
    shadow->endpoint = endpoint;
    shadow->client = &generation.client;
    shadow->deadlines = generation.attempt_settings();
    shadow->options = generation.encoder_options();
    shadow->input_estimate = generation.input_estimate();
    shadow->begun = net::Clock::now();
    shadow->row = shadow_row(generation, *endpoint);
    net::spawn(run(std::move(shadow)), "shadow");
}

}  // namespace tollgate::gateway
