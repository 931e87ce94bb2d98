#include "dialect/gemini_model.hpp"

#include <algorithm>

#include "dialect/reasoning.hpp"
#include "dialect/signatures.hpp"
#include "dialect/tool_names.hpp"

namespace tollgate::dialect::gemini {
namespace {

constexpr std::string_view signer = "google";

// "models/gemini-2.5-pro" -> "gemini-2.5-pro"
std::string_view bare_name(const domain::Deployment& target) {
    std::string_view name = target.model_name;
    const std::size_t slash = name.rfind('/');
    return slash == name.npos ? name : name.substr(slash + 1);
}

bool names(std::string_view name, std::string_view word) {
    return name.find(word) != std::string_view::npos;
}

struct BudgetRange {
    std::int64_t least, most;
    bool can_be_off;
};

BudgetRange budget_range(std::string_view name) {
    if (names(name, "flash-lite")) return {512, 24'576, true};
    if (names(name, "flash")) return {1, 24'576, true};
    return {128, 32'768, false};  // pro
}

const std::vector<std::string>& levels_of(const domain::Deployment& target) {
    static const std::vector<std::string> first_pro = {"low", "high"};
    static const std::vector<std::string> pro = {"low", "medium", "high"};
    static const std::vector<std::string> flash = {"minimal", "low", "medium", "high"};
    if (!target.model.efforts.empty()) return target.model.efforts;
    const std::string_view name = bare_name(target);
    if (name.starts_with("gemini-3-pro")) return first_pro;
    return names(name, "pro") ? pro : flash;
}

std::string_view level_word(std::string_view effort) {
    if (effort == "minimal" || effort == "none") return "MINIMAL";
    if (effort == "low") return "LOW";
    return effort == "medium" ? "MEDIUM" : "HIGH";
}

}  // namespace

bool is_third_generation(const domain::Deployment& target) {
    const std::string_view name = bare_name(target);
    constexpr std::string_view prefix = "gemini-";
    if (!name.starts_with(prefix) || name.size() == prefix.size()) return false;
    const std::string_view rest = name.substr(prefix.size());
    // "gemini-flash-latest" and its kin follow the newest generation.
    if (rest.ends_with("-latest") && (rest.front() < '0' || rest.front() > '9')) return true;
    return rest.front() >= '3' && rest.front() <= '9';
}

ThinkingKnob thinking_knob(const domain::Deployment& target) {
    if (is_third_generation(target)) {
        return names(bare_name(target), "image") ? ThinkingKnob::none : ThinkingKnob::level;
    }
    const std::string_view name = bare_name(target);
    const bool speaks = names(name, "image") || names(name, "tts");
    if (name.starts_with("gemini-2.5") && !speaks) return ThinkingKnob::budget;
    // A tuned model's name is a number; the operator's catalog row knows what it can do.
    const bool described = target.model.thinking != domain::ThinkingSupport::none;
    if (name.starts_with("gemini-") || !described) return ThinkingKnob::none;
    return target.model.efforts.empty() ? ThinkingKnob::budget : ThinkingKnob::level;
}

bool takes_system_instruction(const domain::Deployment& target) {
    return !bare_name(target).starts_with("gemma");
}

ThinkingConfig plan_thinking(const domain::Thinking& thinking, const domain::Deployment& target) {
    using domain::ThinkingMode;
    ThinkingConfig config;
    const ThinkingKnob knob = thinking_knob(target);
    if (knob == ThinkingKnob::none) return config;
    const bool off = thinking.mode == ThinkingMode::off || thinking.effort == "none";
    const bool silent = thinking.mode == ThinkingMode::unset && thinking.effort.empty();
    if (silent) return config;
    config.include_thoughts = !off && thinking.display != "omitted";
    const bool budgeted = thinking.mode == ThinkingMode::budget && thinking.budget_tokens > 0;
    if (knob == ThinkingKnob::level) {
        std::string_view effort = off ? "minimal" : thinking.effort;
        if (effort.empty() && budgeted) effort = effort_of_budget(thinking.budget_tokens);
        if (!effort.empty()) config.level = level_word(clamp_effort(effort, levels_of(target)));
        return config;
    }
    const BudgetRange range = budget_range(bare_name(target));
    if (off) {
        config.budget = range.can_be_off ? 0 : range.least;
    } else if (budgeted || !thinking.effort.empty()) {
        const std::int64_t wanted =
            budgeted ? thinking.budget_tokens : budget_of_effort(thinking.effort);
        config.budget = std::clamp(wanted, range.least, range.most);
    } else {
        config.budget = -1;  // as much as the model finds right
    }
    return config;
}

std::string pack_thought(SignedPart part, std::string_view origin, std::string_view signature) {
    std::string payload(part == SignedPart::call ? "call\n" : "text\n");
    payload += origin;
    payload += '\n';
    payload += signature;
    return pack_signature(signer, payload);
}

bool Thought::usable_at(const domain::Deployment& target) const {
    return origin.empty() || origin == domain::target_name(target);
}

std::optional<Thought> unpack_thought(std::string_view packed) {
    const auto signature = unpack_signature(packed);
    if (!signature || signature->provider != signer) return std::nullopt;
    const std::string& payload = signature->payload;
    const std::size_t first = payload.find('\n');
    const std::size_t second = first == payload.npos ? first : payload.find('\n', first + 1);
    if (second == payload.npos) return std::nullopt;
    Thought thought;
    thought.part = payload.compare(0, first, "text") == 0 ? SignedPart::text : SignedPart::call;
    thought.origin = payload.substr(first + 1, second - first - 1);
    thought.signature = payload.substr(second + 1);
    // Base64 of either alphabet; anything else was damaged on the way.
    const bool sound = std::all_of(thought.signature.begin(), thought.signature.end(),
                                   [](char c) { return in_charset(c, "A-Za-z0-9+/=_-"); });
    if (thought.signature.empty() || !sound) return std::nullopt;
    return thought;
}

}  // namespace tollgate::dialect::gemini
