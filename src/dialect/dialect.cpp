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

int status_of(domain::ErrorClass error_class) {
    switch (error_class) {
        case domain::ErrorClass::rate_limited: return 429;
        case domain::ErrorClass::overloaded: return 503;
        case domain::ErrorClass::timeout: return 504;
        case domain::ErrorClass::bad_request: case domain::ErrorClass::context_overflow:
        case domain::ErrorClass::content_policy:
            return 400;
        case domain::ErrorClass::none: case domain::ErrorClass::provider_fault:
        case domain::ErrorClass::credential:
            break;
    }
    return 500;
}

}  // namespace tollgate::dialect
