#include "routing/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace tollgate::routing {
namespace {

// The figures of this file were computed by other means: quantiles and intervals with Python's
// statistics.NormalDist and the formulas of the literature, the likelihood ratio by integrating it
// numerically, bootstrap percentiles with 20,000 and 40,000 resamples of random.choices.

TEST(Statistics, QuantilesOfTheNormalDistribution) {
    EXPECT_NEAR(normal_quantile(0.5), 0, 1e-12);
    EXPECT_NEAR(normal_quantile(0.9), 1.2815515655446008, 1e-9);
    EXPECT_NEAR(normal_quantile(0.975), 1.9599639845400536, 1e-9);
    EXPECT_NEAR(normal_quantile(0.995), 2.5758293035489, 1e-9);
    EXPECT_NEAR(normal_quantile(0.0001), -3.71901648545568, 1e-9);
    EXPECT_NEAR(normal_quantile(0.9999999), 5.199337582290662, 1e-7);
}

TEST(Statistics, Wilson_AsThePublishedExamples) {
    struct Case {
        std::int64_t hits, count;
        double confidence, low, high;
    };
    for (const auto& one : {Case{0, 10, 0.95, 0, 0.27753279986288915},
                            Case{10, 10, 0.95, 0.7224672001371109, 1},
                            Case{7, 20, 0.95, 0.1811918241010821, 0.5671457233147637},
                            Case{81, 263, 0.95, 0.2552885198782743, 0.3662095769828001},
                            Case{1, 1000, 0.99, 0.00011741635361832078, 0.008460566219981692}}) {
        const auto interval = wilson(one.hits, one.count, one.confidence);
        EXPECT_NEAR(interval.low, one.low, 1e-9) << one.hits;
        EXPECT_NEAR(interval.high, one.high, 1e-9) << one.hits;
    }
    EXPECT_EQ(wilson(0, 0, 0.95).low, 0);
    EXPECT_EQ(wilson(0, 0, 0.95).high, 1);
}

TEST(Statistics, Wilson_CoversTheTrueRateAsOftenAsItSays) {
    std::mt19937_64 random(7);
    for (const double rate : {0.03, 0.3, 0.8}) {
        std::binomial_distribution<int> draw(200, rate);
        int covered = 0;
        constexpr int rounds = 4'000;
        for (int round = 0; round < rounds; ++round) {
            const auto interval = wilson(draw(random), 200, 0.95);
            covered += interval.low <= rate && rate <= interval.high;
        }
        EXPECT_NEAR(covered / double(rounds), 0.95, 0.025) << rate;
    }
}

std::vector<double> even() {
    std::vector<double> out;
    for (int i = 0; i < 200; ++i) out.push_back((i * 37 % 101) / 10.0);
    return out;
}

TEST(Statistics, MeansAndVariances) {
    const auto samples = even();
    EXPECT_NEAR(mean(samples), 5.0045, 1e-12);
    EXPECT_NEAR(variance(samples), 8.591688190954775, 1e-9);
    EXPECT_EQ(variance(std::vector<double>{3}), 0);
    EXPECT_EQ(mean({}), 0);
}

TEST(Statistics, Bootstrap_AgreesWithAReferenceOfManyMoreResamples) {
    const auto interval = bootstrap_mean(even(), 0.95, 1);
    EXPECT_NEAR(interval.low, 4.6015, 0.03);
    EXPECT_NEAR(interval.high, 5.4060, 0.03);
    std::vector<double> skewed;
    for (int i = 0; i < 101; ++i) skewed.push_back(std::exp((i * 37 % 101) / 25.0));
    const auto wide = bootstrap_mean(skewed, 0.95, 1);
    EXPECT_NEAR(wide.low, 10.8786, 0.15);
    EXPECT_NEAR(wide.high, 16.3685, 0.2);
}

TEST(Statistics, Bootstrap_TheSameSeedGivesTheSame_AnotherOneNearlySo) {
    const auto samples = even();
    const auto one = bootstrap_mean(samples, 0.95, 5), again = bootstrap_mean(samples, 0.95, 5);
    EXPECT_EQ(one.low, again.low);
    EXPECT_EQ(one.high, again.high);
    const auto other = bootstrap_mean(samples, 0.95, 6);
    EXPECT_NE(one.low, other.low);
    EXPECT_NEAR(one.low, other.low, 0.05);
}

TEST(Statistics, Bootstrap_OfVeryManySamples_IsAsWideAsTheirSpreadSays) {
    std::mt19937_64 random(3);
    std::exponential_distribution<double> draw(0.5);  // mean 2, deviation 2
    std::vector<double> samples(200'000);
    for (auto& sample : samples) sample = draw(random);
    const auto interval = bootstrap_mean(samples, 0.95, 1);
    const auto half = 1.96 * 2 / std::sqrt(200'000.0);
    EXPECT_NEAR((interval.high - interval.low) / 2, half, half * 0.1);
    EXPECT_NEAR((interval.high + interval.low) / 2, mean(samples), half * 0.1);
}

TEST(Statistics, SequentialTest_AgreesWithTheFormulaAndTheIntegral) {
    struct Case {
        double difference, variance, expected, alpha, p, low, high;
    };
    for (const auto& one :
         {Case{0.3, 0.01, 0.2, 0.05, 0.06109770079048311, -0.008238999388909318,
               0.6082389993889092},
          Case{0.0, 0.01, 0.2, 0.05, 1, -0.3082389993889093, 0.3082389993889093},
          Case{-0.5, 0.02, 0.1, 0.025, 0.1524984603152241, -1.183369183516613, 0.1833691835166129},
          Case{1.2, 0.5, 1.0, 0.05, 0.6631899323655709, -1.1059830066225704, 3.5059830066225706}}) {
        const auto test =
            sequential_test(one.difference, one.variance, one.expected, one.alpha);
        EXPECT_NEAR(test.p_value, one.p, 1e-9);
        EXPECT_NEAR(test.interval.low, one.low, 1e-9);
        EXPECT_NEAR(test.interval.high, one.high, 1e-9);
        // The interval leaves nought out exactly when the test decides.
        EXPECT_EQ(test.decided, test.interval.low > 0 || test.interval.high < 0);
    }
}

// Two arms that do not differ, looked at 100 times each: a test of a fixed size would cry wolf in
// every third experiment.
TEST(Statistics, SequentialTest_PeekingDoesNotRaiseTheError) {
    std::mt19937_64 random(11);
    std::normal_distribution<double> draw(10, 3);
    constexpr int experiments = 600, looks = 100, step = 20;
    int wrong = 0, naive_wrong = 0;
    for (int experiment = 0; experiment < experiments; ++experiment) {
        double sum[2] = {0, 0}, squares[2] = {0, 0};
        double count = 0;
        bool decided = false, naive = false;
        for (int look = 0; look < looks; ++look) {
            for (int i = 0; i < step; ++i) {
                for (int arm = 0; arm < 2; ++arm) {
                    const auto sample = draw(random);
                    sum[arm] += sample;
                    squares[arm] += sample * sample;
                }
            }
            count += step;
            double spread = 0;
            for (int arm = 0; arm < 2; ++arm) {
                spread += (squares[arm] / count - sum[arm] * sum[arm] / count / count) / count;
            }
            const auto difference = (sum[1] - sum[0]) / count;
            decided = decided || sequential_test(difference, spread, 1.0, 0.05).decided;
            naive = naive || std::abs(difference) > 1.96 * std::sqrt(spread);
        }
        wrong += decided;
        naive_wrong += naive;
    }
    EXPECT_LE(wrong / double(experiments), 0.05);
    EXPECT_GE(naive_wrong / double(experiments), 0.25);
}

TEST(Statistics, SequentialTest_FindsADifferenceThatIsThere) {
    // A tenth of the mean, 400 samples of each arm, a deviation of three tenths.
    const auto spread = 2 * 3.0 * 3.0 / 400;
    EXPECT_TRUE(sequential_test(-1.0, spread, 1.0, 0.05).decided);
    EXPECT_FALSE(sequential_test(-0.2, spread, 1.0, 0.05).decided);
    EXPECT_TRUE(sequential_test(1e-9, 0, 1.0, 0.05).decided);  // nothing varies
    EXPECT_FALSE(sequential_test(0, 0, 0, 0.05).decided);
}

}  // namespace
}  // namespace tollgate::routing
