#include "dialect/reasoning.hpp"

#include <algorithm>
#include <array>

namespace tollgate::dialect {
namespace {

constexpr std::array<std::string_view, 7> scale = {"none", "minimal", "low",  "medium",
                                                   "high", "xhigh",   "max"};

// Position on the scale; words nobody here knows count as high.
std::size_t strength(std::string_view effort) {
    auto at = std::find(scale.begin(), scale.end(), effort);
    return at == scale.end() ? 4 : static_cast<std::size_t>(at - scale.begin());
}

bool model_reasons(const domain::Deployment& target) {
    const domain::ModelTraits& model = target.model;
    if (model.thinking != domain::ThinkingSupport::none || !model.efforts.empty()) return true;
    if (model.in_catalog) return false;
    // A model nobody has described: only switches that such providers ignore where they mean
    // nothing; a stray reasoning_effort is a 400 at most of them.
    return target.provider.reasoning_control == domain::ReasoningControl::reasoning_object ||
           target.provider.reasoning_control == domain::ReasoningControl::thinking_type;
}

}  // namespace

std::string_view effort_of_budget(std::int64_t budget_tokens) {
    if (budget_tokens < 2048) return "low";
    return budget_tokens < 8192 ? "medium" : "high";
}

std::int64_t budget_of_effort(std::string_view effort) {
    constexpr std::array<std::int64_t, 7> budgets = {0, 1024, 2048, 8192, 16384, 32768, 49152};
    return budgets[strength(effort)];
}

std::string_view clamp_effort(std::string_view wanted, const std::vector<std::string>& accepted) {
    std::size_t want = strength(wanted);
    std::string_view below, above;
    for (const std::string& candidate : accepted) {
        if (candidate == wanted) return candidate;
        if (candidate == "none") continue;
        std::size_t has = strength(candidate);
        if (has <= want && (below.empty() || has > strength(below))) below = candidate;
        if (has > want && (above.empty() || has < strength(above))) above = candidate;
    }
    return below.empty() ? above : below;
}

ReasoningPlan plan_reasoning(const domain::Thinking& thinking, const domain::Deployment& target) {
    ReasoningPlan plan;
    if (target.provider.reasoning_control == domain::ReasoningControl::none) return plan;
    if (!model_reasons(target)) return plan;
    const auto& accepted = target.model.efforts.empty() ? target.provider.reasoning_efforts
                                                        : target.model.efforts;
    using domain::ThinkingMode;
    bool off = thinking.mode == ThinkingMode::off || thinking.effort == "none";
    if (off) {
        plan.wish = ThinkingWish::off;
        plan.effort = clamp_effort("none", accepted);
        if (!target.model.thinking_can_be_disabled && plan.effort == "none") plan.effort = {};
        return plan;
    }
    if (thinking.mode == ThinkingMode::unset && thinking.effort.empty()) return plan;
    plan.wish = ThinkingWish::on;
    if (thinking.mode == ThinkingMode::budget) plan.budget_tokens = thinking.budget_tokens;
    std::string_view wanted = thinking.effort;
    if (wanted.empty() && plan.budget_tokens > 0) wanted = effort_of_budget(plan.budget_tokens);
    if (!wanted.empty()) plan.effort = clamp_effort(wanted, accepted);
    return plan;
}

}  // namespace tollgate::dialect
