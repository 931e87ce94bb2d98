#include "routing/rule_names.hpp"

#include <gtest/gtest.h>

namespace tollgate::routing {
namespace {

TEST(RuleNames, WhatLeadsNowhere_IsToldWithRulePlaceAndNearestNames) {
    NamesInput input;
    input.groups = {{.name = "gpt-4o", .deployments = {"openai/gpt-4o@"}},
                    {.name = "gpt-4o-mini", .deployments = {"openai/gpt-4o-mini@"}}};
    std::vector<std::string> words;
    const Names names(std::move(input), words);
    domain::TaskData tasks;
    tasks.tasks = {{.name = "general"}, {.name = "reasoning"}};
    domain::RoutingRule rule;
    rule.name = "nights";
    rule.origin = "tollgate.yaml:12:7";
    rule.match.tasks = {"reasonning", "reasoning"};
    rule.use.models = {"gtp-4o"};
    rule.use.fallback = {"gpt-4o-mini", "mine"};
    rule.use.fallback_on = {{domain::ErrorClass::timeout, {"nowhere/x"}}};
    rule.use.shadow = domain::ShadowUse{"gpt-4o", 0.1};
    rule.use.experiment = "chaeper";
    domain::ExperimentSpec spec;
    spec.name = "cheaper";
    spec.arms = {{"a", "gpt-4o", 1}, {"b", "gpt-4", 1}};
    const KnownName known = [](std::string_view, std::string_view name) { return name == "mine"; };

    const auto problems = check_names({rule}, {spec}, tasks, names, known);
    ASSERT_EQ(problems.size(), 5u);
    EXPECT_EQ(text_of(problems[0]),
              "tollgate.yaml:12:7: rule `nights`: use.model: no model `gtp-4o`; nearest: gpt-4o, "
              "gpt-4o-mini");
    EXPECT_EQ(problems[1].field, "use.fallback_on.timeout");
    EXPECT_EQ(problems[2].message, "no experiment `chaeper`; nearest: cheaper");
    EXPECT_EQ(problems[3].field, "match.task");
    EXPECT_EQ(problems[4].field, "arms.b");
}

}  // namespace
}  // namespace tollgate::routing
