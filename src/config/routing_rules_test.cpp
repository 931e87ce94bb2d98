#include "config/routing_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.hpp"
#include "config/tasks.hpp"

namespace tollgate::config {
namespace {

using ::testing::HasSubstr;

std::vector<domain::RoutingRule> rules_of(const std::string& lines) {
    const LoadResult loaded = load_text("routing:\n  rules:\n" + lines, "t.yaml", {});
    EXPECT_TRUE(loaded.ok()) << loaded.report();
    return loaded.config.routing.rules;
}

TEST(RoutingRules, WhatIsShown_ReadsBackAsTheSameRule) {
    const auto rules = rules_of(R"(
    - name: one
      match:
        model: ["claude-*", gpt-4o]
        task: [reasoning, plan]
        prompt: ["a \"quoted\" *", "/x+/"]
        tokens: ["< 100", "8k..9k"]
        thinking: false
        tenant: acme
        header: {x-a: "b*"}
        time: ["sat,sun", "mon 08:30-09:15 Europe/Berlin"]
        budget_used: "50..80"
        power_level: [eco, none]
      use: {models: [a, b], strategy: custom, weights: {cost: 1}, fallback_on: {timeout: c},
            shadow: {model: d, share: 0.25}, experiment: e, quality_margin: 0.1, power_level: eco}
      connect_timeout: 2s
      idle_timeout: 3m
      backoff_first: 100ms
      resume_streams: false
)");
    ASSERT_EQ(rules.size(), 1u);
    auto again = rules_of("    - " + rule_text(rules.front()) + "\n");
    ASSERT_EQ(again.size(), 1u);
    again.front().origin = rules.front().origin;
    EXPECT_EQ(again.front(), rules.front()) << rule_text(rules.front());
}

TEST(RoutingRules, RangesAndHours_MeanWhatTheySay) {
    const auto rules = rules_of(R"(
    - {match: {tokens: ["> 8000", "<= 500", "..2k", "0.5M..", "70-90"], budget_used: "> 80%",
               time: ["daily 22:00-06:00", "fri-mon", {hours: "08:00-24:00"}]}, use: a}
)");
    ASSERT_EQ(rules.size(), 1u);
    const domain::RoutingMatch& match = rules.front().match;
    const std::vector<domain::TokenRange> tokens = {
        {8001, std::nullopt}, {std::nullopt, 500}, {std::nullopt, 2000}, {500'000, std::nullopt},
        {70, 90}};
    EXPECT_EQ(match.tokens, tokens);
    EXPECT_GT(*match.budget_used->at_least, 80);
    EXPECT_LT(*match.budget_used->at_least, 80.001);
    ASSERT_EQ(match.times.size(), 3u);
    EXPECT_EQ(match.times[0].from_minute, 22 * 60);
    EXPECT_EQ(match.times[0].days, domain::TimeWindow::every_day);
    EXPECT_EQ(match.times[1].days, 0b1110001);  // friday, saturday, sunday, monday
    EXPECT_EQ(match.times[2].to_minute, 0);     // 24:00 is the next midnight
}

TEST(RoutingRules, OfATenant_CarryItsId) {
    const LoadResult loaded = load_text(R"(
tenant_configs:
  Web Team:
    api_key: sk-web
    routing: [{pattern: "*test*", model: small, fallback: [big]}]
)",
                                        "t.yaml", {});
    ASSERT_TRUE(loaded.ok()) << loaded.report();
    ASSERT_EQ(loaded.config.tenants.size(), 1u);
    const auto& rules = loaded.config.tenants.front().routing;
    ASSERT_EQ(rules.size(), 1u);
    EXPECT_EQ(rules.front().tenant, "web-team");
    EXPECT_EQ(rules.front().use.models, std::vector<std::string>{"small"});
    EXPECT_EQ(rules.front().use.fallback, std::vector<std::string>{"big"});
    EXPECT_EQ(rules.front().match.prompts.front().text, "*test*");
    EXPECT_THAT(rules.front().origin, HasSubstr("t.yaml:5"));
}

TEST(TaskData, UnknownKeysAndTasksOfMarks_AreErrors) {
    const auto loaded = load_tasks(R"(
threshold: 0.5
marks:
  - {task: nothing, name: x, in: system, contains: y}
tasks:
  - {name: general, term: {1: [a]}}
  - {name: general}
)");
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.error().message, HasSubstr("a `task` of the list"));
    EXPECT_THAT(loaded.error().message, HasSubstr("did you mean `terms`?"));
    EXPECT_THAT(loaded.error().message, HasSubstr("stands twice"));
}

TEST(TaskData, OwnTasks_JoinTheBuiltInOnes) {
    domain::TaskData data;
    data.tasks = {{.name = "plan", .text = "plans", .terms = {{"outline", 1}, {"plan", 2}}}};
    domain::TaskKind more{.name = "plan", .terms = {{"plan", 5}, {"vision", 1}}, .models = {"a"}};
    data.add(more);
    data.add({.name = "translation"});
    ASSERT_EQ(data.tasks.size(), 2u);
    const std::vector<domain::TaskTerm> terms = {{"outline", 1}, {"plan", 5}, {"vision", 1}};
    EXPECT_EQ(data.tasks[0].terms, terms);
    EXPECT_EQ(data.tasks[0].text, "plans");
    EXPECT_EQ(data.tasks[0].models, std::vector<std::string>{"a"});
}

}  // namespace
}  // namespace tollgate::config
