#include "routing/experiments.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdio>

#include "base/sha256.hpp"
#include "routing/allowed.hpp"

namespace tollgate::routing {
namespace {

using domain::Metric;

constexpr std::uint64_t bootstrap_seed = 20'261'121;
// The size of differences that are looked for: a tenth of a mean, five points of a rate.
constexpr double expected_share = 0.10, expected_rate = 0.05;
// A share further off than chance makes it once in ten thousand experiments is told of.
constexpr double share_alarm = 1e-4;

struct Counted {
    std::int64_t hits = 0, count = 0;
};
Counted rate_of(const ArmData& arm, Metric metric) {
    switch (metric) {
        case Metric::error_rate: return {arm.errors, arm.requests};
        case Metric::refusal_rate: return {arm.refusals, arm.requests};
        case Metric::tool_success: return {arm.tool_calls_good, arm.tool_calls};
        case Metric::feedback: return {arm.feedback_good, arm.feedback};
        default: return {};
    }
}

std::span<const double> samples_of(const ArmData& arm, Metric metric) {
    switch (metric) {
        case Metric::cost: return arm.cost_usd;
        case Metric::latency: return arm.latency_ms;
        case Metric::first_token: return arm.first_token_ms;
        case Metric::output_tokens: return arm.output_tokens;
        default: return {};
    }
}

// The value and the variance of its estimate. One is added to hits and to misses, so that a rate of
// nought out of few is not taken for certain.
struct Spread {
    double value = 0, variance = 0;
};
Spread spread_of(const ArmData& arm, Metric metric) {
    if (is_rate(metric)) {
        const auto [hits, count] = rate_of(arm, metric);
        const auto n = static_cast<double>(count);
        const auto careful = (static_cast<double>(hits) + 1) / (n + 2);
        return {count == 0 ? 0 : static_cast<double>(hits) / n,
                careful * (1 - careful) / std::max(n, 1.0)};
    }
    const auto samples = samples_of(arm, metric);
    return {mean(samples),
            variance(samples) / std::max(static_cast<double>(samples.size()), 1.0)};
}

template <typename... Values>
std::string print(const char* pattern, Values... values) {
    std::array<char, 256> text{};
    std::snprintf(text.data(), text.size(), pattern, values...);
    return text.data();
}

std::string shown(Metric metric, double value) {
    switch (metric) {
        case Metric::cost: return print("%.6f USD", value);
        case Metric::latency:
        case Metric::first_token: return print("%.0f ms", value);
        case Metric::output_tokens: return print("%.0f tokens", value);
        default: return print("%.2f %%", value * 100);
    }
}

std::string in_words(Metric metric) {
    std::string words(domain::to_string(metric));
    std::replace(words.begin(), words.end(), '_', ' ');
    return words;
}

void notice_shares(const domain::ExperimentSpec& spec, const std::vector<ArmData>& arms,
                   std::vector<std::string>& notices) {
    double shares = 0;
    std::int64_t requests = 0;
    for (const auto& arm : spec.arms) shares += std::max(arm.share, 0.0);
    for (const auto& arm : arms) requests += arm.requests;
    if (shares <= 0 || requests == 0) return;
    // Requests of one user or session come together: they are no sample of independent choices.
    if (spec.sticky != domain::Sticky::request) return;
    const auto z = normal_quantile(1 - share_alarm / 2);
    const auto n = static_cast<double>(requests);
    for (std::size_t at = 0; at < arms.size(); ++at) {
        const auto share = std::max(spec.arms[at].share, 0.0) / shares;
        const auto got = static_cast<double>(arms[at].requests) / n;
        if (std::abs(got - share) <= z * std::sqrt(share * (1 - share) / n) + 0.5 / n) continue;
        notices.push_back("arm " + spec.arms[at].name +
                          print(" got %.2f %% of the requests instead of %.2f %%: more than chance "
                                "explains",
                                got * 100, share * 100));
    }
}

std::int64_t fewest(const ExperimentResult& result, Metric metric) {
    std::int64_t out = result.estimates.front()[static_cast<std::size_t>(metric)].samples;
    for (const auto& arm : result.estimates) {
        out = std::min(out, arm[static_cast<std::size_t>(metric)].samples);
    }
    return out;
}

void judge(const domain::ExperimentSpec& spec, ExperimentResult& result) {
    const auto metric = spec.metric;
    const auto at = static_cast<std::size_t>(metric);
    const auto& first = result.estimates.front()[at];
    const auto few = fewest(result, metric);
    if (few < std::max<std::int64_t>(spec.samples_min, 2)) {
        result.verdict = VerdictKind::too_few_samples;
        result.line = print("too few samples of %s: %lld in the smallest arm, %lld are needed",
                            in_words(metric).c_str(), static_cast<long long>(few),
                            static_cast<long long>(spec.samples_min));
        return;
    }
    const Comparison* best = nullptr;
    bool all_decided = true;
    for (const auto& one : result.comparisons) {
        all_decided = all_decided && one.test.decided;
        if (!one.better) continue;
        const auto value = result.estimates[one.arm][at].value;
        if (best == nullptr || (lower_is_better(metric)
                                    ? value < result.estimates[best->arm][at].value
                                    : value > result.estimates[best->arm][at].value)) {
            best = &one;
        }
    }
    const auto& arms = spec.arms;
    if (best != nullptr) {
        result.verdict = VerdictKind::decided;
        result.winner = best->arm;
        const auto& winner = result.estimates[best->arm][at];
        result.line = arms[best->arm].name + " is better than " + arms[0].name + ": " +
                      in_words(metric) + ' ' + shown(metric, winner.value) + " against " +
                      shown(metric, first.value) +
                      print(" (%+.1f %%, p %.4f at any look, %lld and %lld samples)",
                            best->relative * 100, best->test.p_value,
                            static_cast<long long>(winner.samples),
                            static_cast<long long>(first.samples));
    } else if (all_decided) {
        result.verdict = VerdictKind::decided;
        result.winner = 0;
        result.line = arms[0].name + " is better than every other arm in " + in_words(metric) +
                      ": " + shown(metric, first.value);
    } else {
        result.verdict = VerdictKind::undecided;
        result.line = "no difference in " + in_words(metric) + " is shown yet";
        for (const auto& one : result.comparisons) {
            result.line += "; " + arms[one.arm].name + " differs by " +
                           shown(metric, one.test.interval.low) + " to " +
                           shown(metric, one.test.interval.high);
        }
    }
}

}  // namespace

bool applies(const domain::ExperimentSpec& spec, std::string_view requested, bool named_by_rule,
             std::int64_t unix_seconds) {
    if (!spec.enabled || unix_seconds < spec.started) return false;
    if (spec.ends != 0 && unix_seconds >= spec.ends) return false;
    if (named_by_rule) return true;
    return std::any_of(spec.models.begin(), spec.models.end(), [&](const std::string& pattern) {
        return glob_match(pattern, requested);
    });
}

std::string_view sticky_id(domain::Sticky sticky, const StickyIds& ids) {
    if (sticky == domain::Sticky::user && !ids.user.empty()) return ids.user;
    if (sticky != domain::Sticky::request && !ids.session.empty()) return ids.session;
    return ids.request;
}

std::size_t choose_arm(const domain::ExperimentSpec& spec, std::string_view id) {
    assert(!spec.arms.empty());
    std::string text = spec.tenant;
    text += '\n';
    text += spec.name;
    text += '\n';
    text += id;
    const auto digest = base::sha256(text);
    std::uint64_t number = 0;
    for (std::size_t at = 0; at < sizeof number; ++at) number = number << 8 | digest[at];
    double sum = 0;
    for (const auto& arm : spec.arms) sum += std::max(arm.share, 0.0);
    auto place = static_cast<double>(number >> 11) * 0x1.0p-53 * sum;
    std::size_t chosen = 0;
    for (std::size_t at = 0; at < spec.arms.size(); ++at) {
        const auto share = std::max(spec.arms[at].share, 0.0);
        if (share <= 0) continue;
        chosen = at;
        if (place < share) break;
        place -= share;
    }
    return chosen;
}

bool is_rate(Metric metric) {
    return metric == Metric::error_rate || metric == Metric::refusal_rate ||
           metric == Metric::tool_success || metric == Metric::feedback;
}

bool lower_is_better(Metric metric) {
    return metric != Metric::tool_success && metric != Metric::feedback;
}

Estimate estimate(const ArmData& arm, Metric metric, double confidence) {
    Estimate out;
    if (is_rate(metric)) {
        const auto [hits, count] = rate_of(arm, metric);
        out.samples = count;
        out.value = count == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(count);
        out.interval = wilson(hits, count, confidence);
        return out;
    }
    const auto samples = samples_of(arm, metric);
    out.samples = static_cast<std::int64_t>(samples.size());
    out.value = mean(samples);
    out.interval = bootstrap_mean(samples, confidence, bootstrap_seed);
    return out;
}

ExperimentResult evaluate(const domain::ExperimentSpec& spec, const std::vector<ArmData>& arms) {
    assert(arms.size() == spec.arms.size() && arms.size() >= 2);
    ExperimentResult result;
    for (const auto& arm : arms) {
        auto& row = result.estimates.emplace_back();
        for (std::size_t at = 0; at < domain::metrics_count; ++at) {
            row[at] = estimate(arm, static_cast<Metric>(at), spec.confidence);
        }
    }
    const auto alpha = (1 - spec.confidence) / static_cast<double>(arms.size() - 1);
    const auto first = spread_of(arms.front(), spec.metric);
    const auto expected = is_rate(spec.metric) ? expected_rate
                                               : std::abs(first.value) * expected_share;
    for (std::size_t at = 1; at < arms.size(); ++at) {
        const auto other = spread_of(arms[at], spec.metric);
        Comparison one;
        one.arm = at;
        one.test = sequential_test(other.value - first.value, other.variance + first.variance,
                                   expected, alpha);
        one.relative = first.value == 0 ? 0 : one.test.difference / std::abs(first.value);
        one.better = one.test.decided &&
                     (one.test.difference < 0) == lower_is_better(spec.metric);
        result.comparisons.push_back(one);
    }
    notice_shares(spec, arms, result.notices);
    judge(spec, result);
    return result;
}

}  // namespace tollgate::routing
