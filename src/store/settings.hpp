// What users set for themselves (/api/v1/llm/users/{id}/settings). Blocking; see page.hpp for
// access, errors and paging.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/tenancy.hpp"
#include "store/db.hpp"
#include "store/page.hpp"

namespace tollgate::store {

// The defaults, with etag 0, when the user never set any.
base::Result<domain::UserSettings> settings_of(Session& session, const Access& access,
                                               std::string_view tenant, std::string_view user);
// Writes all of them. etag 0: there must be none yet. Fails: is_lost_update().
base::Result<domain::UserSettings> put_settings(Session& session, const Access& access,
                                                domain::UserSettings settings);
// Back to the defaults. Fails: not_found.
base::Result<void> remove_settings(Session& session, const Access& access, std::string_view tenant,
                                   std::string_view user);
// All, for the directory. REQUIRES: platform access.
base::Result<std::vector<domain::UserSettings>> load_settings(Session& session);

}  // namespace tollgate::store
