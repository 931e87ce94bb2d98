// A decision in words, for people.
#include <algorithm>
#include <cinttypes>
#include <cstdarg>
#include <cstdio>

#include "routing/decide.hpp"

namespace tollgate::routing {
namespace {

constexpr std::size_t line_bytes_max = 512;

__attribute__((format(printf, 1, 2))) std::string format(const char* pattern, ...) {
    std::string line(line_bytes_max, '\0');
    va_list arguments;
    va_start(arguments, pattern);
    const auto size = std::vsnprintf(line.data(), line.size(), pattern, arguments);
    va_end(arguments);
    line.resize(size < 0 ? 0 : std::min(static_cast<std::size_t>(size), line_bytes_max - 1));
    return line;
}

std::string text(std::string_view view) { return std::string(view); }

std::string ranked(const RankedCandidate& candidate, const CandidateFacts& facts,
                   std::size_t place) {
    const auto& terms = candidate.terms;
    auto line = format("%zu. %.*s score %.4f (cost %.4f latency %.4f quality %.4f", place,
                       static_cast<int>(facts.name.size()), facts.name.data(), terms.total,
                       terms.cost, terms.latency, terms.quality);
    if (terms.error_factor < 1) line += format(" errors x%.4f", terms.error_factor);
    if (terms.limit_factor < 1) line += format(" rate limit x%.4f", terms.limit_factor);
    line += ')';
    if (facts.order != 0) line += format(" stage %" PRId64, facts.order);
    if (facts.pinned) line += " pinned";
    if (facts.byok) line += " own key";
    if (candidate.preferred) line += " preferred";
    if (facts.cached_saving > 0) line += format(" cache saves %.6f USD", facts.cached_saving);
    if (facts.circuit == CircuitState::half_open) line += " circuit half open";
    if (facts.circuit == CircuitState::open) {
        line += format(" circuit open for %.1f s",
                       static_cast<double>(facts.opens_in.count()) / 1000.0);
    }
    return line;
}

}  // namespace

std::string describe(const ExcludedCandidate& excluded, const DecisionInput& input) {
    const auto& facts = input.candidates[excluded.index];
    const auto level = text(domain::to_string(input.level));
    const double ceiling =
        input.level_settings == nullptr ? 0 : input.level_settings->ceiling_usd_per_1k;
    const double cost_max = input.preferences.cost_max_usd.value_or(0);
    switch (excluded.reason) {
        case Exclusion::unusable: return text(facts.excluded);
        case Exclusion::not_local:
            return "it is not in zone local, and only local providers are wanted";
        case Exclusion::provider_disabled: return "the user has disabled this provider";
        case Exclusion::above_cost_max:
            return format("it may cost %.6f USD, more than the %.6f that one request may",
                          facts.worst_cost, cost_max);
        case Exclusion::unknown_cost:
            return format("its price is not known, and one request may cost %.6f USD", cost_max);
        case Exclusion::above_ceiling:
            return format("its price of %.4f USD per 1K tokens is above the ceiling of %.4f (%s)",
                          facts.cost_per_1k, ceiling, level.c_str());
        case Exclusion::unknown_ceiling:
            return format("its price is not known, and the ceiling is %.4f USD per 1K tokens (%s)",
                          ceiling, level.c_str());
        case Exclusion::no_fallback: return "only the first candidate is wanted";
    }
    return "unknown";
}

std::string describe(const Decision& decision, const DecisionInput& input) {
    const auto strategy = text(domain::to_string(input.strategy));
    const auto level = text(domain::to_string(input.level));
    std::string out = format("strategy %s, level %s, weights %.2f/%.2f/%.2f, usable %zu\n",
                             strategy.c_str(), level.c_str(), decision.weights.cost,
                             decision.weights.latency, decision.weights.quality, decision.usable);
    for (std::size_t at = 0; at < decision.order.size(); ++at) {
        const auto& candidate = decision.order[at];
        out += ranked(candidate, input.candidates[candidate.index], at + 1) + '\n';
    }
    for (const auto& excluded : decision.excluded) {
        out += "not " + text(input.candidates[excluded.index].name) + ": " +
               describe(excluded, input) + '\n';
    }
    for (const auto& notice : decision.notices) out += "notice: " + notice + '\n';
    return out;
}

}  // namespace tollgate::routing
