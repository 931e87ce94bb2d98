#include "gateway/reach.hpp"

#include <algorithm>

#include "policy/residency.hpp"

namespace tollgate::gateway {
namespace {

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

// "the providers anthropic and the regions eu, local".
std::string reach_of(const KeyPolicy& policy) {
    std::string text;
    if (!policy.allowed_providers.empty()) {
        text = "the providers " + joined(policy.allowed_providers);
    }
    if (policy.allowed_regions.empty()) return text;
    return text + (text.empty() ? "" : " and ") + "the regions " + joined(policy.allowed_regions);
}

// "openai/gpt-5 (provider openai, region anywhere)".
std::string place_of(const KeyPolicy& policy, const domain::Deployment& target) {
    std::string text = domain::target_name(target) + " (provider " + target.provider.type;
    if (!policy.allowed_regions.empty()) text += ", region " + policy::region_of(target);
    return text + ")";
}

bool bounded(const KeyPolicy& policy) {
    return !policy.allowed_providers.empty() || !policy.allowed_regions.empty();
}

// A tenant's own provider is there for that tenant alone.
bool is_others(const KeyPolicy& policy, const domain::Deployment& target) {
    return !target.tenant.empty() && target.tenant != policy.tenant;
}

}  // namespace

bool reaches(const KeyPolicy& policy, const domain::Deployment& target) {
    if (is_others(policy, target)) return false;
    const auto& providers = policy.allowed_providers;
    if (!providers.empty() && std::ranges::find(providers, target.provider.type) ==
                                  providers.end()) {
        return false;
    }
    return policy.allowed_regions.empty() ||
           policy::in_regions(policy.allowed_regions, policy::region_of(target));
}

bool reaches_name(const Snapshot& snapshot, const KeyPolicy& policy, std::string_view name) {
    if (!bounded(policy)) return true;
    const auto reached = [&policy](const EndpointPointer& endpoint) {
        return reaches(policy, endpoint->deployment);
    };
    const routing::Resolution found = snapshot.names.resolve(name);
    if (!found.found()) return true;
    for (const routing::Candidate& candidate : found.candidates) {
        if (!candidate.is_direct() && candidate.captured.empty()) {
            const auto& endpoints = snapshot.groups[candidate.group]->endpoints;
            if (std::any_of(endpoints.begin(), endpoints.end(), reached)) return true;
            continue;
        }
        const auto made = snapshot.make_endpoints(candidate);
        if (made.ok() && std::any_of(made->begin(), made->end(), reached)) return true;
    }
    return false;
}

base::Error out_of_reach(const KeyPolicy& policy, const domain::Deployment& target) {
    return {base::ErrorCode::permission,
            "this key may use only " + reach_of(policy) + ", not " + place_of(policy, target),
            "model"};
}

base::Result<void> keep_reached(const KeyPolicy& policy, std::string_view model, Plan& plan) {
    const auto others = [&policy](const EndpointPointer& endpoint) {
        return is_others(policy, endpoint->deployment);
    };
    for (auto* chain : {&plan.candidates, &plan.context_window, &plan.content_policy}) {
        std::erase_if(*chain, others);
    }
    if (plan.candidates.empty()) {
        return base::Error{base::ErrorCode::not_found,
                           "the model '" + std::string(model) + "' does not exist", "model"};
    }
    if (!bounded(policy)) return {};
    const auto beyond = [&policy](const EndpointPointer& endpoint) {
        return !reaches(policy, endpoint->deployment);
    };
    std::vector<std::string> places;
    for (const EndpointPointer& endpoint : plan.candidates) {
        if (beyond(endpoint)) places.push_back(place_of(policy, endpoint->deployment));
    }
    for (auto* chain : {&plan.candidates, &plan.context_window, &plan.content_policy}) {
        std::erase_if(*chain, beyond);
    }
    if (!plan.candidates.empty()) return {};
    return base::Error{base::ErrorCode::permission,
                       "this key may use only " + reach_of(policy) + ", and '" +
                           std::string(model) + "' is served by " + joined(places) +
                           ": ask your administrator for a key that may, or name another model",
                       "model"};
}

}  // namespace tollgate::gateway
