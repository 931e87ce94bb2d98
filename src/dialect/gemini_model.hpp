// What sets Gemini's generations apart on the wire, told by the model's name and, where there is
// one, its row in the catalog; and the signatures that tie an answer's thoughts to the next turn.
// Pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "domain/target.hpp"

namespace tollgate::dialect::gemini {

// How a model is told how much to think.
enum class ThinkingKnob : std::uint8_t {
    none,    // it does not think, or nobody knows
    budget,  // 2.5: thinkingBudget in tokens
    level,   // 3 and later: thinkingLevel by name
};
ThinkingKnob thinking_knob(const domain::Deployment& target);

// Since generation 3 a tool call in the history must carry a signature, and functions go together
// with a response schema.
bool is_third_generation(const domain::Deployment& target);

// Gemma takes no system instruction.
bool takes_system_instruction(const domain::Deployment& target);

// The target is Google's cloud, not its developer API: some fields exist at one of them only.
inline bool on_vertex(const domain::Deployment& target) {
    return target.provider.envelope == domain::Envelope::vertex;
}

// What generationConfig.thinkingConfig shall say.
struct ThinkingConfig {
    std::optional<std::int64_t> budget;
    std::string_view level;  // LOW, ... ; "" : not said
    bool include_thoughts = false;
    bool any() const { return budget.has_value() || !level.empty() || include_thoughts; }
};
ThinkingConfig plan_thinking(const domain::Thinking& thinking, const domain::Deployment& target);

// A part's `thoughtSignature`, as it travels through a client inside a signature of our own.
enum class SignedPart : std::uint8_t { call, text };  // the one that follows
// `origin` is target_name() of the model that signed, "" when that is not known.
std::string pack_thought(SignedPart part, std::string_view origin, std::string_view signature);
struct Thought {
    SignedPart part = SignedPart::call;
    std::string origin, signature;
    // Signatures are refused by models other than the one that made them.
    bool usable_at(const domain::Deployment& target) const;
};
// Nothing for signatures of other making.
std::optional<Thought> unpack_thought(std::string_view packed);

// Google's documented stand-in for a signature that nobody has: the call was another model's.
constexpr std::string_view missing_signature = "skip_thought_signature_validator";

}  // namespace tollgate::dialect::gemini
