#include "app/check_targets.hpp"

#include <algorithm>

#include "assembly/provider_probe.hpp"
#include "base/json.hpp"
#include "base/sha256.hpp"

namespace tollgate::app {
namespace {

using domain::ErrorClass;
using domain::HealthCheck;
using std::chrono::milliseconds;

constexpr std::int64_t version = 1;
constexpr std::size_t id_bytes = 16;  // of a digest

// The key of an endpoint without the model: type, address, and a digest of the credential.
std::string account_of(const gateway::Endpoint& endpoint) {
    const std::size_t at = endpoint.key.find('@');
    const std::string place = at == std::string::npos ? endpoint.key : endpoint.key.substr(at);
    const domain::Deployment& deployment = endpoint.deployment;
    return deployment.provider.type + ' ' + deployment.account + ' ' + deployment.tenant + place;
}

std::optional<HealthCheck> mode_of(const gateway::Endpoint& endpoint,
                                   const gateway::HealthCheckSettings& settings) {
    const domain::Deployment& deployment = endpoint.deployment;
    if (deployment.provider.echo || endpoint.needs_own_key) return std::nullopt;
    HealthCheck mode = deployment.health_check;
    if (mode == HealthCheck::off) return std::nullopt;
    if (mode == HealthCheck::by_default) {
        if (!settings.enabled) return std::nullopt;
        const bool listed = assembly::has_list_of_models(endpoint);
        if (!listed && !settings.completion) return std::nullopt;
        mode = listed ? HealthCheck::models : HealthCheck::completion;
    }
    if (mode == HealthCheck::models && !assembly::has_list_of_models(endpoint)) {
        return std::nullopt;
    }
    return mode;
}

// The cheapest is asked.
void put_cheapest_first(CheckTarget& target) {
    const auto price = [](const gateway::EndpointPointer& endpoint) {
        const domain::TokenPrices& prices = endpoint->deployment.model.prices;
        return prices.input < 0 || prices.output < 0 ? domain::PicoUsd(1) << 62
                                                     : prices.input + prices.output;
    };
    const auto cheapest = std::min_element(
        target.endpoints.begin(), target.endpoints.end(),
        [&](const auto& one, const auto& other) { return price(one) < price(other); });
    std::iter_swap(target.endpoints.begin(), cheapest);
}

// As a request would: what failed counts, wherever the circuit stands.
void feed_one(const gateway::Endpoint& endpoint, ErrorClass error_class,
              const domain::CircuitSettings& settings, net::Instant now,
              const CircuitChanged& changed) {
    routing::DeploymentHealth& live = endpoint.health->live;
    routing::AttemptOutcome outcome;
    outcome.error_class = error_class;
    const routing::CircuitChange change =
        live.finished(live.started(now, routing::Admission::forced), outcome, settings, now);
    if (change.changed) changed(endpoint, change);
}

}  // namespace

std::vector<CheckTarget> check_targets(const gateway::Snapshot& snapshot) {
    std::vector<CheckTarget> targets;
    for (const gateway::EndpointPointer& endpoint : snapshot.endpoints) {
        const auto mode = mode_of(*endpoint, snapshot.health_checks);
        if (!mode) continue;
        const domain::Deployment& deployment = endpoint->deployment;
        const bool chat = deployment.model.mode == domain::ModelMode::chat;
        if (*mode == HealthCheck::completion && !chat) continue;
        std::string id =
            base::hex(base::sha256(account_of(*endpoint)), id_bytes);
        auto found = std::find_if(targets.begin(), targets.end(),
                                  [&](const CheckTarget& one) { return one.id == id; });
        if (found == targets.end()) {
            targets.push_back({std::move(id), deployment.provider.type, deployment.account, *mode,
                               {}});
            found = targets.end() - 1;
        }
        const bool known = std::any_of(
            found->endpoints.begin(), found->endpoints.end(),
            [&](const auto& one) { return one->key == endpoint->key; });
        if (!known) found->endpoints.push_back(endpoint);
    }
    for (CheckTarget& target : targets) {
        if (target.mode == HealthCheck::completion) put_cheapest_first(target);
    }
    return targets;
}

std::string_view to_string(CheckVerdict verdict) {
    switch (verdict) {
        case CheckVerdict::works: return "works";
        case CheckVerdict::fails: return "fails";
        case CheckVerdict::unclear: return "unclear";
    }
    return "unclear";
}

CheckResult result_of(const domain::ProviderProbe& probe, std::int64_t unix_now) {
    CheckResult result;
    result.checked = unix_now;
    result.reached = probe.status != 0;
    result.message = probe.message;
    result.error_class = probe.error_class;
    switch (probe.error_class) {
        case ErrorClass::credential:
        case ErrorClass::overloaded:
        case ErrorClass::provider_fault:
        case ErrorClass::timeout: result.verdict = CheckVerdict::fails; break;
        // It is there, and says that there is enough of asking.
        case ErrorClass::rate_limited: result.verdict = CheckVerdict::works; break;
        case ErrorClass::none:
        case ErrorClass::context_overflow:
        case ErrorClass::content_policy:
        case ErrorClass::bad_request: break;
    }
    if (probe.works) result.verdict = CheckVerdict::works;
    if (result.verdict == CheckVerdict::works) {
        result.error_class = ErrorClass::none;
        result.message.clear();
    }
    return result;
}

std::string encode(const CheckResult& result) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object().integer("version", version);
    writer.string("verdict", to_string(result.verdict));
    writer.integer("error_class", static_cast<std::int64_t>(result.error_class));
    writer.boolean("reached", result.reached).string("message", result.message);
    writer.integer("checked", result.checked).end_object();
    return text;
}

