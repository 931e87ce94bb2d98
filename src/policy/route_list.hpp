// Which routes a key may use: paths, patterns, and the names of groups that LiteLLM gives its keys.
// Const once built; any thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tollgate::policy {

// Groups: llm_api_routes (all model traffic), openai_routes, anthropic_routes, google_routes,
// bedrock_routes, vertex_routes, azure_routes, info_routes, management_routes,
// key_management_routes, spend_tracking_routes, and more names that mean the same as one of these.
class RouteList {
public:
    RouteList() = default;  // allows everything
    // Paths ("/v1/messages"), patterns ("/v1/*", "/v1/models/{id}") and groups. Fails:
    // invalid_request naming what is neither, with the groups there are.
    static base::Result<RouteList> of(const std::vector<std::string>& routes);
    bool everything() const { return patterns_.empty(); }
    // `path` without its query.
    bool allows(std::string_view path) const;

private:
    std::vector<std::string> patterns_;
};

// `*` stands for any text, `{name}` for a segment.
bool path_matches(std::string_view pattern, std::string_view path);
// The names of groups, for messages and the interface's description.
std::vector<std::string> route_groups();

}  // namespace tollgate::policy
