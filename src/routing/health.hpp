// The health of one deployment: its circuit, how many requests are in flight, how fast and how
// reliably it answers, what it says of its rate limits (routing.md section 5). Shared by the
// snapshots that serve the deployment, so that a reload forgets nothing.
//
// Thread-safe without locks or allocation: relaxed atomics, so that a figure may be an update
// behind another. All times are arguments, of the steady clock.
#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "domain/event.hpp"
#include "domain/routing.hpp"
#include "routing/facts.hpp"
#include "routing/health_rings.hpp"
#include "routing/live_latency.hpp"
#include "routing/rate_limit_headers.hpp"

namespace tollgate::routing {

using Instant = std::chrono::steady_clock::time_point;

enum class OpenReason : std::uint8_t {
    none, failures_in_a_row, error_rate, credential, rate_limit, probe_failed, other_instance,
};
std::string_view to_string(OpenReason reason);
std::optional<OpenReason> open_reason_of(std::string_view text);

// What became of an attempt.
struct AttemptOutcome {
    domain::ErrorClass error_class = domain::ErrorClass::none;
    // The provider did not decide it (the client left, another attempt won): nothing is learnt.
    bool abandoned = false;
    std::chrono::microseconds first_token{-1}, duration{-1};  // -1: not known
    std::int64_t input_tokens = 0, output_tokens = 0;
    std::chrono::milliseconds retry_after{-1};  // as the provider stated; -1: it did not
};

// What an attempt did to the circuit; tell other instances when `changed`.
struct CircuitChange {
    bool changed = false;
    CircuitState state = CircuitState::closed;  // open or closed
    std::chrono::milliseconds open_for{0};
    OpenReason reason = OpenReason::none;
    std::int32_t openings = 0;                  // in a row, without a success between
};

struct HealthView {
    CircuitState circuit = CircuitState::closed;
    std::chrono::milliseconds opens_in{0};
    OpenReason reason = OpenReason::none;
    std::int32_t openings = 0;
    std::int64_t in_flight = 0;
    std::int64_t samples = 0;       // attempts that ended in the last five minutes
    double error_rate = 0;          // of those
    double first_token_ms = -1, token_ms = -1;  // decayed means; -1: not measured
    double limit_use = -1;          // of the provider's rate limit, 0..1; -1: not known
    std::int64_t minute_requests = 0, minute_tokens = 0;
    // From here on measurement counts more than the catalog.
    static constexpr std::int64_t samples_min = 20;
    bool measured() const { return samples >= samples_min; }
};

class DeploymentHealth;

// One attempt at a deployment. Destroyed without finish(), it counts as abandoned. Move-only; the
// health must outlive it.
class [[nodiscard]] Flight {
public:
    Flight() = default;  // not admitted
    Flight(Flight&& other) noexcept;
    Flight& operator=(Flight&& other) noexcept;
    Flight(const Flight&) = delete;
    Flight& operator=(const Flight&) = delete;
    ~Flight();
    // False: the circuit is open, or somebody else probes it; do not send.
    bool admitted() const { return health_ != nullptr; }
    bool probe() const { return probe_; }

private:
    friend class DeploymentHealth;
    Flight(DeploymentHealth* health, bool probe) : health_(health), probe_(probe) {}
    DeploymentHealth* health_ = nullptr;
    bool probe_ = false;
};

// normal: only where the circuit lets it. forced: every candidate is open and this one opens
// soonest, or somebody checks whether it is back.
enum class Admission : std::uint8_t { normal, forced };

class DeploymentHealth {
public:
    // Before an attempt goes out.
    Flight started(Instant now, Admission admission = Admission::normal);
    // Once per admitted flight. `settings` decide when the circuit opens and for how long.
    CircuitChange finished(Flight flight, const AttemptOutcome& outcome,
                           const domain::CircuitSettings& settings, Instant now);
    // What the headers of an answer said.
    void observe(const RateLimits& limits, Instant now);

    HealthView view(Instant now) const;
    // The time within which 95 of 100 first tokens came; negative: too few samples. For hedging.
    double first_token_p95_ms() const { return latency_.first_token_p95_ms(); }

    // Another instance opened or closed its circuit: this one follows. True when that changed
    // anything here. Never tell others of it.
    bool follow(const CircuitChange& change, Instant now);
    // Somebody has seen that the provider answers: the next request probes, instead of one after
    // the cool-down. Rate limits last all the same. True when that changed anything.
    bool try_again(Instant now);
    // By an administrator: closes the circuit and forgets failures.
    void reset();

private:
    friend class Flight;
    // A rate limit as stated last; limit -1: none was.
    struct Window {
        std::atomic<std::int64_t> limit{-1}, remaining{-1}, until_ms{0};
        void set(const LimitWindow& window, std::int64_t now_ms);
        double use(std::int64_t now_ms) const;
    };
    struct Opening {
        OpenReason reason = OpenReason::none;
        std::chrono::milliseconds stated{-1};  // by the provider; -1: the cool-down
        bool by_probe = false;
    };

    void abandon(bool probe);
    CircuitChange succeeded(bool probe, std::uint32_t epoch);
    CircuitChange failed(const AttemptOutcome& outcome, bool probe,
                         const domain::CircuitSettings& settings, std::int64_t now_ms);
    CircuitChange open(const Opening& opening, const domain::CircuitSettings& settings,
                       std::int64_t now_ms);
    bool take_probe(std::int64_t now_ms);
    void close();

    // Milliseconds of the steady clock until which the circuit is open, doubled; the lowest bit
    // says that it closes by itself then (a rate limit that resets). 0: closed.
    std::atomic<std::int64_t> until_{0};
    std::atomic<std::int64_t> probe_ms_{0};  // when the probe went out; 0: none is out
    std::atomic<std::int32_t> openings_{0};
    std::atomic<std::int32_t> failures_in_a_row_{0};
    std::atomic<OpenReason> reason_{OpenReason::none};
    std::atomic<std::int64_t> in_flight_{0};
    std::atomic<std::int64_t> last_ms_{0};   // of the last finished attempt
    OutcomeRing window_;        // of CircuitSettings::window
    OutcomeRing measured_;      // of five minutes
    AmountRing requests_, tokens_;  // of a minute
    LiveLatency latency_;
    Window requests_limit_, tokens_limit_;
};

// Figures of the catalog or of configuration, for what is not measured yet; negative: not known.
struct CatalogFigures {
    double first_token_ms = -1, token_ms = -1, error_rate = 0, quality = -1;
};
// Sets circuit, in_flight, latency, error rate, limit use, headroom and minute_tokens of `facts`.
// `requests_max`, `tokens_max`: the deployment's own bounds per minute, 0: none.
void set_live_facts(const HealthView& view, const CatalogFigures& catalog, double output_tokens,
                    std::int64_t requests_max, std::int64_t tokens_max, CandidateFacts& facts);

}  // namespace tollgate::routing
