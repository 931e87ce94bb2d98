// Power levels: which one holds for a request, and the words with which their settings name
// providers. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

// Selectors: each a provider type, an account, `local`, `free`, `premium`, or several of them that
// must hold together: `openrouter:free`. Borrows the texts.
class Selectors {
public:
    Selectors() = default;
    explicit Selectors(std::span<const std::string> texts);
    bool empty() const { return list_.empty(); }
    // True when one of them fits.
    bool select(const CandidateFacts& candidate) const;

private:
    struct Word {
        std::string_view text;
        std::uint8_t flags = 0;  // what else than a type or an account it may mean
        bool joined = false;     // the next word must hold too
    };
    std::vector<Word> list_;
};

}  // namespace tollgate::routing
