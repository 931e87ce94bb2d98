#include "routing/experiments.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace tollgate::routing {
namespace {

using domain::Metric;

domain::ExperimentSpec spec(std::vector<double> shares) {
    domain::ExperimentSpec out;
    out.name = "cheaper";
    out.tenant = "t";
    out.models = {"fast-*"};
    for (std::size_t at = 0; at < shares.size(); ++at) {
        const std::string name(1, static_cast<char>('a' + at));
        out.arms.push_back({.name = name, .model = "model-" + name, .share = shares[at]});
    }
    return out;
}

TEST(Experiments, Arms_AreTheSameOnEveryInstance) {
    // Computed with Python's hashlib.
    const std::vector<std::size_t> expected{0, 1, 0, 0, 0, 1, 0, 2, 0, 0, 0, 2};
    const auto one = spec({0.5, 0.3, 0.2});
    for (std::size_t at = 0; at < expected.size(); ++at) {
        EXPECT_EQ(choose_arm(one, "user-" + std::to_string(at)), expected[at]) << at;
    }
}

TEST(Experiments, Arms_GetTheirShares_WhateverTheSharesSumUpTo) {
    for (const double scale : {1.0, 100.0}) {
        const auto one = spec({0.5 * scale, 0.3 * scale, 0.2 * scale, 0});
        constexpr int ids = 20'000;
        std::vector<int> counts(4);
        for (int i = 0; i < ids; ++i) ++counts[choose_arm(one, "session-" + std::to_string(i))];
        for (const auto& [at, share] : {std::pair{0, 0.5}, {1, 0.3}, {2, 0.2}}) {
            EXPECT_NEAR(counts[at], ids * share, 4 * std::sqrt(ids * share * (1 - share)));
        }
        EXPECT_EQ(counts[3], 0);
    }
}

TEST(Experiments, TwoExperiments_DivideTheSameUsersIndependently) {
    auto one = spec({0.5, 0.5}), other = one;
    other.name = "another";
    int same = 0;
    constexpr int ids = 10'000;
    for (int i = 0; i < ids; ++i) {
        const auto id = std::to_string(i);
        same += choose_arm(one, id) == choose_arm(other, id);
    }
    EXPECT_NEAR(same, ids / 2, 4 * std::sqrt(ids * 0.25));
}

TEST(Experiments, ApplyWhileTheyRun_ToTheirModelsOrWhereARuleNamesThem) {
    auto one = spec({1, 1});
    one.started = 100;
    one.ends = 200;
    EXPECT_TRUE(applies(one, "fast-code", false, 100));
    EXPECT_FALSE(applies(one, "slow-code", false, 100));
    EXPECT_TRUE(applies(one, "slow-code", true, 100));
    EXPECT_FALSE(applies(one, "fast-code", false, 99));
    EXPECT_FALSE(applies(one, "fast-code", true, 200));
    one.enabled = false;
    EXPECT_FALSE(applies(one, "fast-code", true, 150));
}

TEST(Experiments, StickyIds_FallBackToTheNextFiner) {
    EXPECT_EQ(sticky_id(domain::Sticky::user, {"u", "s", "r"}), "u");
    EXPECT_EQ(sticky_id(domain::Sticky::user, {"", "s", "r"}), "s");
    EXPECT_EQ(sticky_id(domain::Sticky::session, {"u", "s", "r"}), "s");
    EXPECT_EQ(sticky_id(domain::Sticky::session, {"u", "", "r"}), "r");
    EXPECT_EQ(sticky_id(domain::Sticky::request, {"u", "s", "r"}), "r");
}

ArmData arm(double mean_cost, int count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> draw(mean_cost, mean_cost * 0.3);
    ArmData out;
    out.requests = count;
    for (int i = 0; i < count; ++i) out.cost_usd.push_back(draw(random));
    return out;
}

TEST(Experiments, TooFewSamples_NoVerdict) {
    const auto result = evaluate(spec({1, 1}), {arm(0.01, 99, 1), arm(0.002, 5'000, 2)});
    EXPECT_EQ(result.verdict, VerdictKind::too_few_samples);
    EXPECT_EQ(result.line, "too few samples of cost: 99 in the smallest arm, 100 are needed");
}

TEST(Experiments, ACheaperArm_IsToldWithItsFigures) {
    const auto result = evaluate(spec({1, 1}), {arm(0.010, 500, 1), arm(0.008, 500, 2)});
    EXPECT_EQ(result.verdict, VerdictKind::decided);
    EXPECT_EQ(result.winner, 1u);
    EXPECT_TRUE(result.comparisons[0].better);
    EXPECT_NEAR(result.comparisons[0].relative, -0.2, 0.05);
    EXPECT_TRUE(result.line.starts_with("b is better than a: cost 0.008")) << result.line;
    EXPECT_NE(result.line.find("500 and 500 samples"), std::string::npos) << result.line;
    const auto& cost = result.estimates[1][static_cast<std::size_t>(Metric::cost)];
    EXPECT_LT(cost.interval.low, cost.value);
    EXPECT_GT(cost.interval.high, cost.value);
    // Two standard errors to each side.
    EXPECT_NEAR(cost.interval.high - cost.interval.low, 2 * 1.96 * 0.0024 / std::sqrt(500.0),
                0.00008);
}

TEST(Experiments, ADearerArm_LeavesTheFirstOneAsWinner) {
    const auto result = evaluate(spec({1, 1}), {arm(0.008, 500, 1), arm(0.010, 500, 2)});
    EXPECT_EQ(result.verdict, VerdictKind::decided);
    EXPECT_EQ(result.winner, 0u);
    EXPECT_EQ(result.line.find("a is better than every other arm in cost"), 0u) << result.line;
}

TEST(Experiments, NoDifference_IsSaidSo) {
    const auto result = evaluate(spec({1, 1}), {arm(0.01, 300, 1), arm(0.01, 300, 2)});
    EXPECT_EQ(result.verdict, VerdictKind::undecided);
    EXPECT_EQ(result.line.find("no difference in cost is shown yet; b differs by -"), 0u)
        << result.line;
}

TEST(Experiments, SeveralArms_TheBestOfTheBetterOnesWins) {
    const auto result =
        evaluate(spec({1, 1, 1}), {arm(0.01, 800, 1), arm(0.008, 800, 2), arm(0.006, 800, 3)});
    EXPECT_EQ(result.winner, 2u);
    EXPECT_EQ(result.comparisons.size(), 2u);
}

TEST(Experiments, Rates_HigherIsBetterForToolSuccess) {
    auto one = spec({1, 1});
    one.metric = Metric::tool_success;
    ArmData worse, better;
    worse.requests = better.requests = 3'000;
    worse.tool_calls = better.tool_calls = 2'000;
    worse.tool_calls_good = 1'700;
    better.tool_calls_good = 1'900;
    auto result = evaluate(one, {worse, better});
    EXPECT_EQ(result.verdict, VerdictKind::decided);
    EXPECT_EQ(result.winner, 1u);
    EXPECT_TRUE(result.line.starts_with("b is better than a: tool success 95.00 % against 85.00 %"))
        << result.line;
    result = evaluate(one, {better, worse});
    EXPECT_EQ(result.winner, 0u);

    one.metric = Metric::error_rate;
    worse.errors = 0;
    better.errors = 0;
    EXPECT_EQ(evaluate(one, {worse, better}).verdict, VerdictKind::undecided);
}

TEST(Experiments, SharesThatChanceDoesNotExplain_AreToldOf) {
    auto one = spec({1, 1});
    one.sticky = domain::Sticky::request;
    EXPECT_TRUE(evaluate(one, {arm(0.01, 510, 1), arm(0.01, 490, 2)}).notices.empty());
    const auto result = evaluate(one, {arm(0.01, 600, 1), arm(0.01, 400, 2)});
    ASSERT_EQ(result.notices.size(), 2u);
    EXPECT_EQ(result.notices[0],
              "arm a got 60.00 % of the requests instead of 50.00 %: more than chance explains");
}

TEST(Experiments, AnArmWithoutData_IsNoDivisionByNought) {
    for (std::size_t metric = 0; metric < domain::metrics_count; ++metric) {
        auto one = spec({1, 1});
        one.metric = static_cast<Metric>(metric);
        one.samples_min = 0;
        const auto result = evaluate(one, {ArmData(), ArmData()});
        EXPECT_EQ(result.verdict, VerdictKind::too_few_samples);
        for (const auto& row : result.estimates) {
            for (const auto& cell : row) EXPECT_TRUE(std::isfinite(cell.value));
        }
    }
}

}  // namespace
}  // namespace tollgate::routing
