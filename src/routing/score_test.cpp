#include "routing/score.hpp"

#include <gtest/gtest.h>

namespace tollgate::routing {
namespace {

CandidateFacts facts(double cost, double latency, double quality) {
    CandidateFacts out;
    out.cost_per_1k = cost;
    out.latency_ms = latency;
    out.quality = quality;
    return out;
}

ScoreTerms terms_of(const CandidateFacts& candidate, const ScoreScale& scale,
                    const domain::ScoreWeights& weights) {
    ScoreTerms terms;
    score(candidate, scale, weights, terms);
    return terms;
}

// Scores do not depend on the unit of the prices, so the figures of the specification stand as they
// are, in USD per million tokens.
TEST(Score, TheWorkedExampleComesOutExactly) {
    const auto groq = facts(0, 600, 0.80), openrouter = facts(1.2, 1500, 0.85),
               openai = facts(5.0, 2000, 0.95);
    ScoreScale scale;
    for (const auto& one : {groq, openrouter, openai}) scale.include(one);
    const domain::ScoreWeights weights{.cost = 0.4, .latency = 0.4, .quality = 0.2};
    EXPECT_DOUBLE_EQ(terms_of(groq, scale, weights).total, 0.8400);
    EXPECT_DOUBLE_EQ(terms_of(openrouter, scale, weights).total, 0.5740);
    EXPECT_DOUBLE_EQ(terms_of(openai, scale, weights).total, 0.1900);
}

TEST(Score, ZeroMaximaScoreOne) {
    ScoreScale scale;
    const auto one = facts(0, 0, 0.5);
    scale.include(one);
    EXPECT_DOUBLE_EQ(terms_of(one, scale, {.cost = 0.5, .latency = 0.5, .quality = 0}).total, 1.0);
}

TEST(Score, PenaltiesMultiply_AndTheirBordersBelongToTheBetterSide) {
    auto one = facts(1, 1, 1);
    ScoreScale scale;
    scale.include(one);
    const domain::ScoreWeights quality_only{.cost = 0, .latency = 0, .quality = 1};
    EXPECT_DOUBLE_EQ(terms_of(one, scale, quality_only).total, 1.0);
    one.error_rate = 1;
    EXPECT_DOUBLE_EQ(terms_of(one, scale, quality_only).total, 0.5);
    one.limit_use = 0.8;
    EXPECT_DOUBLE_EQ(terms_of(one, scale, quality_only).total, 0.5);
    one.limit_use = 0.8000001;
    EXPECT_DOUBLE_EQ(terms_of(one, scale, quality_only).total, 0.25);
}

TEST(Score, UnknownFigures_CostScoresNought_TheOthersAreMiddling) {
    ScoreScale scale;
    scale.include(facts(2, 100, 0.9));
    const auto terms = terms_of(CandidateFacts(), scale, {});
    EXPECT_DOUBLE_EQ(terms.cost, 0);
    EXPECT_DOUBLE_EQ(terms.latency, unknown_score);
    EXPECT_DOUBLE_EQ(terms.quality, unknown_score);
}

}  // namespace
}  // namespace tollgate::routing
