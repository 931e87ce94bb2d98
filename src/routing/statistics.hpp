// The statistics of experiments. Pure and repeatable: chance comes from a seed.
#pragma once
#include <cstdint>
#include <span>

namespace tollgate::routing {

struct Interval {
    double low = 0, high = 0;
};

// The x below which a standard normal variable stays with probability `probability`.
// REQUIRES: 0 < probability < 1.
double normal_quantile(double probability);

// Of a rate, by Wilson's score (1927). Nobody asked yet: 0 to 1. REQUIRES: 0 <= hits <= count;
// 0 < confidence < 1.
Interval wilson(std::int64_t hits, std::int64_t count, double confidence);

double mean(std::span<const double> samples);
// Of the population the samples were drawn from, n - 1 below; 0 for fewer than two.
double variance(std::span<const double> samples);

constexpr int resamples = 2'000;
// Beyond this many samples equal groups of them are drawn instead, which spreads the mean alike.
constexpr std::size_t bootstrap_groups_max = 2'048;
// Of a mean, by the percentiles of means of samples drawn anew with replacement (Efron 1979). One
// sample or none: the mean itself.
Interval bootstrap_mean(std::span<const double> samples, double confidence, std::uint64_t seed);

// Whether a difference between two arms is real, told in a way that may be looked at as often as
// one likes: the mixture sequential probability ratio test (Robbins 1970; for experiments Johari
// and others 2017), whose error stays below alpha over all looks together.
struct SequentialTest {
    double difference = 0;   // of the second arm to the first
    Interval interval;       // of the difference, valid at every look
    double p_value = 1;      // likewise
    bool decided = false;    // p_value <= alpha
};
// `variance`: of the difference's estimate, var1 / n1 + var2 / n2. `expected`: the size of
// differences one looks for, > 0; a wrong guess costs samples, never validity.
SequentialTest sequential_test(double difference, double variance, double expected, double alpha);

}  // namespace tollgate::routing
