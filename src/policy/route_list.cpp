#include "policy/route_list.hpp"

#include <algorithm>
#include <array>

namespace tollgate::policy {
namespace {

struct Group {
    std::string_view name;
    std::vector<std::string_view> patterns;  // a name without '/' is another group
};

const std::vector<Group>& groups() {
    static const std::vector<Group> all = {
        {"anthropic_routes",
         {"/v1/messages", "/v1/messages/count_tokens", "/api/event_logging/batch"}},
        {"openai_routes",
         {"/v1/chat/completions", "/chat/completions", "/api/v1/llm/chat/completions",
          "/openai/v1/*", "/v1/responses", "/responses", "/v1/responses/*", "/openai/responses",
          "/v1/completions", "/completions", "/v1/embeddings", "/embeddings", "/v1/models",
          "/models", "/v1/models/*", "/models/*", "/api/v1/llm/models"}},
        {"google_routes", {"/v1beta/models", "/v1beta/models/*"}},
        {"bedrock_routes",
         {"/model/{id}/invoke", "/model/{id}/invoke-with-response-stream", "/model/{id}/converse",
          "/model/{id}/converse-stream", "/model/{id}/count-tokens", "/inference-profiles"}},
        {"vertex_routes", {"/projects/*", "/v1/projects/*", "/v1beta1/projects/*"}},
        {"azure_routes", {"/openai/deployments/*"}},
        {"llm_api_routes",
         {"anthropic_routes", "openai_routes", "google_routes", "bedrock_routes", "vertex_routes",
          "azure_routes"}},
        // LiteLLM's own names of what is model traffic here.
        {"passthrough_routes",
         {"google_routes", "bedrock_routes", "vertex_routes", "azure_routes"}},
        {"mapped_pass_through_routes", {"passthrough_routes"}},
        {"litellm_native_routes", {"/v1/models", "/models"}},
        {"key_management_routes",
         {"/key/*", "/api/v1/keys", "/api/v1/keys/*", "/api/v1/tenants/{id}/keys"}},
        {"info_routes",
         {"/key/info", "/key/list", "/team/info", "/team/list", "/user/info", "/user/list",
          "/budget/info", "/model/info", "/v1/model/info", "/model_group/info", "/v1/models",
          "/models", "/v1/models/*", "/health", "/api/v1/llm/usage", "/api/v1/llm/credits"}},
        {"spend_tracking_routes",
         {"/spend/*", "/global/*", "/api/v1/llm/usage", "/api/v1/llm/usage/export",
          "/api/v1/reports/*"}},
        {"global_spend_tracking_routes", {"/global/*"}},
        {"management_routes",
         {"key_management_routes",
          "info_routes",
          "/team/*",
          "/user/*",
          "/budget/*",
          "/model/new",
          "/model/update",
          "/model/delete",
          "/api/v1/tenants*",
          "/api/v1/teams*",
          "/api/v1/users*",
          "/api/v1/budgets*",
          "/api/v1/limits*",
          "/api/v1/tiers*",
          "/api/v1/requests*",
          "/api/v1/experiments*",
          "/api/v1/alerts*",
          "/api/v1/audit*",
          "/api/v1/config*",
          "/api/v1/reports*",
          "/api/v1/events",
          "/api/v1/llm/providers*",
          "/api/v1/llm/models*",
          "/api/v1/llm/routing/*",
          "/api/v1/llm/users/*",
          "/api/v1/llm/credits*",
          "/api/v1/llm/usage*",
          "/api/v1/llm/test",
          "/api/v1/llm/feedback",
          "/api/v1/feedback",
          "/api/v1/secrets*"}},
        {"admin_only_routes", {"management_routes", "spend_tracking_routes"}},
        {"public_routes", {"/", "/livez", "/readyz", "/health/*"}},
    };
    return all;
}

// Groups name only groups that stand before them, so this ends.
bool add_group(std::string_view name, std::vector<std::string>& patterns) {
    for (const Group& group : groups()) {
        if (group.name != name) continue;
        for (const std::string_view pattern : group.patterns) {
            if (pattern.starts_with('/')) {
                patterns.emplace_back(pattern);
            } else {
                add_group(pattern, patterns);
            }
        }
        return true;
    }
    return false;
}

// What stands for every route in LiteLLM's lists.
bool is_everything(std::string_view route) { return route == "*" || route == "/*"; }

}  // namespace

bool path_matches(std::string_view pattern, std::string_view path) {
    while (!pattern.empty()) {
        if (pattern.front() == '*') {
            pattern.remove_prefix(1);
            if (pattern.empty()) return true;
            for (std::size_t skipped = 0; skipped <= path.size(); ++skipped) {
                if (path_matches(pattern, path.substr(skipped))) return true;
            }
            return false;
        }
        if (pattern.front() == '{') {
            const std::size_t close = pattern.find('}');
            const std::size_t end = std::min(path.find('/'), path.size());
            if (close == std::string_view::npos || end == 0) return false;
            pattern.remove_prefix(close + 1);
            path.remove_prefix(end);
            continue;
        }
        if (path.empty() || path.front() != pattern.front()) return false;
        pattern.remove_prefix(1);
        path.remove_prefix(1);
    }
    return path.empty();
}

std::vector<std::string> route_groups() {
    std::vector<std::string> names;
    for (const Group& group : groups()) names.emplace_back(group.name);
    return names;
}

base::Result<RouteList> RouteList::of(const std::vector<std::string>& routes) {
    constexpr std::size_t pattern_bytes_max = 256, stars_max = 4;
    RouteList list;
    if (std::any_of(routes.begin(), routes.end(), is_everything)) return list;
    for (const std::string& route : routes) {
        const auto stars = static_cast<std::size_t>(std::count(route.begin(), route.end(), '*'));
        if (route.starts_with('/')) {
            if (route.size() > pattern_bytes_max || stars > stars_max) {
                return base::invalid("allowed_routes: '" + route.substr(0, pattern_bytes_max) +
                                         "' is longer than 256 characters or has more than 4 "
                                         "stars",
                                     "allowed_routes");
            }
            list.patterns_.push_back(route);
        } else if (!add_group(route, list.patterns_)) {
            std::string known;
            for (const std::string& name : route_groups()) known += " " + name;
            return base::invalid("allowed_routes: '" + route +
                                     "' is neither a path that begins with / nor one of the "
                                     "groups:" +
                                     known,
                                 "allowed_routes");
        }
    }
    return list;
}

bool RouteList::allows(std::string_view path) const {
    return patterns_.empty() ||
           std::any_of(patterns_.begin(), patterns_.end(),
                       [path](const std::string& pattern) { return path_matches(pattern, path); });
}

}  // namespace tollgate::policy
