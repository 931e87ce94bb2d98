// What active checks ask, and what follows from an answer: the deployments of a snapshot by the
// account they are reached through, and their health after a check of it. No I/O.
#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/providers.hpp"
#include "gateway/snapshot.hpp"

namespace tollgate::app {

// One address with one credential, and the deployments behind it.
struct CheckTarget {
    std::string id;        // alike on all instances; says nothing of the credential
    std::string provider;  // type, for metrics
    std::string account;   // of configuration or database, "" : the type's own
    domain::HealthCheck mode = domain::HealthCheck::models;  // or completion
    std::vector<gateway::EndpointPointer> endpoints;         // the first one is asked
};

// Those that are to be checked. An account that has no list of models is left out, unless
// completions may be asked for; so are those that cannot be asked: the demo's, and where only users
// have keys.
std::vector<CheckTarget> check_targets(const gateway::Snapshot& snapshot);

enum class CheckVerdict : std::uint8_t {
    works,
    fails,
    unclear,  // it answers, but not to this question: nothing is learnt
};
std::string_view to_string(CheckVerdict verdict);

// What a check found, as instances tell each other.
struct CheckResult {
    CheckVerdict verdict = CheckVerdict::unclear;
    domain::ErrorClass error_class = domain::ErrorClass::none;
    bool reached = false;       // it answered at all
    std::string message;        // its words, where it fails
    std::int64_t checked = 0;   // Unix seconds
};
CheckResult result_of(const domain::ProviderProbe& probe, std::int64_t unix_now);
std::string encode(const CheckResult& result);
// nullopt: not one, or of a later version.
std::optional<CheckResult> decode_check_result(std::string_view text);

// What a check of our own found changes the deployments' circuits: a refused credential opens them
// at once, other failures count like those of requests. A completion closes the circuit of the
// deployment that gave it.
using CircuitChanged =
    std::function<void(const gateway::Endpoint&, const routing::CircuitChange&)>;
void feed_health(const CheckTarget& target, const CheckResult& result,
                 const domain::CircuitSettings& settings, net::Instant now,
                 const CircuitChanged& changed);
// What /health tells of the deployments, after a check of whichever instance. Where the provider
// answers, the next request may try what a circuit has shut off.
void note_health(const CheckTarget& target, const CheckResult& result, net::Instant now);

// After a failure it is asked again soon, until circuits are open; then when the first of them
// may be tried.
std::chrono::milliseconds next_check(const CheckTarget& target, const CheckResult& result,
                                     std::chrono::milliseconds interval, net::Instant now);
constexpr std::chrono::milliseconds recheck_after{5'000};

}  // namespace tollgate::app
