#include "routing/allowed.hpp"

#include "routing/aliases.hpp"

namespace tollgate::routing {

AllowedModels::AllowedModels(const std::vector<std::string>& patterns)
    : everything_(patterns.empty()) {
    for (const std::string& pattern : patterns) {
        if (pattern == "*" || pattern == "all-models" || pattern == "all-proxy-models") {
            everything_ = true;
        } else if (pattern.find('*') != std::string::npos) {
            globs_.push_back(pattern);
        } else {
            names_.insert(pattern);
        }
    }
}

bool AllowedModels::allows(std::string_view requested, std::string_view group) const {
    if (everything_) return true;
    const std::string_view plain = without_date(requested);
    return matches(requested) || (plain != requested && matches(plain)) ||
           (!group.empty() && group != requested && matches(group));
}

bool AllowedModels::matches(std::string_view name) const {
    if (names_.contains(std::string(name))) return true;
    for (const std::string& glob : globs_) {
        if (glob_match(glob, name)) return true;
    }
    return false;
}

}  // namespace tollgate::routing
