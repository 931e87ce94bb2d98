// Limits of subjects that carry none themselves: models, providers, deployments, for a tenant or
// for the whole platform (tenant ""). Blocking; see page.hpp for access, errors and paging.
// Tenants, teams, users, keys and tiers have theirs in their own rows.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/tenancy.hpp"
#include "store/db.hpp"
#include "store/page.hpp"

namespace tollgate::store {

struct LimitFilter {
    std::optional<std::string> tenant;  // "" : the platform's own
    std::optional<domain::SubjectKind> kind;
    std::string subject;                // exactly; "" : any
};

// As insert_tenant. Fails: is_conflict() with field "subject" (it has limits already) or "tenant".
base::Result<domain::LimitRow> insert_limit(Session& session, const Access& access,
                                            domain::LimitRow limit);
base::Result<domain::LimitRow> limit_by_id(Session& session, const Access& access,
                                           std::string_view id);
// Writes the limits and whose they are. Fails: not_found, is_lost_update().
base::Result<domain::LimitRow> update_limit(Session& session, const Access& access,
                                            domain::LimitRow limit);
base::Result<void> remove_limit(Session& session, const Access& access, std::string_view id);
base::Result<Page<domain::LimitRow>> list_limits(Session& session, const Access& access,
                                                 const LimitFilter& filter,
                                                 const PageRequest& page);
// All, for the directory. REQUIRES: platform access.
base::Result<std::vector<domain::LimitRow>> load_limits(Session& session);

}  // namespace tollgate::store
