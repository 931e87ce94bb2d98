#include "assembly/own_keys.hpp"

#include <set>

#include "base/json.hpp"

namespace tollgate::assembly {
namespace {

// Ids hold no NUL.
std::string place(const std::string& tenant, const std::string& user) {
    return tenant + '\0' + user;
}

policy::OwnKey own_key(const domain::UserProviderKey& row) {
    policy::OwnKey key;
    key.id = row.id;
    key.token = row.api_key_token;
    key.owner = owner_of(row);
    key.masked = row.masked;
    json::Document document;
    const auto root = document.parse(row.metadata);
    if (!root.ok()) return key;
    for (const json::Value model : (*root)["preferred_models"].elements()) {
        key.preferred_models.push_back(model.text());
    }
    key.max_cost_per_request = (*root)["max_cost_per_request_nano"].integer();
    return key;
}

}  // namespace

policy::CredentialOwner owner_of(const domain::UserProviderKey& key) {
    return {key.tenant, key.user, key.provider};
}

OwnKeysByUser::OwnKeysByUser(const DirectoryRows& rows,
                             const std::shared_ptr<const policy::KeyVault>& vault) {
    if (vault == nullptr) return;
    std::set<std::string> unwanted;
    for (const domain::UserSettings& settings : rows.settings) {
        if (!settings.use_byok) unwanted.insert(place(settings.tenant, settings.user));
    }
    std::unordered_map<std::string, std::vector<policy::OwnKey>> gathered;
    for (const domain::UserProviderKey& row : rows.own_keys) {
        const std::string user = place(row.tenant, row.user);
        if (row.enabled && !unwanted.contains(user)) gathered[user].push_back(own_key(row));
    }
    for (auto& [user, keys] : gathered) {
        by_user_.emplace(user, std::make_shared<const policy::OwnKeys>(vault, std::move(keys)));
    }
}

std::shared_ptr<const policy::OwnKeys> OwnKeysByUser::of(const std::string& tenant,
                                                         const std::string& user) const {
    if (user.empty()) return nullptr;
    const auto found = by_user_.find(place(tenant, user));
    return found == by_user_.end() ? nullptr : found->second;
}

}  // namespace tollgate::assembly
