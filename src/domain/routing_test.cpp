#include "domain/routing.hpp"

#include <gtest/gtest.h>

namespace tollgate::domain {
namespace {

TEST(Routing, WordsOfEnumerationsReadBackAsTheyAreWritten) {
    for (std::size_t at = 0; at < strategies_count; ++at) {
        const auto strategy = static_cast<Strategy>(at);
        EXPECT_EQ(strategy_of(to_string(strategy)), strategy);
    }
    for (std::size_t at = 0; at < power_levels_count; ++at) {
        const auto level = static_cast<PowerLevel>(at);
        EXPECT_EQ(power_level_of(to_string(level)), level);
    }
    for (std::size_t at = 0; at < metrics_count; ++at) {
        const auto metric = static_cast<Metric>(at);
        EXPECT_EQ(metric_of(to_string(metric)), metric);
    }
    for (const auto sticky : {Sticky::user, Sticky::session, Sticky::request}) {
        EXPECT_EQ(sticky_of(to_string(sticky)), sticky);
    }
}

TEST(Routing, LevelsAreReadInAnyCase_OtherWordsAreNot) {
    EXPECT_EQ(power_level_of("ECO"), PowerLevel::eco);
    EXPECT_EQ(power_level_of("Precision"), PowerLevel::precision);
    EXPECT_EQ(power_level_of("turbo"), std::nullopt);
    EXPECT_EQ(power_level_of(""), std::nullopt);
}

TEST(Routing, LiteLlmStrategiesAreReadByTheirNames) {
    EXPECT_EQ(strategy_of("simple-shuffle"), Strategy::weighted);
    EXPECT_EQ(strategy_of("least-busy"), Strategy::least_busy);
    EXPECT_EQ(strategy_of("usage-based-routing"), Strategy::usage);
    EXPECT_EQ(strategy_of("usage-based-routing-v2"), Strategy::usage);
    EXPECT_EQ(strategy_of("latency-based-routing"), Strategy::latency);
    EXPECT_EQ(strategy_of("cost-based-routing"), Strategy::cost);
    EXPECT_EQ(strategy_of("fastest"), std::nullopt);
}

TEST(Routing, BuiltInLevels_HaveSoundWeightsAndRisingCeilings) {
    for (const auto& settings : built_in_levels()) EXPECT_TRUE(sound(settings.weights));
    EXPECT_EQ(built_in_level(PowerLevel::none).ceiling_usd_per_1k, 0);
    EXPECT_TRUE(built_in_level(PowerLevel::none).preferred.empty());
    EXPECT_EQ(built_in_level(PowerLevel::eco).ceiling_usd_per_1k, 0.001);
    EXPECT_EQ(built_in_level(PowerLevel::balanced).ceiling_usd_per_1k, 0.01);
    EXPECT_EQ(built_in_level(PowerLevel::precision).ceiling_usd_per_1k, 0.10);
    EXPECT_EQ(built_in_level(PowerLevel::eco).preferred.front(), "local");
}

TEST(Routing, Weights_AreSoundOnlyWhenTheySumToOneAndNoneIsNegative) {
    EXPECT_TRUE(sound({0.333, 0.333, 0.334}));
    EXPECT_FALSE(sound({0.5, 0.5, 0.5}));
    EXPECT_FALSE(sound({1.2, -0.2, 0.0}));
}

}  // namespace
}  // namespace tollgate::domain
