// Which models a key may use: names and globs (`claude-*`, `openrouter/*`). Pure, const,
// thread-safe once built.
#pragma once
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/glob.hpp"

namespace tollgate::routing {

using base::glob_match;

class AllowedModels {
public:
    AllowedModels() = default;  // allows everything
    // An empty list, or one with "*" or "all-models", allows everything.
    explicit AllowedModels(const std::vector<std::string>& patterns);

    bool everything() const { return everything_; }
    // True when the name the client asked for, its form without date, or the group it resolved to
    // is in the list.
    bool allows(std::string_view requested, std::string_view group) const;

private:
    bool matches(std::string_view name) const;
    bool everything_ = true;
    std::unordered_set<std::string> names_;
    std::vector<std::string> globs_;
};

}  // namespace tollgate::routing
