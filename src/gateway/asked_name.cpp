#include "gateway/asked_name.hpp"

namespace tollgate::gateway {
namespace {

// The aliases that the tenant keeps in the interface come behind all others. One that leads to what
// the platform has not allowed the tenant is as good as none.
std::string_view tenants_name_of(const Snapshot& snapshot, const KeyPolicy& policy,
                                 std::string_view name) {
    const auto own = snapshot.routing.tenants.find(policy.tenant);
    if (own == snapshot.routing.tenants.end()) return name;
    for (const auto& [alias, target] : own->second.aliases) {
        if (alias != name) continue;
        const bool granted = policy.platform_allows(target, snapshot.names.resolve(target).name);
        return granted ? std::string_view(target) : name;
    }
    return name;
}

}  // namespace

bool is_configured(const routing::Names& names, std::string_view name) {
    const routing::Resolution found = names.resolve(name);
    return found.found() && found.candidates.front().reason != routing::Reason::tier_guess &&
           found.candidates.front().reason != routing::Reason::first_chat &&
           found.candidates.front().reason != routing::Reason::tier;
}

AskedName asked_name(const Snapshot& snapshot, const KeyPolicy& policy, std::string_view model) {
    AskedName asked{model, model};
    const auto rename = [&](std::string_view target, bool covering_counts) {
        if (target == asked.wanted) return;
        if (covering_counts && is_configured(snapshot.names, asked.wanted)) asked.held = target;
        asked.wanted = target;
    };
    for (std::size_t i = 0; i < policy.aliases.size(); ++i) {
        const auto& [alias, target] = policy.aliases[i];
        if (alias != model) continue;
        rename(target, i < policy.own_aliases);
        break;
    }
    rename(tenants_name_of(snapshot, policy, asked.wanted), true);
    return asked;
}

}  // namespace tollgate::gateway
