// Looking up and cutting parts of a body that is passed on. Internal to dialect/relay_*.cpp.
// Pure functions.
#pragma once
#include <array>
#include <string_view>
#include <vector>

#include "dialect/dialect.hpp"

namespace tollgate::dialect {

inline const json::TopField* find_field(const std::vector<json::TopField>& fields,
                                        std::string_view name) {
    for (const json::TopField& field : fields) {
        if (json::key_equals(field.key, name)) return &field;
    }
    return nullptr;
}
// The fields that bound the answer, as far as they are there and not null; the others are nullptr.
// OpenAI's has two names, and servers that speak it know one or the other.
using MaxTokensFields = std::array<const json::TopField*, 2>;
MaxTokensFields max_tokens_fields(domain::Protocol protocol,
                                  const std::vector<json::TopField>& fields);

// One element of an array or member of an object: [begin, end) in the body, without commas.
struct Element {
    std::size_t begin = 0, end = 0;
    bool cut = false;
};
// Cuts the marked elements together with the commas that they leave behind. REQUIRES: the elements
// are in order, and one is kept.
void cut_elements(const std::vector<Element>& elements, std::vector<Splice>& splices);

// The JSON value of anthropic_version in a body that a cloud wraps. REQUIRES: not none.
std::string_view envelope_version(domain::Envelope envelope);

// Thinking blocks that no Anthropic model made, in a body's messages.
struct ThinkingCuts {
    std::vector<Splice> splices;  // in the body
    bool any = false;
    bool loop_lost_its_start = false;  // the tool loop in progress now begins without thinking
};
// Fails: invalid_request when there is something to cut and the messages are malformed.
base::Result<ThinkingCuts> cut_foreign_thinking(const json::TopField& messages);
// False when no message has a block that is cut here or told by tell_own_hosted(); true when one
// may have. For long conversations with rare hits.
bool may_hold_own_blocks(json::Value messages);
// The same where the messages were parsed already; `base` is where their text begins in the body.
ThinkingCuts cut_foreign_thinking(json::Value messages, std::size_t base);
// The same of the reasoning items in a Responses body's input.
base::Result<std::vector<Splice>> cut_foreign_reasoning(const json::TopField& input);
std::vector<Splice> cut_foreign_reasoning(json::Value input, std::size_t base);

}  // namespace tollgate::dialect
