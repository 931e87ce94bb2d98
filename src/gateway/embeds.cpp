#include "gateway/embeds.hpp"

#include <algorithm>

#include "providers/embeddings.hpp"

namespace tollgate::gateway {
namespace {

bool is_known_to(const EndpointPointer& endpoint) {
    const domain::Deployment& target = endpoint->deployment;
    return target.model.mode == domain::ModelMode::embedding && cannot_embed(target).empty();
}

}  // namespace

std::string cannot_embed(const domain::Deployment& target) {
    if (target.model.in_catalog && target.model.mode == domain::ModelMode::chat) {
        return "it answers conversations and makes no embeddings: POST /v1/chat/completions, or "
               "name an embedding model";
    }
    const auto how = providers::embeddings_target(target);
    return how.ok() ? std::string() : how.error().message;
}

bool any_embeds(const Snapshot& snapshot, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        for (const routing::Candidate& candidate : snapshot.names.resolve(name).candidates) {
            if (!candidate.is_direct() && candidate.captured.empty()) {
                const auto& endpoints = snapshot.groups[candidate.group]->endpoints;
                if (std::any_of(endpoints.begin(), endpoints.end(), is_known_to)) return true;
                continue;
            }
            const auto made = snapshot.make_endpoints(candidate);
            if (made.ok() && std::any_of(made->begin(), made->end(), is_known_to)) return true;
        }
    }
    return false;
}

}  // namespace tollgate::gateway
