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

// Most texts differ in length or in the first letter: no call for those. REQUIRES: `word` has one.
bool same(std::string_view word, std::string_view text) {
    return word.size() == text.size() && word.front() == text.front() && word == text;
}

constexpr std::uint8_t local_flag = 1, free_flag = 2, premium_flag = 4;

std::uint8_t flags_of(std::string_view word) {
    if (word == "local") return local_flag;
    if (word == "free") return free_flag;
    if (word == "premium") return premium_flag;
    return 0;
}
std::uint8_t flags_of(const CandidateFacts& candidate) {
    return static_cast<std::uint8_t>((candidate.local ? local_flag : 0) |
                                     (candidate.free ? free_flag : 0) |
                                     (candidate.premium ? premium_flag : 0));
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

Selectors::Selectors(std::span<const std::string> texts) {
    for (const std::string_view text : texts) {
        for (std::size_t at = 0; at <= text.size();) {
            const auto end = std::min(text.find(':', at), text.size());
            const auto word = text.substr(at, end - at);
            list_.push_back({word, flags_of(word), end < text.size()});
            at = end + 1;
        }
    }
}

bool Selectors::select(const CandidateFacts& candidate) const {
    const auto flags = flags_of(candidate);
    bool holds = true;
    for (const auto& word : list_) {
        holds = holds && !word.text.empty() &&
                ((word.flags & flags) != 0 || same(word.text, candidate.provider_type) ||
                 same(word.text, candidate.account));
        if (word.joined) continue;
        if (holds) return true;
        holds = true;
    }
    return false;
}

}  // namespace tollgate::routing
