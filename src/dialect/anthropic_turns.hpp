// The turns of a conversation as Anthropic wants them: user and assistant alternate, tool results
// stand first in their user turn, system messages only where they are legal.
// Internal to dialect/anthropic*.cpp and bedrock_converse*.cpp, whose API has the same rules. Pure.
#pragma once
#include <string>
#include <vector>

#include "dialect/dialect.hpp"
#include "domain/conversation.hpp"

namespace tollgate::dialect::anthropic {

// A block of a turn: a part of the request, or, without one, text of ours.
struct Item {
    const domain::Part* part = nullptr;
    std::string text;  // escaped JSON; only without a part
};

struct Turn {
    domain::Role role = domain::Role::user;
    std::vector<Item> items;
    bool has_tool_result() const;
};

struct Turns {
    std::vector<const domain::Part*> system;  // leading system messages among `messages`
    std::vector<Turn> turns;
    // Thinking blocks that no Anthropic model made were left out.
    bool thinking_removed = false;
    // The tool loop in progress begins with a thinking block, or there is none in progress.
    bool loop_keeps_thinking = true;
};

// `mid_system`: the model takes system messages inside the conversation. Items borrow `request`.
Turns make_turns(const domain::Request& request, bool mid_system);

// True for text that holds nothing but white space: Anthropic refuses such blocks.
bool is_blank(json::Escaped text);
// Without the white space at its end, escaped or not, which is refused at the end of the last
// assistant turn.
json::Escaped without_trailing_space(json::Escaped text);
// A thinking block that an Anthropic model signed.
bool is_genuine_thinking(const domain::Part& part);

}  // namespace tollgate::dialect::anthropic
