#include <algorithm>

#include "accounting/token_count.hpp"
#include "base/log.hpp"
#include "gateway/cached_answer.hpp"
#include "gateway/conclude.hpp"
#include "gateway/hedge.hpp"
#include "gateway/relay.hpp"
#include "gateway/scene.hpp"

namespace tollgate::gateway {

void add_answer_headers(Scene& scene) {
    http::Exchange& exchange = scene.generation.exchange;
    const RequestRecord& record = scene.generation.record;
    const std::string_view model[] = {record.provider, "/", record.model};
    exchange.add_header("x-tollgate-model", model);
    exchange.add_header("x-tollgate-provider", record.provider);
    exchange.add_header("x-tollgate-attempts", std::to_string(record.attempts));
    exchange.add_header("x-tollgate-cache", record.cache);
    const std::string& route = scene.generation.plan.route;
    if (!route.empty()) exchange.add_header("x-tollgate-route", route);
    if (scene.options.number > 1 && !record.fallback_reason.empty()) {
        exchange.add_header("x-tollgate-fallback", record.fallback_reason);
    }
    if (!record.provider_request_id.empty()) {
        exchange.add_header("x-tollgate-provider-request-id", record.provider_request_id);
    }
    for (const auto& [name, value] : scene.provider_limits) exchange.add_header(name, value);
    std::string dropped;
    for (const std::string& item : scene.prepared.translation.dropped) {
        if (!dropped.empty()) dropped += ", ";
        dropped += item;
    }
    if (!dropped.empty()) exchange.add_header("x-tollgate-dropped", dropped);
    add_governance_headers(scene.generation);
}

namespace {

using domain::ErrorClass;
using std::chrono::milliseconds;

constexpr std::size_t answer_bytes_max = 64 * 1024 * 1024;
constexpr milliseconds silence_until_ping{15'000};

bool states_input(const std::vector<domain::Event>& events) {
    return std::any_of(events.begin(), events.end(),
                       [](const domain::Event& event) { return event.usage.input >= 0; });
}

// Where this answer can be gone on with; null, and nobody tries, where it cannot: a Responses
// stream that passes verbatim names each item by the provider's ids.
Continuation* continuation_of(Scene& scene, bool streams) {
    Delivery& delivery = scene.delivery;
    const bool named = scene.prepared.verbatim &&
                       scene.generation.protocol() == domain::Protocol::openai_responses;
    const bool going_on = delivery.continuation && delivery.continuation->under_way();
    if (!going_on && (!streams || named)) delivery.continuation.reset();
    return delivery.continuation.get();
}

// `whole`: the events of an answer that has come whole, else null.
Relay make_relay(Scene& scene, bool to_stream, const std::vector<domain::Event>* whole = nullptr) {
    Generation& generation = scene.generation;
    const auto& dialect = scene.endpoint.provider->dialect(scene.prepared.protocol);
    RelaySetup setup;
    setup.client = &generation.client;
    setup.framing = dialect.framing();
    setup.decoder = dialect.stream_decoder(scene.endpoint.deployment, scene.prepared.translation);
    setup.options = generation.encoder_options();
    setup.verbatim = scene.prepared.verbatim;
    setup.to_stream = to_stream;
    setup.start_sent = scene.delivery.start_sent;
    setup.stop_here = scene.prepared.translation.stop_here;
    // Two attempts that race would be judged as one.
    if (generation.judge && scene.scope == &generation.exchange.scope()) {
        setup.judge = generation.judge.get();
    }
    setup.continuation = continuation_of(scene, to_stream && whole == nullptr);
    if (!setup.verbatim) {
        // One whole JSON answer tells its usage at its end: nobody asks for a guess before.
        if (to_stream || whole == nullptr || !states_input(*whole)) {
            setup.options.input_estimate = generation.input_estimate();
        }
        setup.options.description = generation.describe_answer();
    }
    return Relay(std::move(setup));
}

// Usage that the provider did not state is counted here and marked.
void settle_usage(Scene& scene, const Relay& relay) {
    if (const std::string warning = relay.warning(); !warning.empty()) {
        base::log().warn("answer_warning", {{"request_id", scene.generation.record.request_id},
                                            {"deployment", endpoint_name(scene.endpoint)},
                                            {"warning", warning}});
    }
    domain::Usage& usage = scene.generation.record.usage;
    usage = relay.usage();
    if (usage.input < 0) {
        usage.input = scene.generation.input_estimate();
        usage.estimated = true;
    }
    if (usage.output < 0 || (usage.output == 0 && relay.generated_bytes() > 0) ||
        !relay.complete()) {
        const auto generated = static_cast<std::int64_t>(relay.generated_bytes() / 4 + 1);
        const std::int64_t counted = relay.generated_bytes() > 0 ? generated : 0;
        if (counted > usage.output) {
            usage.output = counted;
            usage.estimated = true;
        }
    }
}

net::Task<bool> send_to_client(Scene& scene, std::string& out, const Relay& relay) {
    http::Exchange& exchange = scene.generation.exchange;
    if (out.empty()) co_return true;
    if (scene.options.race != nullptr) {
        const bool mine = co_await scene.options.race->first_answers();
        if (!mine) co_return false;
    }
    if (scene.generation.noted) scene.generation.noted->take(out);
    if (relay.complete()) {
        // What the client sees end is in the journal already.
        settle_usage(scene, relay);
        if (!exchange.answered()) scene.generation.record.status = 200;
        if (relay.begun() && !scene.delivery.content_sent) {
            scene.generation.record.first_content = net::Clock::now();
        }
        conclude(scene.generation);
        if (scene.generation.noted) keep_answer(scene.generation);
    }
    if (!exchange.answered()) {
        add_answer_headers(scene);
        scene.generation.record.status = 200;
        auto started = co_await exchange.start_stream(200, scene.generation.stream_type());
        if (!started.ok()) co_return false;
    }
    if (relay.begun() && !scene.delivery.content_sent) {
        scene.delivery.content_sent = true;
        scene.generation.record.first_content = net::Clock::now();
    }
    scene.generation.frame(out);
    base::Result<void> written;
    if (relay.complete()) {
        written = co_await exchange.finish(out);
    } else {
        written = co_await exchange.write(out);
    }
    out.clear();
    co_return written.ok();
}

AttemptFailure from_stream(const StreamFailure& failure) {
    AttemptFailure result;
    result.error_class = failure.error_class;
    result.type = failure.type;
    result.message = failure.message.empty() ? "an error inside the stream" : failure.message;
    return result;
}

// Ends a stream whose content the client has seen: an error event, never a fake normal end.
net::Task<void> break_off(Scene& scene, Relay& relay, const AttemptFailure& failure,
                          bool frame_passed) {
    RequestRecord& record = scene.generation.record;
    record.error = failure.message;
    record.error_class = failure.error_class;
    end_attempt(scene.generation, &failure);
    conclude(scene.generation);
    base::log().warn("stream_broken", {{"request_id", record.request_id},
                                       {"deployment", endpoint_name(scene.endpoint)},
                                       {"message", failure.message}});
    if (scene.generation.exchange.scope().cancelled()) co_return;
    std::string out;
    if (!frame_passed) {
        FinalAnswer answer = final_answer(failure, scene.generation.protocol(), failure.message,
                                          true, milliseconds(-1));
        // No list of attempts: the client has seen that one of them answered.
        answer.error.message = endpoint_name(scene.endpoint) + ": " + failure.message;
        relay.break_off(answer.status, answer.error, out);
    }
    scene.generation.frame(out);
    auto written = co_await scene.generation.exchange.write(out);
    if (written.ok()) written = co_await scene.generation.exchange.finish();
}

// The client is still there when the gateway stops: its stream ends with an error event. Before the
// first byte the session answers.
net::Task<void> end_by_shutdown(Scene& scene, Relay& relay) {
    http::Exchange& exchange = scene.generation.exchange;
    if (!exchange.answered() || exchange.finished()) co_return;
    exchange.scope().reset();
    AttemptFailure failure;
    failure.ours = true;
    failure.error_class = ErrorClass::none;
    failure.message = "the gateway is shutting down: send the request again";
    failure.own_error = {base::ErrorCode::unavailable, failure.message};
    co_await break_off(scene, relay, failure, false);
}

// After the first content nothing is sent to a provider again.
void release_request(Scene& scene, const Relay& relay) {
    // Whoever has not said it by now may never do.
    if (relay.usage().input < 0) (void)scene.generation.input_estimate();
    scene.prepared.release_body();
    scene.generation.release_request();
}

// Takes what the provider has to say into `out`. Fails as Source::read() and Relay::feed().
template <typename Source>
net::Task<base::Result<void>> take_bytes(Source& source, Relay& relay, std::string& out) {
    CO_TRY(const std::string_view bytes, co_await source.read());
    if (bytes.empty()) co_return relay.finish(out);
    co_return relay.feed(bytes, out);
}

// The answer stands still in the middle of the client's message, where another attempt could go on.
bool may_go_on(const Scene& scene, const Relay& relay) {
    const Continuation* continuation = scene.delivery.continuation.get();
    if (continuation == nullptr || relay.failure_passed()) return false;
    return (relay.goes_on() || relay.begun()) && continuation->possible();
}

// The pump of a streamed answer towards a streaming client. Both clocks run on what the client and
// the relay have seen, not on the provider's bytes: its pings and comments are no sign of content,
// and those that are held back or have no counterpart leave the client in silence.
// `held`: its beginning, where that was held back; null: nothing has been read.
template <typename Source>
net::Task<std::optional<AttemptFailure>> pump(Scene& scene, Source& source, Relay& relay,
                                              HeldAnswer* held = nullptr) {
    http::Exchange& exchange = scene.generation.exchange;
    const net::Instant first_event_by =
        net::Clock::now() + scene.generation.attempt_settings().first_event;
    net::Instant ping_at = net::Clock::now() + silence_until_ping;
    std::optional<AttemptFailure> failure;
    std::string out;
    bool sent = true;
    if (held != nullptr) {
        out = std::move(held->out);
        failure = std::move(held->broken);
        sent = co_await send_to_client(scene, out, relay);
        scene.delivery.start_sent = scene.delivery.start_sent || relay.start_sent();
    }
    while (sent && !failure && !relay.complete()) {
        const net::Instant until = relay.begun() ? ping_at : std::min(ping_at, first_event_by);
        auto ready = co_await source.wait(until);
        base::Result<void> fed;
        if (!ready.ok() || *ready) fed = co_await take_bytes(source, relay, out);
        if (!fed.ok()) failure = from_error(fed.error());
        if (relay.failure()) failure = from_stream(*relay.failure());
        const net::Instant now = net::Clock::now();
        if (!failure && !relay.begun() && now >= first_event_by) {
            failure = from_error({base::ErrorCode::timeout,
                                  "no content within the deadline for the first event"});
        }
        const bool silent = out.empty() && now >= ping_at;
        if (!failure && silent) relay.keep_alive(out);
        // Also where the protocol has no ping: a moment that has passed is waited for no more.
        if (silent || !out.empty()) ping_at = now + silence_until_ping;
        // What came before a failure is the client's.
        sent = co_await send_to_client(scene, out, relay);
        scene.delivery.start_sent = scene.delivery.start_sent || relay.start_sent();
        if (!sent || exchange.scope().cancelled()) break;
        const bool wanted_again = scene.delivery.continuation != nullptr;
        if (relay.begun() && !relay.complete() && !wanted_again) release_request(scene, relay);
    }
    if (!scene.generation.concluded) settle_usage(scene, relay);
    if (scene.options.race != nullptr && scene.options.race->overtaken()) co_return std::nullopt;
    if (exchange.scope().reason() == net::CancelReason::shutdown) {
        co_await end_by_shutdown(scene, relay);
        co_return std::nullopt;
    }
    if (exchange.scope().cancelled() || (failure && failure->client_gone)) co_return std::nullopt;
    if (failure && may_go_on(scene, relay)) {
        relay.hand_over(scene.generation.record.usage);
        scene.generation.noted.reset();
        co_return failure;
    }
    if (failure && !relay.begun()) co_return failure;
    if (failure) {
        mark_failure(scene, *failure);
        co_await break_off(scene, relay, *failure, relay.failure_passed());
        co_return std::nullopt;
    }
    if (relay.complete()) {
        mark_health(scene, true, {});
        auto finished = co_await exchange.finish();
        if (finished.ok()) co_await source.drain();
    }
    co_return std::nullopt;
}

// Sends one whole JSON body to the client.
net::Task<void> deliver_body(Scene& scene, std::string_view body) {
    if (scene.options.race != nullptr) {
        const bool mine = co_await scene.options.race->first_answers();
        if (!mine) co_return;
    }
    RequestRecord& record = scene.generation.record;
    record.status = 200;
    record.first_content = net::Clock::now();
    conclude(scene.generation);
    if (scene.generation.noted) {
        scene.generation.noted->take(body);
        keep_answer(scene.generation);
    }
    add_answer_headers(scene);
    scene.delivery.content_sent = true;
    mark_health(scene, true, {});
    auto sent = co_await scene.generation.exchange.respond(200, "application/json", body);
    if (!sent.ok()) record.client_gone = true;
}

// The provider streams though a plain answer is wanted: collect it.
template <typename Source>
net::Task<std::optional<AttemptFailure>> collect(Scene& scene, Source& source, Relay& relay) {
    std::string unused;
    std::size_t taken = 0;
    while (!relay.complete() && !relay.failure()) {
        auto bytes = co_await source.read();
        if (!bytes.ok()) co_return from_error(bytes.error());
        taken += bytes->size();
        if (taken > answer_bytes_max) {
            co_return from_error({base::ErrorCode::provider, "the answer is longer than 64 MiB"});
        }
        auto fed = bytes->empty() ? relay.finish(unused) : relay.feed(*bytes, unused);
        if (!fed.ok()) co_return from_error(fed.error());
    }
    settle_usage(scene, relay);
    if (relay.failure()) co_return from_stream(*relay.failure());
    const std::string body = relay.answer_body();
    co_await deliver_body(scene, body);
    co_return std::nullopt;
}

// The answer passes as it is; what it did is wanted all the same.
void judge_whole(Scene& scene, std::string_view body) {
    const auto& dialect = scene.endpoint.provider->dialect(scene.prepared.protocol);
    const auto events =
        dialect.decode_answer(body, scene.endpoint.deployment, scene.prepared.translation,
                              scene.generation.arena);
    if (!events.ok()) return;
    for (const domain::Event& event : *events) scene.generation.judge->note(event);
}

// A whole JSON answer that is passed on: with the model's name restored, metered on the side.
// Nothing when the body is no plain answer: the caller decodes it then.
std::optional<std::string> relayed_body(Scene& scene, std::string_view body) {
    Generation& generation = scene.generation;
    auto outline = dialect::outline_answer(scene.prepared.protocol, body);
    if (!outline.ok()) return std::nullopt;
    domain::Usage& usage = generation.record.usage;
    usage = outline->usage;
    if (!usage.known()) {
        usage.input = generation.input_estimate();
        usage.output = accounting::quick_estimate(body);
        usage.estimated = true;
    }
    if (generation.judge) judge_whole(scene, body);
    std::string restored;
    restored.reserve(body.size() + generation.outline.model.size() + 2);
    restored.append(body.substr(0, outline->model_begin));
    if (outline->model_end > outline->model_begin) {
        json::append_string(restored, generation.outline.model);
    }
    restored.append(body.substr(outline->model_end));
    return restored;
}

// The provider answered with one JSON body.
net::Task<std::optional<AttemptFailure>> deliver_json(Scene& scene, std::string_view body) {
    Generation& generation = scene.generation;
    const bool plain = !generation.outline.stream && scene.prepared.verbatim;
    if (plain) {
        if (const auto relayed = relayed_body(scene, body)) {
            co_await deliver_body(scene, *relayed);
            co_return std::nullopt;
        }
    }
    const auto& dialect = scene.endpoint.provider->dialect(scene.prepared.protocol);
    auto events = dialect.decode_answer(body, scene.endpoint.deployment,
                                        scene.prepared.translation, generation.arena);
    if (!events.ok()) co_return from_error(events.error());
    const bool to_stream = generation.outline.stream;
    Relay relay = [&] {
        // Whole answers are never verbatim frames.
        const bool verbatim = std::exchange(scene.prepared.verbatim, false);
        Relay made = make_relay(scene, to_stream, &*events);
        scene.prepared.verbatim = verbatim;
        return made;
    }();
    std::string out;
    relay.take_answer(*events, out);
    if (relay.failure()) {
        if (relay.goes_on()) relay.hand_over(relay.usage());
        co_return from_stream(*relay.failure());
    }
    settle_usage(scene, relay);
    if (to_stream) {
        const bool sent = co_await send_to_client(scene, out, relay);
        if (sent) {
            mark_health(scene, true, {});
            auto finished = co_await generation.exchange.finish();
        }
        co_return std::nullopt;
    }
    const std::string answer = relay.answer_body();
    co_await deliver_body(scene, answer);
    co_return std::nullopt;
}

template <typename Source>
net::Task<std::optional<AttemptFailure>> deliver_from(Scene& scene, Source& source,
                                                      bool streamed) {
    Generation& generation = scene.generation;
    if (streamed && generation.outline.stream) {
        Relay relay = make_relay(scene, true);
        co_return co_await pump(scene, source, relay);
    }
    if (streamed) {
        Relay relay = make_relay(scene, false);
        co_return co_await collect(scene, source, relay);
    }
    auto body = co_await source.read_all(answer_bytes_max);
    if (!body.ok()) co_return from_error(body.error());
    co_return co_await deliver_json(scene, *body);
}

}  // namespace

net::Task<std::optional<AttemptFailure>> hold_answer(Scene& scene, HttpSource& source,
                                                     HeldAnswer& held) {
    if (!is_stream(source.call().head().headers)) co_return std::nullopt;
    Relay& relay = held.relay.emplace(make_relay(scene, true));
    const net::Instant until =
        net::Clock::now() + scene.generation.attempt_settings().first_event;
    while (!relay.begun() && !relay.failure()) {
        auto ready = co_await source.wait(until);
        if (ready.ok() && !*ready) {
            co_return from_error({base::ErrorCode::timeout,
                                  "no content within the deadline for the first event"});
        }
        auto fed = co_await take_bytes(source, relay, held.out);
        if (!fed.ok()) held.broken = from_error(fed.error());
        if (relay.failure()) held.broken = from_stream(*relay.failure());
        if (held.broken) break;
    }
    if (relay.begun()) co_return std::nullopt;
    co_return std::move(held.broken);
}

net::Task<std::optional<AttemptFailure>> deliver_held(Scene& scene, HttpSource& source,
                                                      HeldAnswer& held) {
    std::optional<AttemptFailure> failure;
    if (held.relay) {
        failure = co_await pump(scene, source, *held.relay, &held);
    } else {
        failure = co_await deliver_from(scene, source, false);
    }
    if (failure) {
        failure->answered = true;
        mark_failure(scene, *failure);
    }
    co_return failure;
}

net::Task<std::optional<AttemptFailure>> deliver(Scene& scene, HttpSource& source, bool streamed) {
    return deliver_from(scene, source, streamed);
}

net::Task<std::optional<AttemptFailure>> deliver(Scene& scene, EchoSource& source, bool streamed) {
    return deliver_from(scene, source, streamed);
}

}  // namespace tollgate::gateway
