#include "dialect/anthropic_thinking.hpp"

#include <algorithm>

#include "dialect/reasoning.hpp"

namespace tollgate::dialect::anthropic {
namespace {

using domain::ThinkingMode;
using domain::ThinkingSupport;

constexpr std::int64_t budget_min = 1024;  // Anthropic's least

ThinkingPlan manual(const domain::Thinking& thinking, const ThinkingContext& context) {
    ThinkingPlan plan;
    std::int64_t budget =
        thinking.budget_tokens > 0
            ? thinking.budget_tokens
            : budget_of_effort(thinking.effort.empty() ? "medium" : thinking.effort);
    // max_tokens covers thinking and answer: half of it is left for the answer.
    if (budget >= context.max_tokens) budget = context.max_tokens / 2;
    if (budget < budget_min || context.forced_tool || !context.loop_keeps_thinking) {
        plan.refused = true;
        return plan;
    }
    plan.mode = ThinkingField::enabled;
    plan.budget_tokens = budget;
    return plan;
}

}  // namespace

ThinkingPlan plan_thinking(const domain::Thinking& thinking, const domain::Deployment& target,
                           const ThinkingContext& context) {
    ThinkingPlan plan;
    const ThinkingSupport support = target.model.thinking;
    const bool off = thinking.mode == ThinkingMode::off || thinking.effort == "none";
    const bool silent = thinking.mode == ThinkingMode::unset && thinking.effort.empty();
    if (silent) return plan;
    if (support == ThinkingSupport::none) {
        plan.refused = !off;
        return plan;
    }
    if (off) {
        const bool possible =
            support != ThinkingSupport::always && target.model.thinking_can_be_disabled;
        if (possible) plan.mode = ThinkingField::disabled;
        return plan;
    }
    const bool unasked = context.effort_alone && thinking.mode == ThinkingMode::unset;
    if (support == ThinkingSupport::manual && unasked) return plan;
    if (support == ThinkingSupport::manual) return manual(thinking, context);
    if (support == ThinkingSupport::both && thinking.mode == ThinkingMode::budget) {
        return manual(thinking, context);
    }
    std::string_view wanted = thinking.effort;
    if (wanted.empty() && thinking.mode == ThinkingMode::budget) {
        wanted = effort_of_budget(thinking.budget_tokens);
    }
    if (!wanted.empty()) {
        const auto& accepted =
            target.model.efforts.empty() ? target.provider.reasoning_efforts : target.model.efforts;
        plan.effort = clamp_effort(wanted, accepted);
    }
    if (support == ThinkingSupport::always || unasked) return plan;
    if (context.forced_tool) {
        plan.refused = true;
    } else {
        plan.mode = ThinkingField::adaptive;
    }
    return plan;
}

}  // namespace tollgate::dialect::anthropic
