#include "routing/power_level.hpp"

#include <gtest/gtest.h>

namespace tollgate::routing {
namespace {

using domain::PowerLevel;

TEST(PowerLevel, TheFirstSourceThatNamesOneWins) {
    LevelSources sources;
    EXPECT_EQ(choose_level(sources, PowerLevel::balanced).source, "default");
    sources.tenant = PowerLevel::eco;
    EXPECT_EQ(choose_level(sources, PowerLevel::balanced).level, PowerLevel::eco);
    sources.user = PowerLevel::balanced;
    EXPECT_EQ(choose_level(sources, PowerLevel::none).source, "user");
    sources.key = PowerLevel::eco;
    EXPECT_EQ(choose_level(sources, PowerLevel::none).source, "key");
    sources.model_name = PowerLevel::precision;
    EXPECT_EQ(choose_level(sources, PowerLevel::none).source, "model_name");
    sources.body = PowerLevel::eco;
    EXPECT_EQ(choose_level(sources, PowerLevel::none).source, "body");
    sources.header = PowerLevel::precision;
    const auto chosen = choose_level(sources, PowerLevel::none);
    EXPECT_EQ(chosen.level, PowerLevel::precision);
    EXPECT_EQ(chosen.source, "header");
}

TEST(PowerLevel, ModelNamesAreLevels_InAnyCase_OthersAreNot) {
    EXPECT_EQ(level_of_model_name("claude-eco"), PowerLevel::eco);
    EXPECT_EQ(level_of_model_name("Claude-Precision"), PowerLevel::precision);
    EXPECT_EQ(level_of_model_name("claude-sonnet-4-5"), std::nullopt);
    EXPECT_TRUE(asks_for_any_model("auto"));
    EXPECT_TRUE(asks_for_any_model("claude-balanced"));
    EXPECT_FALSE(asks_for_any_model("automatic"));
    EXPECT_FALSE(asks_for_any_model(""));
}

TEST(PowerLevel, SelectorsNameTypesAccountsZonesAndPairs) {
    const auto selects = [](std::string text, const CandidateFacts& candidate) {
        const std::vector<std::string> texts{"never:local", std::move(text)};
        return Selectors(texts).select(candidate);
    };
    CandidateFacts facts;
    facts.provider_type = "openrouter";
    facts.account = "team-a";
    EXPECT_TRUE(selects("openrouter", facts));
    EXPECT_TRUE(selects("team-a", facts));
    EXPECT_FALSE(selects("openrouter:free", facts));
    EXPECT_FALSE(selects("local", facts));
    facts.free = true;
    EXPECT_TRUE(selects("openrouter:free", facts));
    EXPECT_TRUE(selects("free", facts));
    EXPECT_FALSE(selects("openrouter:premium", facts));
    EXPECT_FALSE(selects("groq:free", facts));
    facts.local = true;
    EXPECT_TRUE(selects("local", facts));
    EXPECT_FALSE(selects("", facts));
}

}  // namespace
}  // namespace tollgate::routing
