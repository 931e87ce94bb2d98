// Users' own provider keys, as encrypted tokens. A user reaches the own ones alone; an Access with
// `users_keys` (the tenant's admins) sees those of the tenant, the platform all. Blocking; see
// page.hpp for errors.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/providers.hpp"
#include "store/db.hpp"
#include "store/page.hpp"

namespace tollgate::store {

// Of one user, by provider.
base::Result<std::vector<domain::UserProviderKey>> user_keys_of(Session& session,
                                                                const Access& access,
                                                                std::string_view tenant,
                                                                std::string_view user);
base::Result<domain::UserProviderKey> user_key(Session& session, const Access& access,
                                               std::string_view tenant, std::string_view user,
                                               std::string_view provider);
// Fails: permission; is_conflict() ("provider_type": the user has one there).
base::Result<domain::UserProviderKey> insert_user_key(Session& session, const Access& access,
                                                      domain::UserProviderKey key);
// Writes token, masked, key_id, metadata and enabled. Fails: not_found, is_lost_update().
base::Result<domain::UserProviderKey> update_user_key(Session& session, const Access& access,
                                                      domain::UserProviderKey key);
base::Result<void> remove_user_key(Session& session, const Access& access,
                                   const domain::UserProviderKey& key);
// What the requests paid for by keys of the user came to since `from`, by provider type.
struct OwnKeyUse {
    std::string provider;
    std::int64_t requests = 0;
    domain::NanoUsd cost = 0;         // the platform's fee
    domain::NanoUsd list_cost = 0;    // what the provider charges the user, by list prices
    domain::UnixMicros last_used = 0;
};
base::Result<std::vector<OwnKeyUse>> own_key_use(Session& session, const Access& access,
                                                 std::string_view tenant, std::string_view user,
                                                 domain::UnixMicros from);
// When it was last used, if that is later than what stands there. Platform access. No change of the
// object: its etag stays.
base::Result<void> touch_user_key(Session& session, std::string_view id, domain::UnixMicros at);
// Another token for the same secret, if it still has `old_token`. Platform access. False: it has
// not.
base::Result<bool> rewrap_user_key(Session& session, std::string_view id,
                                   std::string_view old_token, std::string_view token,
                                   std::string_view key_id);
// Those that are enabled. Platform access.
base::Result<std::vector<domain::UserProviderKey>> load_user_keys(Session& session);
// All, by id and in pages: what a rotation walks. Platform access.
base::Result<Page<domain::UserProviderKey>> list_user_keys(Session& session, const Access& access,
                                                           const PageRequest& page);

}  // namespace tollgate::store
