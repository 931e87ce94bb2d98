// The composite score of a candidate (routing.md section 3): cost, latency and quality by weights,
// less penalties for errors and for a rate limit that is nearly used up. Pure.
#pragma once
#include "domain/routing.hpp"
#include "routing/facts.hpp"

namespace tollgate::routing {

// What an unknown figure scores: a latency or a quality nobody has measured is taken as middling, a
// price nobody knows as the highest.
constexpr double unknown_score = 0.5;
constexpr double error_penalty = 0.5;      // of an error rate of 1
constexpr double limit_use_high = 0.8;     // above this ...
constexpr double limit_penalty = 0.5;      // ... the score is multiplied by this

// The highest figures among those that compete.
struct ScoreScale {
    double cost_max = 0, latency_max = 0;
    void include(const CandidateFacts& candidate);
};

struct ScoreTerms {
    double cost = 0, latency = 0, quality = 0;        // 0..1 each, before the weights
    double error_factor = 1, limit_factor = 1;
    double total = 0;
};

// Sets `terms`.
void score(const CandidateFacts& candidate, const ScoreScale& scale,
           const domain::ScoreWeights& weights, ScoreTerms& terms);

}  // namespace tollgate::routing
