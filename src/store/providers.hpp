// Providers that administration made. A tenant reads its own and the platform's, and writes its
// own. Secrets are here as encrypted tokens; who opens them is not the store. Blocking; see
// page.hpp for errors and paging.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/providers.hpp"
#include "store/db.hpp"
#include "store/page.hpp"

namespace tollgate::store {

// The id that PostgreSQL's column and the users' reports have for a slug: a UUID made of it.
std::string provider_uuid(std::string_view slug);
// Lower case letters, digits and dashes of `name`; of a tenant's, with a mark of the tenant behind
// it, so that no tenant learns of another's names. "" when nothing of the name is left.
std::string provider_slug(std::string_view name, std::string_view tenant);

struct ProviderFilter {
    std::optional<bool> enabled;
    std::optional<std::string> tenant;  // exactly that; "" : the platform's
};

// An empty slug is made of the name. Fails: permission; is_conflict() ("name", "tenant").
base::Result<domain::ProviderRow> insert_provider(Session& session, const Access& access,
                                                  domain::ProviderRow provider);
// By slug or by provider_uuid(). Fails: not_found.
base::Result<domain::ProviderRow> find_provider(Session& session, const Access& access,
                                                std::string_view slug_or_uuid);
// Writes all but slug, tenant, origin and health. Fails: not_found, permission, is_lost_update(),
// is_conflict() ("name").
base::Result<domain::ProviderRow> update_provider(Session& session, const Access& access,
                                                  domain::ProviderRow provider);
// With its models. Fails: not_found; permission.
base::Result<void> remove_provider(Session& session, const Access& access, std::string_view slug);
// What a test of the connection said; no change of the object: its etag stays.
base::Result<void> set_provider_health(Session& session, std::string_view slug,
                                       std::string_view health, std::string_view message,
                                       domain::UnixMicros at);
// Another token for the same secret, if it still has `old_token`. False: it has not.
base::Result<bool> rewrap_provider(Session& session, std::string_view slug,
                                   std::string_view old_token, std::string_view token,
                                   std::string_view key_id);
// Ordered by slug.
base::Result<Page<domain::ProviderRow>> list_providers(Session& session, const Access& access,
                                                       const ProviderFilter& filter,
                                                       const PageRequest& page);
base::Result<std::vector<domain::ProviderRow>> load_providers(Session& session);

}  // namespace tollgate::store
