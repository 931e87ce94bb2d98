#include "routing/score.hpp"

#include <algorithm>
#include <cmath>

namespace tollgate::routing {
namespace {

// Ties are decided by priority and name, so scores that differ by rounding alone must be equal.
constexpr double resolution = 1e9;

// 1 for the cheapest possible, 0 for the highest; where nothing costs anything all score 1.
double share_below(double value, double highest) {
    if (highest <= 0) return 1;
    return std::clamp(1 - value / highest, 0.0, 1.0);
}

}  // namespace

std::string_view to_string(CircuitState state) {
    switch (state) {
        case CircuitState::closed: return "closed";
        case CircuitState::half_open: return "half_open";
        case CircuitState::open: return "open";
    }
    return "unknown";
}

void ScoreScale::include(const CandidateFacts& candidate) {
    cost_max = std::max(cost_max, candidate.cost_per_1k);
    latency_max = std::max(latency_max, candidate.latency_ms);
}

void score(const CandidateFacts& candidate, const ScoreScale& scale,
           const domain::ScoreWeights& weights, ScoreTerms& terms) {
    terms.cost = candidate.cost_per_1k < 0 ? 0 : share_below(candidate.cost_per_1k, scale.cost_max);
    terms.latency = candidate.latency_ms < 0 ? unknown_score
                                             : share_below(candidate.latency_ms, scale.latency_max);
    terms.quality = candidate.quality < 0 ? unknown_score : std::min(candidate.quality, 1.0);
    terms.error_factor = 1 - std::clamp(candidate.error_rate, 0.0, 1.0) * error_penalty;
    terms.limit_factor = candidate.limit_use > limit_use_high ? limit_penalty : 1;
    const auto sum = weights.cost * terms.cost + weights.latency * terms.latency +
                     weights.quality * terms.quality;
    terms.total = std::nearbyint(sum * terms.error_factor * terms.limit_factor * resolution) /
                  resolution;
}

}  // namespace tollgate::routing
