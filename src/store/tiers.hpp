// Tiers: named sets of limits that tenants, users and keys refer to. They are the platform's: all
// tenants read them, platform admins write them. The built-in ones come with the migrations.
// Blocking; see page.hpp for errors and paging.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/tenancy.hpp"
#include "store/db.hpp"
#include "store/page.hpp"

namespace tollgate::store {

// REQUIRES for writing: platform access, else permission. Fails: is_conflict() ("name").
base::Result<domain::Tier> insert_tier(Session& session, const Access& access, domain::Tier tier);
base::Result<domain::Tier> tier_by_name(Session& session, std::string_view name);
// Writes every field but name and built_in. Fails: not_found, is_lost_update().
base::Result<domain::Tier> update_tier(Session& session, const Access& access, domain::Tier tier);
// Fails: not_found; is_conflict() ("name") when it is built in or something still refers to it.
base::Result<void> remove_tier(Session& session, const Access& access, std::string_view name);
base::Result<Page<domain::Tier>> list_tiers(Session& session, const PageRequest& page);
base::Result<std::vector<domain::Tier>> load_tiers(Session& session);

}  // namespace tollgate::store