std::optional<CheckResult> decode_check_result(std::string_view text) {
    json::Document document;
    const auto root = document.parse(text);
    if (!root.ok() || (*root)["version"].integer() != version) return std::nullopt;
    const auto error_class = (*root)["error_class"].integer();
    const auto checked = (*root)["checked"].integer();
    if (!error_class || !checked || *error_class < 0 ||
        *error_class > static_cast<std::int64_t>(ErrorClass::bad_request)) {
        return std::nullopt;
    }
    CheckResult result;
    for (const auto verdict : {CheckVerdict::works, CheckVerdict::fails}) {
        if ((*root)["verdict"].equals(to_string(verdict))) result.verdict = verdict;
    }
    result.error_class = static_cast<ErrorClass>(*error_class);
    result.reached = (*root)["reached"].boolean().value_or(false);
    result.message = (*root)["message"].text();
    result.checked = *checked;
    return result;
}

void feed_health(const CheckTarget& target, const CheckResult& result,
                 const domain::CircuitSettings& settings, net::Instant now,
                 const CircuitChanged& changed) {
    if (result.verdict == CheckVerdict::unclear || target.endpoints.empty()) return;
    const bool completion = target.mode == HealthCheck::completion;
    // A completion that the provider answered, but did not give, says nothing of other models.
    const bool of_one = completion && result.verdict == CheckVerdict::fails && result.reached &&
                        result.error_class != ErrorClass::credential;
    for (const gateway::EndpointPointer& endpoint : target.endpoints) {
        const bool asked = endpoint == target.endpoints.front();
        const bool works = result.verdict == CheckVerdict::works;
        if (works ? completion && asked : asked || !of_one) {
            feed_one(*endpoint, result.error_class, settings, now, changed);
        }
    }
}

void note_health(const CheckTarget& target, const CheckResult& result, net::Instant now) {
    if (result.verdict == CheckVerdict::unclear) return;
    const bool works = result.verdict == CheckVerdict::works;
    for (const gateway::EndpointPointer& endpoint : target.endpoints) {
        gateway::EndpointHealth& health = *endpoint->health;
        const bool open =
            health.live.view(now).circuit != routing::CircuitState::closed;
        if (works) health.live.try_again(now);
        health.checked_unix.store(result.checked, std::memory_order_relaxed);
        // What its own requests found of a deployment, a list of models does not take back.
        if (works && !open) health.healthy.store(true, std::memory_order_relaxed);
        if (works) continue;
        health.healthy.store(false, std::memory_order_relaxed);
        std::lock_guard lock(health.mutex);
        health.last_error = result.message;
    }
}

milliseconds next_check(const CheckTarget& target, const CheckResult& result,
                        milliseconds interval, net::Instant now) {
    if (result.verdict != CheckVerdict::fails) return interval;
    milliseconds soonest = interval;
    for (const gateway::EndpointPointer& endpoint : target.endpoints) {
        const routing::HealthView view = endpoint->health->live.view(now);
        soonest = std::min(soonest, std::max(view.opens_in, recheck_after));
    }
    return soonest;
}

}  // namespace tollgate::app
