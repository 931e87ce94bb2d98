// Power levels: which one holds for a request, and the words with which their settings name
// providers. Pure.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "domain/routing.hpp"
#include "routing/facts.hpp"

namespace tollgate::routing {

// Where a level may be asked for; the first that is given wins, in this order.
struct LevelSources {
    std::optional<domain::PowerLevel> header, body, model_name, key, user, tenant;
};
struct ChosenLevel {
    domain::PowerLevel level = domain::PowerLevel::none;
    std::string_view source;  // header, body, model_name, key, user, tenant or default
};
ChosenLevel choose_level(const LevelSources& sources, domain::PowerLevel otherwise);

// The level that a model name is: claude-eco, claude-balanced, claude-precision; any case.
std::optional<domain::PowerLevel> level_of_model_name(std::string_view name);
// True for the names that ask for every enabled model: those three and `auto`.
bool asks_for_any_model(std::string_view name);

// A provider type, an account, `local`, `free`, `premium`, or two of them: `openrouter:free`.
bool selects(std::string_view selector, const CandidateFacts& candidate);
bool any_selects(std::span<const std::string> selectors, const CandidateFacts& candidate);

}  // namespace tollgate::routing
