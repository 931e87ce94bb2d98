#include "dialect/reasoning.hpp"

#include <gtest/gtest.h>

namespace tollgate::dialect {
namespace {

using domain::ReasoningControl;
using domain::Thinking;
using domain::ThinkingMode;

domain::Deployment target_with(std::vector<std::string> efforts) {
    domain::Deployment target;
    target.provider.reasoning_control = ReasoningControl::reasoning_effort;
    target.model.efforts = std::move(efforts);
    return target;
}

Thinking budget(std::int64_t tokens) { return {ThinkingMode::budget, tokens, {}, {}}; }
Thinking adaptive(std::string_view effort) { return {ThinkingMode::adaptive, 0, effort, {}}; }

TEST(Effort, OfABudget_HasItsThresholds) {
    EXPECT_EQ(effort_of_budget(2047), "low");
    EXPECT_EQ(effort_of_budget(2048), "medium");
    EXPECT_EQ(effort_of_budget(8191), "medium");
    EXPECT_EQ(effort_of_budget(8192), "high");
}

TEST(Effort, NotAccepted_IsTheNearestBelowElseAbove) {
    EXPECT_EQ(clamp_effort("max", {"low", "medium", "high"}), "high");
    EXPECT_EQ(clamp_effort("max", {"low", "high", "xhigh"}), "xhigh");
    EXPECT_EQ(clamp_effort("minimal", {"low", "medium"}), "low");
    EXPECT_EQ(clamp_effort("medium", {"none", "high"}), "high");
    EXPECT_EQ(clamp_effort("high", {}), "");
}

TEST(ReasoningPlan, BudgetOrEffort_BecomesAnAcceptedEffort) {
    domain::Deployment three = target_with({"low", "medium", "high"});
    EXPECT_EQ(plan_reasoning(budget(4096), three).effort, "medium");
    EXPECT_EQ(plan_reasoning(adaptive("xhigh"), target_with({"low", "high"})).effort, "high");
    ReasoningPlan plain = plan_reasoning(adaptive(""), target_with({"low", "high"}));
    EXPECT_EQ(plain.wish, ThinkingWish::on);
    EXPECT_EQ(plain.effort, "");
}

TEST(ReasoningPlan, Off_IsTheWeakestTheModelHas) {
    Thinking off{ThinkingMode::off, 0, {}, {}};
    EXPECT_EQ(plan_reasoning(off, target_with({"none", "low"})).effort, "none");
    EXPECT_EQ(plan_reasoning(off, target_with({"minimal", "low"})).effort, "minimal");
}

TEST(ReasoningPlan, ModelThatDoesNotReason_IsToldNothing) {
    domain::Deployment target = target_with({});
    EXPECT_EQ(plan_reasoning(adaptive("high"), target).wish, ThinkingWish::unspecified);
    target.provider.reasoning_control = ReasoningControl::reasoning_object;
    EXPECT_EQ(plan_reasoning(adaptive("high"), target).effort, "high");
    target.model.in_catalog = true;
    EXPECT_EQ(plan_reasoning(adaptive("high"), target).wish, ThinkingWish::unspecified);
}

TEST(ReasoningPlan, NothingAsked_NothingSent) {
    EXPECT_EQ(plan_reasoning({}, target_with({"low"})).wish, ThinkingWish::unspecified);
}

}  // namespace
}  // namespace tollgate::dialect
