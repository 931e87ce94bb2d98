#include "gateway/hedge.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "gateway/conclude.hpp"
#include "gateway/learn.hpp"

namespace tollgate::gateway {
namespace {

using std::chrono::milliseconds;

AttemptFailure overtaken_by_the_first() {
    AttemptFailure failure;
    failure.overtaken = true;
    failure.error_class = domain::ErrorClass::none;
    failure.message = "another candidate had content first";
    return failure;
}

}  // namespace

Race::Race(Generation& generation)
    : generation_(generation), first_scope_(generation.exchange.scope()),
      second_scope_(generation.exchange.scope()) {}

void Race::start(milliseconds delay, ChooseRival choose) {
    choose_ = std::move(choose);
    running_ = true;
    net::spawn(run(delay), "hedge");
}

net::Task<void> Race::run(milliseconds delay) {
    const net::Wake wake = co_await net::sleep_for(delay, &second_scope_);
    if (wake != net::Wake::cancelled) {
        auto rival = std::make_unique<Rival>();
        if (choose_(*rival)) {
            rival_ = std::move(rival);
            co_await ask(*rival_);
        }
    }
    const bool wanted = !decided_ && !first_over_ && !second_scope_.cancelled();
    const bool answers = wanted && rival_ && !rival_->failure;
    if (answers) {
        overtaken_ = true;
        first_scope_.cancel(net::Loop::current(), net::CancelReason::overtaken);
    }
    running_ = false;
    ended_.notify();
}

net::Task<void> Race::ask(Rival& rival) {
    Generation& generation = generation_;
    const Endpoint& endpoint = *rival.endpoint;
    rival.begun = base::StretchClock::now();
    base::log().info("hedged", {{"request_id", generation.record.request_id},
                                {"deployment", endpoint_name(endpoint)},
                                {"attempt", rival.options.number}});
    rival.failure =
        co_await reserve_beside(generation, endpoint, rival.options.number, rival.record);
    if (rival.failure || second_scope_.cancelled()) co_return;
    rival.scene.emplace(Scene{generation, endpoint, rival.delivery, rival.options, rival.prepared});
    Scene& scene = *rival.scene;
    scene.scope = &second_scope_;
    rival.failure = prepare_attempt(scene);
    if (rival.failure) co_return;
    rival.failure = co_await send_prepared(scene, rival.source);
    if (!rival.failure) rival.failure = co_await hold_answer(scene, *rival.source, rival.held);
}

net::Task<void> Race::wait_for_end() {
    while (running_) co_await ended_.wait();
}

// The second one's bill, when the first one answers or nobody wants an answer any more.
void Race::bill() {
    if (!rival_ || std::exchange(billed_, true)) return;
    Rival& rival = *rival_;
    const bool fell_behind = !rival.failure || rival.failure->client_gone;
    const AttemptFailure failure = fell_behind ? overtaken_by_the_first() : *rival.failure;
    AttemptRecord& record = rival.record;
    if (rival.held.relay) record.usage = rival.held.relay->usage();
    // What a provider had begun to read it counts, told or not.
    if (record.sent && fell_behind && record.usage.input < 0) {
        record.usage.input = generation_.input_estimate();
        record.usage.estimated = true;
    }
    if (rival.scene) {
        record.provider_request_id = rival.scene->provider_request_id;
        record.translated = !rival.prepared.verbatim;
    }
    if (record.endpoint != nullptr) end_beside(generation_, std::move(record), failure);
    learn(generation_, *rival.endpoint, std::move(rival.flight), &failure, rival.begun);
    rival.held.relay.reset();
    rival.source.reset();  // closes the connection: the provider stops
}

net::Task<bool> Race::first_answers() {
    if (overtaken_) co_return false;
    if (std::exchange(decided_, true)) co_return true;
    second_scope_.cancel(net::Loop::current(), net::CancelReason::overtaken);
    co_await wait_for_end();
    if (rival_) generation_.worker.gateway.metrics().hedges.with({"first"}).add(1);
    bill();
    co_return true;
}

net::Task<void> Race::finish(bool wanted) {
    if (decided_) co_return;
    // While nobody has been asked, the attempts loop goes on without a race.
    first_over_ = true;
    const bool waits = overtaken_ || (wanted && rival_);
    if (!waits) second_scope_.cancel(net::Loop::current(), net::CancelReason::overtaken);
    co_await wait_for_end();
    if (!waits) bill();
}

std::optional<milliseconds> hedge_delay(const Generation& generation, const Endpoint& first) {
    const domain::RoutingRule* rule = generation.plan.rule;
    const bool usual = generation.snapshot->routing.hedge;
    const bool wanted = rule != nullptr ? rule->hedge.value_or(usual) : usual;
    if (!wanted || !generation.outline.stream || first.deployment.provider.echo) {
        return std::nullopt;
    }
    double p95 = first.health->live.first_token_p95_ms();
    // Before anybody has measured: about twice what the catalog says that it takes.
    if (p95 < 0) p95 = 2 * first.deployment.model.first_token_ms;
    if (p95 <= 0) return std::nullopt;
    return milliseconds(std::max<std::int64_t>(std::llround(std::ceil(p95)), 1));
}

}  // namespace tollgate::gateway
