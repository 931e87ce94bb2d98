// A/B experiments: which arm a request gets, and what the arms' figures say. Pure; the figures are
// collected elsewhere.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/routing.hpp"
#include "routing/statistics.hpp"

namespace tollgate::routing {

// True while the experiment runs and, unless a rule names it, the requested name is among its
// models.
bool applies(const domain::ExperimentSpec& spec, std::string_view requested, bool named_by_rule,
             std::int64_t unix_seconds);

// What `sticky` makes an assignment hang on: ids of the user, the session or the request; where
// there is no user or session the next finer one.
struct StickyIds {
    std::string_view user, session, request;
};
std::string_view sticky_id(domain::Sticky sticky, const StickyIds& ids);

// The arm's index; the same for the same id on every instance and after every restart. Shares are
// in proportion to their sum. REQUIRES: an arm with a share above nought.
std::size_t choose_arm(const domain::ExperimentSpec& spec, std::string_view id);

// What was measured of one arm. Samples in any order.
struct ArmData {
    std::int64_t requests = 0, errors = 0, refusals = 0;
    std::int64_t tool_calls = 0, tool_calls_good = 0;  // good: the arguments are JSON objects
    std::int64_t feedback = 0, feedback_good = 0;
    std::vector<double> cost_usd, latency_ms, first_token_ms, output_tokens;
};

struct Estimate {
    std::int64_t samples = 0;
    double value = 0;
    Interval interval;  // Wilson for rates, bootstrap for means; at the experiment's confidence
};

// An arm compared with the first one, in the metric of the verdict.
struct Comparison {
    std::size_t arm = 0;
    SequentialTest test;
    double relative = 0;  // difference / the first arm's value; 0 where that is 0
    bool better = false;  // decided, and in the right direction
};

enum class VerdictKind : std::uint8_t { too_few_samples, undecided, decided };

struct ExperimentResult {
    // By arm, then by metric in the order of domain::Metric.
    std::vector<std::array<Estimate, domain::metrics_count>> estimates;
    std::vector<Comparison> comparisons;  // of arms 1, 2, ...
    VerdictKind verdict = VerdictKind::too_few_samples;
    std::size_t winner = 0;               // decided: the arm's index, 0 being the first one
    std::string line;                     // the verdict in one sentence
    std::vector<std::string> notices;     // shares that are not as configured
};

bool is_rate(domain::Metric metric);
bool lower_is_better(domain::Metric metric);
Estimate estimate(const ArmData& arm, domain::Metric metric, double confidence);

// REQUIRES: as many elements as the experiment has arms, at least two. The allowed error is shared
// between the comparisons. Costs some 20 ms per arm and metric of means with many samples.
ExperimentResult evaluate(const domain::ExperimentSpec& spec, const std::vector<ArmData>& arms);

}  // namespace tollgate::routing
