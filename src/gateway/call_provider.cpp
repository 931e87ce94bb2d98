#include "gateway/call_provider.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "gateway/affinity.hpp"
#include "gateway/attempt.hpp"
#include "gateway/conclude.hpp"
#include "gateway/hedge.hpp"
#include "gateway/learn.hpp"
#include "gateway/shadow.hpp"

namespace tollgate::gateway {
namespace {

using domain::ErrorClass;
using std::chrono::milliseconds;

// Where the loop stands: which candidate, which attempt, what went wrong so far.
struct Progress {
    const std::vector<EndpointPointer>* list = nullptr;
    std::size_t current = 0;  // the candidate of the present attempt
    std::size_t next = 0;     // the first that nobody has looked at
    bool stay = false;        // the present one is tried again
    // Candidates passed over because their circuits are open: asked when all others have failed.
    std::vector<std::size_t> passed_over;
    std::int64_t tries = 0;         // of candidates; a closed connection makes more attempts
    std::int64_t on_candidate = 0;  // failures of the present one
    std::int64_t max_tokens_override = 0;
    net::Instant deadline = net::Instant::max();  // of the whole request
    AttemptFailure last;
    std::string told;               // every attempt with its reason
    bool anybody_answered = false;
    milliseconds retry_after{-1};   // the smallest
};

// How long to wait before the same candidate is tried again. Full jitter: clients that failed
// together must not come back together.
milliseconds backoff(const AttemptSettings& settings, std::int64_t failures) {
    const auto shift = std::min<std::int64_t>(failures - 1, 16);
    const auto ceiling =
        std::min<milliseconds>(settings.backoff_max, settings.backoff_first * (1LL << shift));
    const auto span = static_cast<std::uint64_t>(ceiling.count()) + 1;
    return milliseconds(static_cast<std::int64_t>(base::random_u64() % span));
}

void note_failure(Generation& generation, const Endpoint& endpoint, Progress& progress,
                  AttemptFailure failure) {
    const std::string name = endpoint_name(endpoint);
    // Providers quote what they refuse: the log keeps their words, not the prompt.
    constexpr std::size_t logged_words_max = 300;
    const bool bound = failure.ours && (failure.own_error.code == base::ErrorCode::billing ||
                                        failure.own_error.code == base::ErrorCode::permission ||
                                        failure.own_error.code == base::ErrorCode::rate_limited);
    const char* event = "provider_attempt_failed";
    if (failure.ours) event = bound ? "attempt_refused_by_bounds" : "request_not_translatable";
    base::log().warn(event,
                     {{"request_id", generation.record.request_id},
                      {"deployment", name},
                      {"attempt", generation.record.attempts},
                      {"class", domain::to_string(failure.error_class)},
                      {"status", failure.status},
                      {"message", std::string_view(failure.message).substr(0, logged_words_max)}});
    if (!progress.told.empty()) progress.told += "; ";
    progress.told += name + ": ";
    if (failure.status > 0) progress.told += std::to_string(failure.status) + " ";
    progress.told += failure.message;
    progress.anybody_answered = progress.anybody_answered || failure.status > 0 ||
                                failure.answered;
    if (failure.retry_after.count() >= 0 &&
        (progress.retry_after.count() < 0 || failure.retry_after < progress.retry_after)) {
        progress.retry_after = failure.retry_after;
    }
    if (generation.record.fallback_reason.empty()) {
        generation.record.fallback_reason = domain::to_string(failure.error_class);
    }
    failure.provider = name;
    progress.last = std::move(failure);
}

// The configured bound, or what the client asks for in seconds when that is less.
milliseconds total_time(const Generation& generation) {
    const AttemptSettings& settings = generation.attempt_settings();
    const milliseconds total =
        generation.outline.stream ? settings.stream_total : settings.total;
    const std::string_view wanted = generation.exchange.headers().get("x-tollgate-timeout");
    std::int64_t seconds = 0;
    const auto [end, problem] =
        std::from_chars(wanted.data(), wanted.data() + wanted.size(), seconds);
    const bool whole = problem == std::errc() && end == wanted.data() + wanted.size();
    if (!whole || seconds <= 0 || seconds > 86'400) return total;
    return std::min<milliseconds>(total, std::chrono::seconds(seconds));
}

bool take_chain(Progress& progress, const std::vector<EndpointPointer>& chain) {
    if (chain.empty() || progress.list == &chain) return false;
    progress.list = &chain;
    progress.current = progress.next = 0;
    progress.passed_over.clear();
    progress.on_candidate = 0;
    return true;
}

bool stay(Progress& progress) {
    progress.stay = true;
    return true;
}

// Whether somebody is left behind the present candidate.
bool more_behind(const Progress& progress) {
    return progress.next < progress.list->size() || !progress.passed_over.empty();
}

bool move_on(Progress& progress) {
    progress.on_candidate = 0;
    progress.max_tokens_override = 0;
    return more_behind(progress);
}

bool goes_on(const Delivery& delivery) {
    return delivery.continuation && delivery.continuation->under_way();
}

// Decides what follows a failure; waits where a pause is due. False: the end.
net::Task<bool> next_step(Generation& generation, Progress& progress,
                          const Delivery& delivery) {
    const AttemptSettings& settings = generation.attempt_settings();
    const AttemptFailure& last = progress.last;
    if (last.client_gone || generation.record.attempts >= settings.max_attempts) co_return false;
    if (last.error_class == ErrorClass::context_overflow) {
        if (last.max_tokens_fitting > 0 && progress.max_tokens_override == 0) {
            progress.max_tokens_override = last.max_tokens_fitting;
            co_return stay(progress);
        }
        co_return take_chain(progress, generation.plan.context_window);
    }
    if (last.error_class == ErrorClass::content_policy) {
        co_return take_chain(progress, generation.plan.content_policy);
    }
    for (const auto& [error_class, chain] : generation.plan.fallback_on) {
        if (error_class == last.error_class && take_chain(progress, chain)) co_return true;
    }
    // Another candidate may be able to carry what this one cannot.
    if (last.ours) co_return move_on(progress);
    // What goes on with an answer is another request than the client's: others may take it.
    if (goes_on(delivery) && last.error_class == ErrorClass::bad_request) {
        co_return move_on(progress);
    }
    if (!fails_over(last.error_class)) co_return false;
    ++progress.on_candidate;
    const std::int64_t allowed = settings.attempts_per_candidate > 0
                                     ? settings.attempts_per_candidate
                                     : (progress.list->size() == 1 ? 2 : 1);
    if (retries_here(last.error_class) && progress.on_candidate < allowed) {
        const milliseconds pause =
            std::max(backoff(settings, progress.on_candidate), last.retry_after);
        if (pause <= settings.backoff_max && net::Clock::now() + pause < progress.deadline) {
            const net::Wake wake = co_await net::sleep_for(pause, &generation.exchange.scope());
            co_return wake != net::Wake::cancelled && stay(progress);
        }
    }
    co_return move_on(progress);
}

// Leave for the next candidate, and its endpoint. Whose circuit is open is passed over while there
// are others; when nobody is left but those, the one that opens soonest is asked all the same.
EndpointPointer take_off(Progress& progress, net::Instant now, routing::Flight& flight) {
    const auto start = [&](std::size_t index, routing::Admission admission) {
        progress.current = index;
        flight = (*progress.list)[index]->health->live.started(now, admission);
        return flight.admitted();
    };
    if (std::exchange(progress.stay, false)) {
        (void)start(progress.current, routing::Admission::forced);
        return (*progress.list)[progress.current];
    }
    const auto usual = progress.list->size() == 1 ? routing::Admission::forced
                                                  : routing::Admission::normal;
    while (progress.next < progress.list->size()) {
        const std::size_t index = progress.next++;
        if (start(index, usual)) return (*progress.list)[index];
        progress.passed_over.push_back(index);
    }
    const std::size_t index = progress.passed_over.front();
    progress.passed_over.erase(progress.passed_over.begin());
    (void)start(index, routing::Admission::forced);
    return (*progress.list)[index];
}

bool resumes(const Generation& generation) {
    const domain::RoutingRule* rule = generation.plan.rule;
    const bool usual = generation.snapshot->routing.resume_streams;
    return generation.outline.stream &&
           (rule != nullptr ? rule->resume_streams.value_or(usual) : usual);
}

// A broken stream is about to be gone on with.
void note_resume(const Generation& generation, const Endpoint& endpoint,
                 const Delivery& delivery) {
    base::log().info("stream_resumed",
                     {{"request_id", generation.record.request_id},
                      {"deployment", endpoint_name(endpoint)},
                      {"attempt", generation.record.attempts},
                      {"text_bytes", delivery.continuation->text_bytes()}});
    generation.worker.gateway.metrics()
        .streams_resumed.with({endpoint.deployment.provider.type})
        .add(1);
}

void forget_fallback_if_first(Generation& generation, const Progress& progress) {
    if (progress.tries <= 1) generation.record.fallback_reason = {};
}

// Nobody answered well: the last failure decides what the client sees.
net::Task<void> answer_failure(Generation& generation, const Progress& progress,
                               Delivery& delivery) {
    http::Exchange& exchange = generation.exchange;
    RequestRecord& record = generation.record;
    AttemptFailure last = progress.last;
    if (last.error_class == ErrorClass::context_overflow) {
        const Endpoint& endpoint = *(*progress.list)[progress.current];
        if (last.context_tokens <= 0) {
            last.context_tokens = endpoint.deployment.model.context_tokens;
        }
        if (last.prompt_tokens <= 0) {
            last.prompt_tokens = std::max(domain::Usage::or_zero(record.usage.input),
                                          last.context_tokens + 1);
        }
    }
    FinalAnswer answer =
        final_answer(last, generation.protocol(), progress.told, progress.anybody_answered,
                     progress.retry_after);
    const bool billing = answer.error.code == base::ErrorCode::billing && last.ours;
    if (billing) answer.status = billing_status(generation);
    if (!delivery.content_sent) record.status = answer.status;
    record.error = answer.error.message;
    record.error_class = last.error_class;
    conclude(generation);
    if (exchange.scope().cancelled()) co_return;
    if (exchange.answered()) {
        // Pings and a start have left, or content that nobody goes on with: the stream ends with an
        // error event.
        std::string frame;
        dialect::StreamEncoder* const encoder =
            delivery.continuation ? delivery.continuation->encoder() : nullptr;
        if (encoder == nullptr || !encoder->break_off(answer.error, frame)) {
            frame = generation.client.encode_stream_error(answer.status, answer.error,
                                                          exchange.request_id());
        }
        generation.frame(frame);
        auto written = co_await exchange.write(frame);
        if (written.ok()) written = co_await exchange.finish();
        co_return;
    }
    if (answer.error.retry_after.count() > 0) {
        exchange.add_header("retry-after", std::to_string(answer.error.retry_after.count()));
    }
    const bool unsaid = answer.error.retry_after.count() == 0;
    if (unsaid && answer.relay_body && last.retry_after.count() > 0) {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(last.retry_after);
        exchange.add_header("retry-after", std::to_string(seconds.count()));
    }
    if (billing) {
        exchange.add_header("x-should-retry", "false");
    } else if (!last.should_retry.empty()) {
        exchange.add_header("x-should-retry", last.should_retry);
    }
    exchange.add_header("x-tollgate-attempts", std::to_string(record.attempts));
    // A cloud's client reads other envelopes than the provider's, but for the cloud's protocols.
    const domain::Protocol protocol = generation.protocol();
    const bool clouds_own = protocol == domain::Protocol::gemini ||
                            protocol == domain::Protocol::bedrock_converse;
    const bool relayed = answer.relay_body && (generation.by_path == nullptr || clouds_own);
    const std::string own = error_body(generation, answer.status, answer.error);
    const std::string& body = relayed ? last.body : own;
    const std::string type = relayed && !last.content_type.empty() ? last.content_type
                                                                            : "application/json";
    auto sent = co_await exchange.respond(answer.status, type, body);
    if (!sent.ok()) record.client_gone = true;
}

// One attempt, as it was.
struct Tried {
    EndpointPointer endpoint;
    routing::Flight flight;
    net::Instant begun;
};

void end_tried(Generation& generation, Tried& tried, const AttemptFailure* failure) {
    end_attempt(generation, failure);
    learn(generation, *tried.endpoint, std::move(tried.flight), failure, tried.begun);
}

AttemptOptions options_of(const Generation& generation, const Progress& progress) {
    AttemptOptions options;
    options.number = generation.record.attempts;
    options.last = !more_behind(progress) ||
                   options.number >= generation.attempt_settings().max_attempts;
    options.max_tokens_override = progress.max_tokens_override > 0 ? progress.max_tokens_override
                                                                   : output_clamp(generation);
    options.request_deadline = progress.deadline;
    return options;
}

// The next candidate that is well, for a race with the present one.
bool choose_rival(Generation& generation, Progress& progress, const Delivery& delivery,
                  Rival& rival) {
    const std::int64_t attempts_max = generation.attempt_settings().max_attempts;
    if (delivery.start_sent || generation.record.attempts >= attempts_max) {
        return false;
    }
    while (progress.next < progress.list->size()) {
        const std::size_t index = progress.next++;
        const EndpointPointer& endpoint = (*progress.list)[index];
        rival.flight = endpoint->health->live.started(base::StretchClock::now(),
                                                      routing::Admission::normal);
        if (!rival.flight.admitted()) {
            progress.passed_over.push_back(index);
            continue;
        }
        rival.endpoint = endpoint;
        ++progress.tries;
        ++generation.record.attempts;
        rival.options = options_of(generation, progress);
        rival.options.beside = &rival.record;
        if (delivery.continuation) rival.delivery.continuation = std::make_unique<Continuation>();
        return true;
    }
    return false;
}

// The rival answers, or has failed as well: it is the present attempt from now on.
net::Task<std::optional<AttemptFailure>> adopt(Generation& generation, Delivery& delivery,
                                               Rival& rival, Tried& tried) {
    RequestRecord& record = generation.record;
    const Endpoint& endpoint = *rival.endpoint;
    tried = {rival.endpoint, std::move(rival.flight), rival.begun};
    record.provider = endpoint.deployment.provider.type;
    record.model = endpoint.deployment.model_name;
    record.metrics = &endpoint.metrics;
    record.translated = !rival.prepared.verbatim;
    if (record.fallback_reason.empty()) record.fallback_reason = "slow";
    if (rival.scene) record.provider_request_id = rival.scene->provider_request_id;
    if (rival.record.endpoint != nullptr) take_up(generation, std::move(rival.record));
    if (rival.failure && rival.held.relay) record.usage = rival.held.relay->usage();
    if (rival.failure) co_return std::move(rival.failure);
    rival.scene->scope = &generation.exchange.scope();
    auto failure = co_await deliver_held(*rival.scene, *rival.source, rival.held);
    delivery = std::move(rival.delivery);
    co_return failure;
}

// As attempt(), with a second candidate asked as well when the first one is slow. `tried` is the
// one that counts afterwards; the other one is billed and judged.
net::Task<std::optional<AttemptFailure>> try_hedged(Generation& generation, Progress& progress,
                                                    Delivery& delivery, AttemptOptions options,
                                                    milliseconds delay, Tried& tried) {
    Race race(generation);
    options.race = &race;
    race.start(delay, [&](Rival& rival) {
        return choose_rival(generation, progress, delivery, rival);
    });
    auto failure = co_await attempt(generation, *tried.endpoint, delivery, options);
    co_await race.finish(failure.has_value() && !failure->client_gone);
    Rival* const rival = race.rival();
    if (rival == nullptr) co_return failure;
    if (race.overtaken()) {
        failure = AttemptFailure();
        failure->overtaken = true;
        failure->error_class = ErrorClass::none;
        failure->message = "another candidate had content first";
        domain::Usage& used = generation.record.usage;
        // What was never sent, because its credential or its connection was waited for, is free.
        if (generation.attempts[generation.attempt_at].sent && used.input < 0) {
            used.input = generation.input_estimate();
            used.estimated = true;
        }
    }
    end_tried(generation, tried, &*failure);
    if (!race.overtaken()) note_failure(generation, *tried.endpoint, progress, std::move(*failure));
    generation.worker.gateway.metrics()
        .hedges.with({rival->failure ? "none" : "second"})
        .add(1);
    auto last = co_await adopt(generation, delivery, *rival, tried);
    co_return last;
}

}  // namespace

net::Task<void> call_provider(Generation& generation, Attempt try_one) {
    Progress progress;
    Delivery delivery;
    progress.list = &generation.plan.candidates;
    progress.deadline = generation.exchange.loop().now() + total_time(generation);
    begin_shadow(generation);
    if (!generation.record.arm.empty()) generation.judge = std::make_unique<AnswerJudge>();
    if (resumes(generation)) delivery.continuation = std::make_unique<Continuation>();
    while (true) {
        Tried tried;
        tried.begun = base::StretchClock::now();
        tried.endpoint = take_off(progress, tried.begun, tried.flight);
        ++progress.tries;
        ++generation.record.attempts;
        const AttemptOptions options = options_of(generation, progress);
        if (goes_on(delivery)) note_resume(generation, *tried.endpoint, delivery);
        if (generation.judge && !goes_on(delivery)) generation.judge->begin_again();
        auto failure = co_await reserve(generation, *tried.endpoint, tried.begun);
        const auto delay = try_one == &attempt && !goes_on(delivery) && more_behind(progress)
                               ? hedge_delay(generation, *tried.endpoint)
                               : std::nullopt;
        if (!failure && delay) {
            failure = co_await try_hedged(generation, progress, delivery, options, *delay, tried);
        } else if (!failure) {
            failure = co_await try_one(generation, *tried.endpoint, delivery, options);
        }
        end_tried(generation, tried, failure ? &*failure : nullptr);
        if (!failure) {
            if (generation.record.error.empty()) {
                remember_conversation(generation, *tried.endpoint);
            }
            forget_fallback_if_first(generation, progress);
            co_return;
        }
        note_failure(generation, *tried.endpoint, progress, std::move(*failure));
        if (generation.exchange.scope().cancelled()) co_return;
        const bool more = co_await next_step(generation, progress, delivery);
        if (!more) break;
    }
    forget_fallback_if_first(generation, progress);
    co_await answer_failure(generation, progress, delivery);
}

}  // namespace tollgate::gateway
