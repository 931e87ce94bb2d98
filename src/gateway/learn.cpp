#include "gateway/learn.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace tollgate::gateway {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

// A user's own key that is refused or used up says nothing of the deployment: everybody else comes
// there with another one.
bool of_own_key(const Endpoint& endpoint, domain::ErrorClass error_class) {
    return !endpoint.own_key.empty() && (error_class == domain::ErrorClass::credential ||
                                         error_class == domain::ErrorClass::rate_limited);
}

routing::AttemptOutcome outcome_of(const Generation& generation, const Endpoint& endpoint,
                                   const AttemptFailure* failure, net::Instant begun,
                                   net::Instant now) {
    const RequestRecord& record = generation.record;
    routing::AttemptOutcome outcome;
    if (failure != nullptr) {
        // What could not be told in the provider's words, or was not allowed, is no fault of his.
        outcome.abandoned = failure->ours || failure->client_gone || failure->overtaken ||
                            of_own_key(endpoint, failure->error_class);
        outcome.error_class = failure->error_class;
        outcome.retry_after = failure->retry_after;
        return outcome;
    }
    outcome.error_class = record.error.empty() ? domain::ErrorClass::none : record.error_class;
    outcome.abandoned = record.client_gone || generation.exchange.scope().cancelled() ||
                        of_own_key(endpoint, outcome.error_class);
    outcome.duration = duration_cast<microseconds>(now - begun);
    if (generation.outline.stream && record.first_content > begun) {
        outcome.first_token = duration_cast<microseconds>(record.first_content - begun);
    }
    outcome.input_tokens = record.usage.prompt();
    outcome.output_tokens = domain::Usage::or_zero(record.usage.output);
    return outcome;
}

}  // namespace

void learn(Generation& generation, const Endpoint& endpoint, routing::Flight flight,
           const AttemptFailure* failure, net::Instant begun) {
    const net::Instant now = std::max(base::StretchClock::now(), begun);
    const routing::CircuitChange change = endpoint.health->live.finished(
        std::move(flight), outcome_of(generation, endpoint, failure, begun, now),
        generation.snapshot->routing.circuit, now);
    if (!change.changed) return;
    Gateway& gateway = generation.worker.gateway;
    const std::string name = endpoint_name(endpoint);
    const bool open = change.state == routing::CircuitState::open;
    gateway.metrics().circuits.with({endpoint.deployment.provider.type,
                                     endpoint.deployment.model_name}).set(open ? 1 : 0);
    if (open) {
        base::log().warn("circuit_opened", {{"deployment", name},
                                            {"reason", routing::to_string(change.reason)},
                                            {"seconds", std::chrono::duration<double>(
                                                            change.open_for).count()},
                                            {"request_id", generation.record.request_id}});
    } else {
        base::log().info("circuit_closed",
                         {{"deployment", name}, {"request_id", generation.record.request_id}});
    }
    if (gateway.circuit_changed) gateway.circuit_changed(endpoint, change);
}

void learn_limits(const Endpoint& endpoint, const http::Headers& headers) {
    if (!endpoint.own_key.empty()) return;  // the user's account, not ours
    const std::chrono::system_clock::time_point now{
        std::chrono::microseconds(base::coarse_unix_micros())};
    const routing::RateLimits limits = routing::read_rate_limits(headers, now);
    if (limits.stated()) endpoint.health->live.observe(limits, base::StretchClock::now());
}

}  // namespace tollgate::gateway
