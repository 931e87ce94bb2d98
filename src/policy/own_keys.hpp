// The provider keys that a user brought, as the gateway has them at hand: still encrypted, opened
// for one request at a time. Immutable, shared between threads as const.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/money.hpp"
#include "policy/key_vault.hpp"

namespace tollgate::policy {

struct OwnKey {
    std::string id;     // of the row, for logs and the audit
    std::string token;  // encrypted
    CredentialOwner owner;  // owner.provider is the provider's type
    std::string masked;
    std::vector<std::string> preferred_models;             // globs; empty: none is preferred
    std::optional<domain::NanoUsd> max_cost_per_request;   // of a request with this key
};

// Those of one user that are enabled; at most one for each type of provider.
class OwnKeys {
public:
    OwnKeys(std::shared_ptr<const KeyVault> vault, std::vector<OwnKey> keys)
        : vault_(std::move(vault)), keys_(std::move(keys)) {}

    // Null: the user has none there. `provider_type` as in domain::ProviderTraits::type.
    const OwnKey* find(std::string_view provider_type) const {
        for (const OwnKey& key : keys_) {
            if (key.owner.provider == provider_type) return &key;
        }
        return nullptr;
    }
    // The credential itself: for Deployment::api_key of this one request. Some microseconds.
    // Fails: invalid_request (no encryption key opens it), permission (the row was copied).
    base::Result<std::string> open(const OwnKey& key) const {
        return vault_->open(key.owner, key.token);
    }
    const std::vector<OwnKey>& all() const { return keys_; }

private:
    std::shared_ptr<const KeyVault> vault_;
    std::vector<OwnKey> keys_;
};

}  // namespace tollgate::policy
