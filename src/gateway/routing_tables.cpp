#include "gateway/routing_tables.hpp"

#include <unordered_set>

#include "gateway/snapshot.hpp"
#include "routing/aliases.hpp"

namespace tollgate::gateway {
namespace {

// Two groups may name the same deployment: it competes once.
std::string identity(const Endpoint& endpoint) {
    const domain::Deployment& target = endpoint.deployment;
    return target.provider.type + '\n' + target.model_name + '\n' + target.base_url + '\n' +
           target.api_key + '\n' + target.place.region;
}

// Without the version that clouds put behind a name: `...-v1:0`, `...-v2`.
std::string_view without_version(std::string_view name) {
    const std::size_t colon = name.rfind(':');
    if (colon != std::string_view::npos && colon + 1 < name.size() && name[colon + 1] >= '0' &&
        name[colon + 1] <= '9') {
        name = name.substr(0, colon);
        const std::size_t version = name.rfind("-v");
        if (version != std::string_view::npos) name = name.substr(0, version);
    }
    return name;
}

}  // namespace

std::string base_model_key(const Endpoint& endpoint) {
    const domain::Deployment& target = endpoint.deployment;
    std::string_view name = target.model.in_catalog && !target.model.id.empty()
                                ? std::string_view(target.model.id)
                                : std::string_view(target.model_name);
    if (const std::size_t slash = name.rfind('/'); slash != std::string_view::npos) {
        name.remove_prefix(slash + 1);
    }
    // Bedrock writes the maker, and before it a region, in front: us.anthropic.claude-...
    if (target.provider.type == "bedrock") {
        const std::size_t dot = name.find(".claude");
        if (dot != std::string_view::npos) name.remove_prefix(dot + 1);
    }
    if (const std::size_t free = name.find(":free"); free != std::string_view::npos) {
        name = name.substr(0, free);
    }
    return routing::spelling_key(routing::without_date(without_version(name)));
}

void index_endpoints(const std::vector<std::shared_ptr<const Endpoint>>& endpoints,
                     RoutingTables& tables) {
    std::unordered_set<std::string> seen;
    for (const auto& endpoint : endpoints) {
        if (!seen.insert(identity(*endpoint)).second) continue;
        if (endpoint->deployment.model.mode == domain::ModelMode::chat) {
            tables.chat.push_back(endpoint);
        }
        tables.by_model[base_model_key(*endpoint)].push_back(endpoint);
    }
}

}  // namespace tollgate::gateway
