#include "dialect/dialect.hpp"

#include <algorithm>

namespace tollgate::dialect {

void Translation::drop(std::string_view what) {
    if (std::find(dropped.begin(), dropped.end(), what) == dropped.end()) {
        dropped.emplace_back(what);
    }
}

std::string_view Translation::client_tool_name(std::string_view sent) const {
    for (const auto& [ours, theirs] : tool_names) {
        if (ours == sent) return theirs;
    }
    return sent;
}

}  // namespace tollgate::dialect
