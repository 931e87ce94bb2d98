#include "routing/statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

namespace tollgate::routing {
namespace {

double normal_below(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

// SplitMix64: small, and the same on every machine.
class Draws {
public:
    explicit Draws(std::uint64_t seed) : state_(seed) {}
    std::size_t below(std::size_t count) {
        state_ += 0x9e3779b97f4a7c15ull;
        auto mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ull;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebull;
        mixed ^= mixed >> 31;
        return static_cast<std::size_t>((mixed >> 32) * count >> 32);
    }

private:
    std::uint64_t state_;
};

// Means of equal groups, each of samples that lie far from each other; the few that do not fill a
// group are spread over the first ones by weight of one each, so none is lost.
std::vector<double> grouped(std::span<const double> samples) {
    if (samples.size() <= bootstrap_groups_max) return {samples.begin(), samples.end()};
    std::vector<double> sums(bootstrap_groups_max, 0);
    std::vector<double> counts(bootstrap_groups_max, 0);
    for (std::size_t at = 0; at < samples.size(); ++at) {
        sums[at % bootstrap_groups_max] += samples[at];
        counts[at % bootstrap_groups_max] += 1;
    }
    for (std::size_t at = 0; at < sums.size(); ++at) sums[at] /= counts[at];
    return sums;
}

}  // namespace

double normal_quantile(double probability) {
    constexpr double far = 9;  // beyond it a double tells no probabilities apart
    double low = -far, high = far;
    // Halving 60 times leaves less than the spacing of doubles there.
    for (int step = 0; step < 60; ++step) {
        const auto middle = 0.5 * (low + high);
        (normal_below(middle) < probability ? low : high) = middle;
    }
    return 0.5 * (low + high);
}

Interval wilson(std::int64_t hits, std::int64_t count, double confidence) {
    if (count <= 0) return {0, 1};
    const auto z = normal_quantile(0.5 + confidence / 2);
    const auto n = static_cast<double>(count);
    const auto rate = static_cast<double>(hits) / n;
    const auto spread = z * z / n;
    const auto center = (rate + spread / 2) / (1 + spread);
    const auto half = z / (1 + spread) * std::sqrt(rate * (1 - rate) / n + spread / (4 * n));
    return {std::max(center - half, 0.0), std::min(center + half, 1.0)};
}

double mean(std::span<const double> samples) {
    if (samples.empty()) return 0;
    return std::accumulate(samples.begin(), samples.end(), 0.0) /
           static_cast<double>(samples.size());
}

double variance(std::span<const double> samples) {
    if (samples.size() < 2) return 0;
    const auto center = mean(samples);
    double sum = 0;
    for (const auto sample : samples) sum += (sample - center) * (sample - center);
    return sum / static_cast<double>(samples.size() - 1);
}

Interval bootstrap_mean(std::span<const double> samples, double confidence, std::uint64_t seed) {
    const auto center = mean(samples);
    if (samples.size() < 2) return {center, center};
    const auto values = grouped(samples);
    Draws draws(seed);
    std::vector<double> means;
    means.reserve(resamples);
    for (int round = 0; round < resamples; ++round) {
        double sum = 0;
        for (std::size_t at = 0; at < values.size(); ++at) {
            sum += values[draws.below(values.size())];
        }
        means.push_back(sum / static_cast<double>(values.size()));
    }
    std::sort(means.begin(), means.end());
    const auto tail = (1 - confidence) / 2 * static_cast<double>(resamples - 1);
    const auto last = means.size() - 1;
    const auto low = std::min(static_cast<std::size_t>(std::floor(tail)), last);
    return {means[low], means[last - low]};
}

SequentialTest sequential_test(double difference, double variance, double expected, double alpha) {
    SequentialTest out;
    out.difference = difference;
    constexpr double smallest = 1e-300;
    const auto spread = std::max(variance, smallest);
    const auto prior = std::max(expected * expected, smallest);
    // The logarithm of the likelihood ratio, differences being normal around 0 with `prior` as
    // their variance; the ratio exceeds 1 / alpha with a probability below alpha if there is none.
    const auto ratio = 0.5 * std::log(spread / (spread + prior)) +
                       prior * difference * difference / (2 * spread * (spread + prior));
    out.p_value = std::min(1.0, std::exp(-ratio));
    out.decided = out.p_value <= alpha;
    const auto half = std::sqrt(2 * spread * (spread + prior) / prior *
                                (std::log(1 / alpha) + 0.5 * std::log((spread + prior) / spread)));
    out.interval = {difference - half, difference + half};
    return out;
}

}  // namespace tollgate::routing
