#include "gateway/attempt.hpp"

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "gateway/authorize.hpp"
#include "gateway/hedge.hpp"
#include "gateway/learn.hpp"
#include "gateway/scene.hpp"

namespace tollgate::gateway {
namespace {

using domain::ErrorClass;
using std::chrono::milliseconds;

constexpr std::size_t error_body_bytes_max = 1024 * 1024;

http::Deadlines deadlines_of(const Scene& scene) {
    const AttemptSettings& settings = scene.generation.attempt_settings();
    const domain::Deployment& target = scene.endpoint.deployment;
    http::Deadlines deadlines;
    deadlines.connect = settings.connect;
    deadlines.headers = scene.options.last ? settings.headers_last : settings.headers;
    if (target.provider.local) deadlines.headers = settings.headers_local;
    if (target.headers_timeout.count() > 0) deadlines.headers = target.headers_timeout;
    deadlines.idle = settings.idle;
    deadlines.total = scene.options.request_deadline;
    if (target.total_timeout.count() > 0) {
        deadlines.total = std::min(deadlines.total, net::Clock::now() + target.total_timeout);
    }
    return deadlines;
}

// Some providers quote the credential that they refuse: clients and logs must not see it.
void hide(const std::string& key, std::string& text) {
    constexpr std::size_t shortest_credential = 8;
    if (key.size() < shortest_credential) return;
    constexpr std::string_view mask = "[credential]";
    for (std::size_t at = text.find(key); at != std::string::npos;
         at = text.find(key, at + mask.size())) {
        text.replace(at, key.size(), mask);
    }
}

void hide_credential(const Scene& scene, std::string& text) {
    hide(scene.endpoint.deployment.api_key, text);
    if (!scene.credential) return;
    hide(scene.credential->bearer, text);
    hide(scene.credential->secret_access_key, text);
    hide(scene.credential->session_token, text);
}

AttemptFailure read_refusal(Scene& scene, int status, const http::Headers& headers,
                            std::string_view body) {
    const providers::ErrorVerdict verdict =
        scene.endpoint.provider->classify_error(status, headers, body, scene.prepared.protocol);
    AttemptFailure failure;
    failure.error_class = verdict.failure.error_class;
    failure.status = status;
    failure.type = verdict.failure.type;
    failure.message = verdict.failure.message.empty() ? "no words" : verdict.failure.message;
    failure.retry_after = verdict.retry_after;
    failure.prompt_tokens = verdict.failure.prompt_tokens;
    failure.context_tokens = verdict.failure.context_tokens;
    failure.max_tokens_fitting = verdict.failure.max_tokens_fitting;
    failure.should_retry = headers.get("x-should-retry");
    if (scene.prepared.verbatim && !verdict.foreign_body) {
        failure.body = body;
        failure.content_type = headers.get("content-type");
    }
    hide_credential(scene, failure.message);
    hide_credential(scene, failure.body);
    return failure;
}

void keep_limits(Scene& scene, const http::Headers& headers) {
    for (const http::Header& header : headers) {
        const bool limit = header.name.size() > 12 &&
                           (http::iequals(header.name.substr(0, 12), "x-ratelimit-") ||
                            (header.name.size() > 20 &&
                             http::iequals(header.name.substr(0, 20), "anthropic-ratelimit-")));
        if (limit) scene.provider_limits.emplace_back(header.name, header.value);
    }
}

// Obtains the credential, where it is not configured, and puts it on the request.
net::Task<std::optional<AttemptFailure>> take_credential(Scene& scene) {
    auto credential = co_await authorize(scene.generation.worker.client, scene.endpoint,
                                         scene.prepared, scene.scope);
    if (credential.ok()) {
        scene.credential = std::move(credential).value();
        co_return std::nullopt;
    }
    AttemptFailure failure = from_error(credential.error());
    if (!failure.client_gone) failure.error_class = ErrorClass::credential;
    mark_failure(scene, failure);
    co_return failure;
}

AttemptRecord& record_of(const Scene& scene) {
    AttemptRecord* const beside = scene.options.beside;
    return beside != nullptr ? *beside : scene.generation.attempts[scene.generation.attempt_at];
}

// The kept connection had closed before any byte of an answer, so that the request was sent again:
// an attempt of its own, which got nothing and costs nothing. What is held for its price is held
// for the one that follows. An attempt of several calls counts this once.
void note_stale(const Scene& scene, net::Instant begun, net::Instant sent_again) {
    Generation& generation = scene.generation;
    const domain::Deployment& target = scene.endpoint.deployment;
    AttemptRecord& present = record_of(scene);
    if (std::exchange(present.resent, true)) return;
    AttemptRecord stale;
    stale.number = std::exchange(present.number, ++generation.record.attempts);
    stale.provider = present.provider;
    stale.provider_type = present.provider_type;
    stale.model = present.model;
    stale.error_class = "stale_connection";
    stale.error = "the kept connection had closed before any byte of an answer";
    stale.cost.priced = true;
    stale.zone = target.provider.local ? "local" : "";
    stale.byok = !scene.endpoint.own_key.empty();
    stale.translated = !scene.prepared.verbatim;
    stale.begun = begun;
    stale.total_us =
        std::chrono::duration_cast<std::chrono::microseconds>(sent_again - begun).count();
    stale.endpoint = &scene.endpoint;
    base::log().info("connection_was_closed",
                     {{"request_id", generation.record.request_id},
                      {"deployment", endpoint_name(scene.endpoint)},
                      {"attempt", stale.number}});
    if (scene.options.beside != nullptr) {
        generation.attempts.push_back(std::move(stale));
        return;
    }
    const auto at = static_cast<std::ptrdiff_t>(generation.attempt_at++);
    generation.attempts.insert(generation.attempts.begin() + at, std::move(stale));
}

net::Task<std::optional<AttemptFailure>> attempt_http(Scene& scene) {
    std::optional<HttpSource> source;
    auto failure = co_await send_prepared(scene, source);
    scene.generation.record.provider_request_id = scene.provider_request_id;
    if (failure) co_return failure;
    const bool streamed = is_stream(source->call().head().headers);
    failure = co_await deliver(scene, *source, streamed);
    if (failure) {
        failure->answered = true;
        mark_failure(scene, *failure);
    }
    co_return failure;
}

net::Task<std::optional<AttemptFailure>> attempt_echo(Scene& scene) {
    Generation& generation = scene.generation;
    auto request = generation.request();
    if (!request.ok()) {
        AttemptFailure failure;
        failure.ours = true;
        failure.own_error = request.error();
        failure.message = request.error().message;
        co_return failure;
    }
    providers::EchoAnswer answer = providers::echo_answer(
        **request, generation.exchange.request_id(), generation.outline.stream);
    const int status = answer.status;
    const bool streamed = answer.content_type.starts_with("text/event-stream");
    generation.record.sent = net::Clock::now();
    EchoSource source(std::move(answer), &generation.exchange.scope());
    if (status < 300) co_return co_await deliver(scene, source, streamed);
    auto body = co_await source.read_all(error_body_bytes_max);
    const http::Headers none;
    co_return read_refusal(scene, status, none, body.ok() ? std::string_view(*body) : "");
}

}  // namespace

bool is_stream(const http::Headers& headers) {
    const std::string_view type = headers.get("content-type");
    return type.starts_with("text/event-stream") || type.starts_with("application/x-ndjson") ||
           type.starts_with("application/vnd.amazon.eventstream");
}

AttemptFailure from_error(const base::Error& error) {
    AttemptFailure failure;
    failure.message = error.message;
    switch (error.code) {
        case base::ErrorCode::timeout: failure.error_class = ErrorClass::timeout; break;
        case base::ErrorCode::cancelled: failure.client_gone = true; break;
        default: failure.error_class = ErrorClass::provider_fault; break;
    }
    return failure;
}

void mark_health(Scene& scene, bool healthy, const std::string& why) {
    EndpointHealth& health = *scene.endpoint.health;
    const bool was = health.healthy.exchange(healthy, std::memory_order_relaxed);
    health.checked_unix.store(base::unix_seconds(), std::memory_order_relaxed);
    if (!healthy) {
        std::lock_guard lock(health.mutex);
        health.last_error = why;
    }
    if (was != healthy || !healthy) {
        scene.generation.worker.gateway.metrics()
            .provider_health.with({scene.endpoint.deployment.provider.type})
            .set(healthy ? 1 : 0);
    }
}

void mark_failure(Scene& scene, const AttemptFailure& failure) {
    if (failure.client_gone || failure.ours || !fails_over(failure.error_class)) return;
    if (failure.error_class == ErrorClass::rate_limited) return;
    const bool own_key = !scene.endpoint.own_key.empty();
    if (own_key && failure.error_class == ErrorClass::credential) return;
    mark_health(scene, false, failure.message);
}

net::Task<std::optional<AttemptFailure>> send_prepared(Scene& scene,
                                                       std::optional<HttpSource>& source) {
    Generation& generation = scene.generation;
    if (scene.endpoint.credential) {
        auto unauthorized = co_await take_credential(scene);
        if (unauthorized) co_return unauthorized;
    }
    http::OutgoingRequest request;
    request.target = scene.prepared.target;
    request.headers = scene.prepared.headers.all();
    request.body = scene.prepared.pieces;
    const http::Deadlines deadlines = deadlines_of(scene);
    http::CallFailure how = http::CallFailure::none;
    co_await net::WithOthers{net::Loop::current(), generation.body.size()};
    const net::Instant sending = net::Clock::now();
    if (generation.record.sent == net::Instant{}) generation.record.sent = sending;
    http::Departure departure;
    auto sent = co_await generation.worker.client.send(scene.endpoint.origin, request, deadlines,
                                                       scene.scope, &how, &departure);
    if (departure.begun) record_of(scene).sent = true;
    if (departure.again != net::Instant{}) note_stale(scene, sending, departure.again);
    if (!sent.ok()) {
        AttemptFailure failure = from_error(sent.error());
        mark_failure(scene, failure);
        co_return failure;
    }
    source.emplace(std::move(sent).value());
    const http::ResponseHead& head = source->call().head();
    const int status = head.status;
    std::string_view provider_id = head.headers.get("request-id");
    if (provider_id.empty()) provider_id = head.headers.get("x-request-id");
    if (provider_id.empty()) provider_id = head.headers.get("x-amzn-requestid");
    scene.provider_request_id = provider_id;
    learn_limits(scene.endpoint, head.headers);
    if (generation.snapshot->expose_provider_limits) keep_limits(scene, head.headers);
    if (status >= 200 && status < 300) co_return std::nullopt;
    // The head's views die with the first read: keep what the verdict needs.
    std::vector<std::pair<std::string, std::string>> kept;
    for (const http::Header& header : head.headers) kept.emplace_back(header.name, header.value);
    auto body = co_await source->read_all(error_body_bytes_max);
    http::Headers views;
    for (const auto& [name, value] : kept) views.add(name, value);
    AttemptFailure failure =
        read_refusal(scene, status, views, body.ok() ? std::string_view(*body) : "");
    if (failure.error_class == ErrorClass::credential && scene.credential) {
        scene.endpoint.credential->refused(scene.credential);
    }
    mark_failure(scene, failure);
    co_return failure;
}

std::optional<AttemptFailure> prepare_attempt(Scene& scene) {
    const Delivery& delivery = scene.delivery;
    const bool going_on = delivery.continuation && delivery.continuation->under_way();
    const Continuation* begun = going_on ? delivery.continuation.get() : nullptr;
    auto ready = prepare(scene.generation, scene.endpoint, scene.options.max_tokens_override,
                         begun, scene.prepared);
    if (!ready.ok()) {
        AttemptFailure failure;
        failure.ours = true;
        failure.own_error = ready.error();
        failure.message = ready.error().message;
        failure.error_class = ErrorClass::bad_request;
        return failure;
    }
    scene.generation.release_decoded();
    for (const std::string& warning : scene.prepared.translation.warnings) {
        base::log().warn("request_warning", {{"request_id", scene.generation.record.request_id},
                                             {"deployment", endpoint_name(scene.endpoint)},
                                             {"warning", warning}});
    }
    return std::nullopt;
}

net::Task<std::optional<AttemptFailure>> attempt(Generation& generation, const Endpoint& endpoint,
                                                 Delivery& delivery, AttemptOptions options) {
    RequestRecord& record = generation.record;
    const domain::Deployment& target = endpoint.deployment;
    record.provider = target.provider.type;
    record.model = target.model_name;
    record.metrics = &endpoint.metrics;
    if (record.first_provider.empty()) record.first_provider = record.provider;
    Prepared prepared;
    Scene scene{generation, endpoint, delivery, options, prepared};
    if (options.race != nullptr) scene.scope = &options.race->first_scope();
    if (target.provider.echo) {
        prepared.protocol = domain::Protocol::anthropic;
        prepared.verbatim = generation.protocol() == prepared.protocol;
        record.translated = !prepared.verbatim;
        co_return co_await attempt_echo(scene);
    }
    auto failure = prepare_attempt(scene);
    record.translated = !prepared.verbatim;
    if (failure) co_return failure;
    co_return co_await attempt_http(scene);
}

}  // namespace tollgate::gateway
