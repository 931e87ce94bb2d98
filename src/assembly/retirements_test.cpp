#include "assembly/retirements.hpp"

#include "assembly/world_test.hpp"

namespace tollgate::assembly {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::int64_t day_2026_09_01 = 1'788'220'800, day_2026_12_10 = 1'796'860'800,
                       day_2026_12_11 = day_2026_12_10 + 86'400;

// A catalog of made-up models and tasks.
class Retirements : public World {
protected:
    static void SetUpTestSuite() {
        const std::string providers = data_file("providers.yaml");
        const std::string models =
            "models:\n"
            "  - {id: openai/old, limits: {context: 10}, unpriced: true, deprecated: openai/new,\n"
            "     retires: \"2026-12-11\"}\n"
            "  - {id: openai/new, limits: {context: 10}, unpriced: true}\n";
        auto loaded = config::load_catalog({.providers = providers, .models = models});
        ASSERT_TRUE(loaded.ok()) << loaded.error().message;
        loaded->tasks.tasks = {{.name = "general"},
                               {.name = "reasoning",
                                .terms = {{"prove", 9}},
                                .models = {"openai/old", "anthropic/away", "openai/new"}}};
        catalog_ = std::make_shared<const config::Catalog>(std::move(loaded).value());
    }
    std::string told(std::string_view yaml, std::int64_t now) {
        const config::Config config = load(yaml);
        std::vector<config::Problem> problems;
        build(config);
        EXPECT_NE(result_.snapshot, nullptr) << World::problems();
        if (result_.snapshot == nullptr) return "";
        tell_retirements(config, *catalog_, *result_.snapshot, now, problems);
        std::string text;
        for (const config::Problem& problem : problems) text += problem.text() + "\n";
        return text;
    }
};

constexpr std::string_view with_key = "providers: {openai: {api_key: sk-1}}\n";

TEST_F(Retirements, TheFirstOfATask_IsToldAheadAndAfterwards_WithWhatServesInstead) {
    EXPECT_THAT(told(with_key, day_2026_09_01), IsEmpty()) << "more than 60 days ahead";
    EXPECT_THAT(told(with_key, day_2026_12_10),
                HasSubstr("notice: routing.tasks.reasoning: openai/old, the first model of the "
                          "task, is one that its provider switches off on 2026-12-11 (its "
                          "successor: openai/new); from then on openai/new serves the task"));
    EXPECT_THAT(told(with_key, day_2026_12_11),
                HasSubstr("warning: routing.tasks.reasoning: openai/old, the first model of the "
                          "task, is one that its provider switched off on 2026-12-11 (its "
                          "successor: openai/new); openai/new serves the task"));
}

TEST_F(Retirements, WithoutTheProvider_NobodyIsTold) {
    EXPECT_THAT(told("logging: {level: info}\n", day_2026_12_11), IsEmpty());
}

TEST_F(Retirements, AnEntryOfTheModelList_IsToldAtItsPlace) {
    constexpr std::string_view yaml =
        "model_list:\n"
        "  - {model_name: deep, litellm_params: {model: openai/old, api_key: sk-1}}\n"
        "  - {model_name: fresh, litellm_params: {model: openai/new, api_key: sk-1}}\n";
    const std::string now = told(yaml, day_2026_12_11);
    EXPECT_THAT(now, HasSubstr("test.yaml:2:"));
    EXPECT_THAT(now, HasSubstr("warning: model_list[0]: 'deep' is openai/old, which its provider "
                               "switched off on 2026-12-11 (its successor: openai/new)"));
    EXPECT_THAT(now, Not(HasSubstr("fresh")));
}

}  // namespace
}  // namespace tollgate::assembly
