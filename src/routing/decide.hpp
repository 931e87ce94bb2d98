// One routing decision: candidates and policy in, an order with its reasons out (routing.md
// sections 1, 3 and 5). Pure: time, chance and turn are arguments. Takes no lock, allocates the two
// lists of its answer and little else.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/routing.hpp"
#include "routing/facts.hpp"
#include "routing/score.hpp"

namespace tollgate::routing {

// What the user set for all requests, and this request's bound.
struct Preferences {
    std::span<const std::string> preferred, disabled;  // provider types, accounts, selectors
    bool require_local = false;
    std::optional<double> cost_max_usd;  // of a candidate's worst case
    bool fallback = true;                // false: one candidate and no other
};

struct DecisionInput {
    domain::Strategy strategy = domain::Strategy::priority;
    // Of `custom`, and of `balanced` where no level is given.
    domain::ScoreWeights weights;
    domain::PowerLevel level = domain::PowerLevel::none;
    const domain::LevelSettings* level_settings = nullptr;  // null: none hold
    std::span<const CandidateFacts> candidates;
    Preferences preferences;
    double quality_margin = -1;  // see domain::RoutingUse::quality_margin; negative: none
    std::uint64_t turn = 0;      // of round robin
    std::uint64_t random = 0;
    // How many candidates of a stage are wanted in order; those behind them follow as it comes. 0:
    // all, which takes longer where there are hundreds.
    std::size_t ranked_max = 0;
};

enum class Exclusion : std::uint8_t {
    unusable,            // CandidateFacts::excluded says why
    not_local,
    provider_disabled,
    above_cost_max,      // its worst case
    unknown_cost,        // there is a bound, but no price
    above_ceiling,       // of the level
    unknown_ceiling,     // there is a ceiling, but no price
    no_fallback,         // only the first candidate was wanted
};

struct RankedCandidate {
    std::uint32_t index = 0;   // into the candidates
    bool preferred = false;
    ScoreTerms terms;          // by the weights in Decision, within its stage
};
struct ExcludedCandidate {
    std::uint32_t index = 0;
    Exclusion reason = Exclusion::unusable;
};

struct Decision {
    // To be tried in this order. The first `usable` may be; behind them are those whose circuits
    // are open, the one that opens soonest first. Where all are open, `usable` is 1.
    std::vector<RankedCandidate> order;
    std::size_t usable = 0;
    std::vector<ExcludedCandidate> excluded;  // in the candidates' order
    std::vector<std::string> notices;         // for people: a ceiling that nobody was under, ...
    domain::ScoreWeights weights;             // that were used
    bool all_open = false;
};

// Order: stages ascending; within one the pinned, then those with the user's own key, then by the
// strategy; a pinned one goes before all stages.
Decision decide(const DecisionInput& input);

// "its price of 0.0150 USD per 1K tokens is above the ceiling of 0.0100 (balanced)".
std::string describe(const ExcludedCandidate& excluded, const DecisionInput& input);
// The whole decision as lines of text, for `tollgate route explain` and for logs.
std::string describe(const Decision& decision, const DecisionInput& input);

}  // namespace tollgate::routing
