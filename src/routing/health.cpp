#include "routing/health.hpp"

#include <algorithm>
#include <utility>

namespace tollgate::routing {
namespace {

using domain::ErrorClass;
using std::chrono::milliseconds;
constexpr auto relaxed = std::memory_order_relaxed;

constexpr std::array<std::string_view, 7> reasons{
    "none", "failures_in_a_row", "error_rate",    "credential",
    "rate_limit", "probe_failed", "other_instance"};
constexpr std::int64_t measured_bucket_ms = 30'000;  // ten of them: five minutes
constexpr std::int64_t minute_bucket_ms = 10'000;    // six of them
// While one probe is out others wait; they are told to ask again so soon.
constexpr milliseconds probe_wait{1'000};
// A probe whose end nobody reported does not block the next one for ever.
constexpr std::int64_t probe_ms_max = 600'000;
// Of a rate limit without a stated reset.
constexpr milliseconds limit_window_default{60'000};

std::int64_t milliseconds_of(Instant now) {
    return std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count();
}
std::uint32_t epoch_of(std::int64_t now_ms, std::int64_t bucket_ms) {
    return static_cast<std::uint32_t>(now_ms / std::max<std::int64_t>(bucket_ms, 1));
}
std::uint32_t window_epoch(std::int64_t now_ms, const domain::CircuitSettings& settings) {
    return epoch_of(now_ms, settings.window.count() / OutcomeRing::buckets);
}

// What a deployment is to blame for: a request that is refused for its own sake proves it alive.
bool is_failure(ErrorClass error_class) {
    switch (error_class) {
        case ErrorClass::rate_limited:
        case ErrorClass::overloaded:
        case ErrorClass::provider_fault:
        case ErrorClass::timeout:
        case ErrorClass::credential: return true;
        case ErrorClass::none:
        case ErrorClass::context_overflow:
        case ErrorClass::content_policy:
        case ErrorClass::bad_request: return false;
    }
    return false;
}

milliseconds cooldown(const domain::CircuitSettings& settings, std::int32_t openings) {
    constexpr std::int32_t doublings_max = 20;
    const auto doubled = settings.cooldown * (std::int64_t{1} << std::min(openings, doublings_max));
    return std::min(doubled, settings.cooldown_max);
}

}  // namespace

std::string_view to_string(OpenReason reason) {
    const auto at = static_cast<std::size_t>(reason);
    if (at >= reasons.size()) return "unknown";
    return reasons[at];
}
std::optional<OpenReason> open_reason_of(std::string_view text) {
    const auto at = std::find(reasons.begin(), reasons.end(), text);
    if (at == reasons.end()) return std::nullopt;
    return static_cast<OpenReason>(at - reasons.begin());
}

Flight::Flight(Flight&& other) noexcept
    : health_(std::exchange(other.health_, nullptr)), probe_(std::exchange(other.probe_, false)) {}

Flight& Flight::operator=(Flight&& other) noexcept {
    if (this == &other) return *this;
    if (health_ != nullptr) health_->abandon(probe_);
    health_ = std::exchange(other.health_, nullptr);
    probe_ = std::exchange(other.probe_, false);
    return *this;
}

Flight::~Flight() {
    if (health_ != nullptr) health_->abandon(probe_);
}

Flight DeploymentHealth::started(Instant now, Admission admission) {
    const auto now_ms = milliseconds_of(now);
    bool probe = false;
    auto until = until_.load(relaxed);
    if (until != 0) {
        const bool expired = now_ms >= until >> 1;
        if (expired && (until & 1) != 0) {
            // Where two see it at once, one closes it; both may go.
            if (until_.compare_exchange_strong(until, 0, relaxed)) {
                reason_.store(OpenReason::none, relaxed);
            }
        } else {
            probe = (expired || admission == Admission::forced) && take_probe(now_ms);
            if (probe && until_.load(relaxed) == 0) {  // another probe has closed it meanwhile
                probe_ms_.store(0, relaxed);
                probe = false;
            } else if (!probe && admission == Admission::normal) {
                return {};
            }
        }
    }
    in_flight_.fetch_add(1, relaxed);
    requests_.add(epoch_of(now_ms, minute_bucket_ms), 1);
    return {this, probe};
}

bool DeploymentHealth::take_probe(std::int64_t now_ms) {
    auto out = probe_ms_.load(relaxed);
    if (out != 0 && now_ms - out < probe_ms_max) return false;
    return probe_ms_.compare_exchange_strong(out, std::max<std::int64_t>(now_ms, 1), relaxed);
}

void DeploymentHealth::abandon(bool probe) {
    in_flight_.fetch_sub(1, relaxed);
    if (probe) probe_ms_.store(0, relaxed);
}

CircuitChange DeploymentHealth::finished(Flight flight, const AttemptOutcome& outcome,
                                         const domain::CircuitSettings& settings, Instant now) {
    if (!flight.admitted() || outcome.abandoned) return {};
    const bool probe = flight.probe();
    flight.health_ = nullptr;
    in_flight_.fetch_sub(1, relaxed);

    const auto now_ms = milliseconds_of(now);
    const bool failure = is_failure(outcome.error_class);
    last_ms_.store(now_ms, relaxed);
    measured_.record(epoch_of(now_ms, measured_bucket_ms), failure);
    tokens_.add(epoch_of(now_ms, minute_bucket_ms), outcome.input_tokens + outcome.output_tokens);
    window_.record(window_epoch(now_ms, settings), failure);
    if (outcome.error_class == ErrorClass::none) {
        latency_.record(outcome.first_token, outcome.duration, outcome.output_tokens);
    }
    auto change = failure ? failed(outcome, probe, settings, now_ms)
                          : succeeded(probe, window_epoch(now_ms, settings));
    if (!failure && !change.changed && until_.load(relaxed) == 0) {
        // A success can make up the number of requests that a rate is told from.
        const auto counts = window_.sum(window_epoch(now_ms, settings));
        if (counts.failed > 0 && counts.total >= settings.requests_min &&
            static_cast<double>(counts.failed) >
                settings.error_rate * static_cast<double>(counts.total)) {
            change = open({OpenReason::error_rate}, settings, now_ms);
        }
    }
    if (probe) probe_ms_.store(0, relaxed);
    return change;
}

CircuitChange DeploymentHealth::succeeded(bool probe, std::uint32_t epoch) {
    failures_in_a_row_.store(0, relaxed);
    if (!probe) return {};  // one that went out before the circuit opened proves nothing
    close();
    // What failed before must not open it again at once; this success counts.
    window_.record(epoch, false);
    return {.changed = true, .state = CircuitState::closed};
}

void DeploymentHealth::close() {
    window_.clear();
    failures_in_a_row_.store(0, relaxed);
    openings_.store(0, relaxed);
    reason_.store(OpenReason::none, relaxed);
    until_.store(0, relaxed);
}

CircuitChange DeploymentHealth::failed(const AttemptOutcome& outcome, bool probe,
                                       const domain::CircuitSettings& settings,
                                       std::int64_t now_ms) {
    const auto in_a_row = failures_in_a_row_.fetch_add(1, relaxed) + 1;
    Opening opening{.stated = outcome.retry_after, .by_probe = probe};
    if (outcome.error_class == ErrorClass::rate_limited) {
        opening.reason = OpenReason::rate_limit;
    } else if (outcome.error_class == ErrorClass::credential) {
        opening.reason = OpenReason::credential;
    } else if (probe) {
        opening.reason = OpenReason::probe_failed;
    } else if (in_a_row >= settings.failures_in_a_row) {
        opening.reason = OpenReason::failures_in_a_row;
    } else {
        const auto counts = window_.sum(window_epoch(now_ms, settings));
        if (counts.total < settings.requests_min ||
            static_cast<double>(counts.failed) <=
                settings.error_rate * static_cast<double>(counts.total)) {
            return {};
        }
        opening.reason = OpenReason::error_rate;
    }
    return open(opening, settings, now_ms);
}

CircuitChange DeploymentHealth::open(const Opening& opening,
                                     const domain::CircuitSettings& settings,
                                     std::int64_t now_ms) {
    const bool stated = opening.stated.count() > 0;
    const bool rate_limit = opening.reason == OpenReason::rate_limit;
    auto seen = until_.load(relaxed);
    // Many requests may fail together: the first one opens the circuit and doubles the cool-down.
    const bool by_itself = (seen & 1) != 0;
    const bool is_open = seen != 0 && !(by_itself && now_ms >= seen >> 1);
    const bool longer = rate_limit && stated && now_ms + opening.stated.count() > seen >> 1;
    if (is_open && !opening.by_probe && !longer) return {};
    const auto before = openings_.load(relaxed);
    const auto length = stated ? opening.stated : cooldown(settings, before);
    const auto closes = rate_limit && stated && (!is_open || by_itself || opening.by_probe);
    const auto next = (now_ms + length.count()) * 2 + (closes ? 1 : 0);
    if (!until_.compare_exchange_strong(seen, next, relaxed)) return {};
    if (!stated) openings_.store(before + 1, relaxed);
    reason_.store(opening.reason, relaxed);
    return {.changed = true,
            .state = CircuitState::open,
            .open_for = length,
            .reason = opening.reason,
            .openings = openings_.load(relaxed)};
}

bool DeploymentHealth::follow(const CircuitChange& change, Instant now) {
    if (change.state == CircuitState::closed) {
        if (until_.load(relaxed) == 0) return false;
        close();
        return true;
    }
    const auto now_ms = milliseconds_of(now);
    const auto closes = change.reason == OpenReason::rate_limit && change.openings == 0 ? 1 : 0;
    const auto next = (now_ms + change.open_for.count()) * 2 + closes;
    auto seen = until_.load(relaxed);
    if (next >> 1 <= seen >> 1) return false;
    if (!until_.compare_exchange_strong(seen, next, relaxed)) return false;
    openings_.store(change.openings, relaxed);
    reason_.store(change.reason == OpenReason::none ? OpenReason::other_instance : change.reason,
                  relaxed);
    return true;
}

bool DeploymentHealth::try_again(Instant now) {
    const auto now_ms = milliseconds_of(now);
    auto until = until_.load(relaxed);
    if (until == 0 || (until & 1) != 0 || now_ms >= until >> 1) return false;
    if (reason_.load(relaxed) == OpenReason::rate_limit) return false;
    return until_.compare_exchange_strong(until, now_ms * 2, relaxed);
}

void DeploymentHealth::reset() {
    close();
    measured_.clear();
    latency_.forget();
    probe_ms_.store(0, relaxed);
}

void DeploymentHealth::Window::set(const LimitWindow& window, std::int64_t now_ms) {
    if (!window.stated()) return;
    limit.store(window.limit, relaxed);
    remaining.store(window.remaining, relaxed);
    until_ms.store(now_ms + window.reset_in.value_or(limit_window_default).count(), relaxed);
}

double DeploymentHealth::Window::use(std::int64_t now_ms) const {
    const auto until = until_ms.load(relaxed);
    if (now_ms >= until) return -1;
    LimitWindow window;
    window.limit = limit.load(relaxed);
    window.remaining = remaining.load(relaxed);
    return window.use();
}

void DeploymentHealth::observe(const RateLimits& limits, Instant now) {
    if (!limits.stated()) return;
    const auto now_ms = milliseconds_of(now);
    requests_limit_.set(limits.requests, now_ms);
    tokens_limit_.set(limits.tokens, now_ms);
}

HealthView DeploymentHealth::view(Instant now) const {
    const auto now_ms = milliseconds_of(now);
    HealthView out;
    out.in_flight = in_flight_.load(relaxed);
    const auto until = until_.load(relaxed);
    if (until != 0 && !((until & 1) != 0 && now_ms >= until >> 1)) {
        out.reason = reason_.load(relaxed);
        out.openings = openings_.load(relaxed);
        const auto probe = probe_ms_.load(relaxed);
        if (now_ms < until >> 1) {
            out.circuit = CircuitState::open;
            out.opens_in = milliseconds((until >> 1) - now_ms);
        } else if (probe != 0 && now_ms - probe < probe_ms_max) {
            out.circuit = CircuitState::open;
            out.opens_in = probe_wait;
        } else {
            out.circuit = CircuitState::half_open;
        }
    }
    if (const auto last = last_ms_.load(relaxed);
        last != 0 && now_ms - last < measured_bucket_ms * OutcomeRing::buckets) {
        const auto counts = measured_.sum(epoch_of(now_ms, measured_bucket_ms));
        out.samples = counts.total;
        out.error_rate = counts.total == 0 ? 0
                                           : static_cast<double>(counts.failed) /
                                                 static_cast<double>(counts.total);
        out.first_token_ms = latency_.first_token_ms();
        out.token_ms = latency_.token_ms();
        const auto minute = epoch_of(now_ms, minute_bucket_ms);
        out.minute_requests = requests_.sum(minute);
        out.minute_tokens = tokens_.sum(minute);
        out.limit_use = std::max(requests_limit_.use(now_ms), tokens_limit_.use(now_ms));
    }
    return out;
}

void set_live_facts(const HealthView& view, const CatalogFigures& catalog, double output_tokens,
                    std::int64_t requests_max, std::int64_t tokens_max, CandidateFacts& facts) {
    facts.circuit = view.circuit;
    facts.opens_in = view.opens_in;
    facts.in_flight = view.in_flight;
    facts.minute_tokens = view.minute_tokens;
    facts.quality = catalog.quality;
    facts.limit_use = view.limit_use;
    const bool measured = view.measured();
    facts.error_rate = measured ? view.error_rate : catalog.error_rate;
    const auto first = measured && view.first_token_ms >= 0 ? view.first_token_ms
                                                            : catalog.first_token_ms;
    const auto token = measured && view.token_ms >= 0 ? view.token_ms : catalog.token_ms;
    facts.latency_ms = first < 0 ? -1 : first + std::max(token, 0.0) * output_tokens;

    double use = view.limit_use;
    if (requests_max > 0) {
        use = std::max(use, static_cast<double>(view.minute_requests) /
                                static_cast<double>(requests_max));
    }
    if (tokens_max > 0) {
        use = std::max(use, static_cast<double>(view.minute_tokens) /
                                static_cast<double>(tokens_max));
    }
    facts.headroom = use < 0 ? -1 : std::max(1 - use, 0.0);
}

}  // namespace tollgate::routing
