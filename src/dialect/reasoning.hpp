// How much a model shall think, translated between a budget in tokens, a named effort and what the
// target has. Pure functions.
#pragma once
#include <cstdint>
#include <string_view>

#include "domain/conversation.hpp"
#include "domain/target.hpp"

namespace tollgate::dialect {

// Below 2048 tokens low, below 8192 medium, else high.
std::string_view effort_of_budget(std::int64_t budget_tokens);
// A budget for a target that knows only budgets; at least 1024 (Anthropic's least).
std::int64_t budget_of_effort(std::string_view effort);

// The nearest effort that the target has: the strongest not above `wanted`, else the weakest. Never
// "none" for a wish to think. "" when nothing is accepted.
std::string_view clamp_effort(std::string_view wanted, const std::vector<std::string>& accepted);

// What an attempt shall ask for.
enum class ThinkingWish : std::uint8_t {
    unspecified,  // say nothing
    off,
    on,
};
struct ReasoningPlan {
    ThinkingWish wish = ThinkingWish::unspecified;
    std::string_view effort;         // already the target's word; "" when none is to be sent
    std::int64_t budget_tokens = 0;  // > 0 when the client named a budget
};
// Views borrow `thinking` and `target`.
ReasoningPlan plan_reasoning(const domain::Thinking& thinking, const domain::Deployment& target);

}  // namespace tollgate::dialect
