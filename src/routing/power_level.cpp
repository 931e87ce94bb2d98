#include "routing/power_level.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tollgate::routing {
namespace {

using domain::PowerLevel;

bool same_word(std::string_view text, std::string_view lower) {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
}

bool selects_one(std::string_view word, const CandidateFacts& candidate) {
    if (word == candidate.provider_type) return true;
    if (!candidate.account.empty() && word == candidate.account) return true;
    if (candidate.local && word == "local") return true;
    if (candidate.free && word == "free") return true;
    return candidate.premium && word == "premium";
}

}  // namespace

ChosenLevel choose_level(const LevelSources& sources, PowerLevel otherwise) {
    const std::array<std::pair<const std::optional<PowerLevel>*, std::string_view>, 6> in_order{{
        {&sources.header, "header"},
        {&sources.body, "body"},
        {&sources.model_name, "model_name"},
        {&sources.key, "key"},
        {&sources.user, "user"},
        {&sources.tenant, "tenant"},
    }};
    for (const auto& [level, source] : in_order) {
        if (level->has_value()) return {**level, source};
    }
    return {otherwise, "default"};
}

std::optional<PowerLevel> level_of_model_name(std::string_view name) {
    if (same_word(name, "claude-eco")) return PowerLevel::eco;
    if (same_word(name, "claude-balanced")) return PowerLevel::balanced;
    if (same_word(name, "claude-precision")) return PowerLevel::precision;
    return std::nullopt;
}

bool asks_for_any_model(std::string_view name) {
    return same_word(name, "auto") || level_of_model_name(name).has_value();
}

bool selects(std::string_view selector, const CandidateFacts& candidate) {
    while (true) {
        const auto colon = selector.find(':');
        if (!selects_one(selector.substr(0, colon), candidate)) return false;
        if (colon == std::string_view::npos) return true;
        selector.remove_prefix(colon + 1);
    }
}

bool any_selects(std::span<const std::string> selectors, const CandidateFacts& candidate) {
    for (const auto& selector : selectors) {
        if (selects(selector, candidate)) return true;
    }
    return false;
}

}  // namespace tollgate::routing
