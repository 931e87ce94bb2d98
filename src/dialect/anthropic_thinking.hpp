// What a request says about thinking, in the words of the Claude model it goes to.
// Internal to dialect/anthropic*.cpp and bedrock_converse*.cpp. Pure.
#pragma once
#include <cstdint>
#include <string_view>

#include "domain/conversation.hpp"
#include "domain/target.hpp"

namespace tollgate::dialect::anthropic {

enum class ThinkingField : std::uint8_t { absent, disabled, enabled, adaptive };

struct ThinkingPlan {
    ThinkingField mode = ThinkingField::absent;
    std::int64_t budget_tokens = 0;  // enabled
    std::string_view effort;         // output_config.effort, "" when none
    bool refused = false;            // the client wanted thinking and does not get it
};

struct ThinkingContext {
    std::int64_t max_tokens = 0;
    bool forced_tool = false;         // refused together with thinking
    bool loop_keeps_thinking = true;  // false: manual thinking is refused in this turn
    bool effort_alone = false;        // an effort does not ask for thinking by itself
};

// Views borrow `thinking` and `target`.
ThinkingPlan plan_thinking(const domain::Thinking& thinking, const domain::Deployment& target,
                           const ThinkingContext& context);

}  // namespace tollgate::dialect::anthropic
