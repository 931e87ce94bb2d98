// Teams of a tenant as rows. Blocking; see page.hpp for access, errors and paging.
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

struct TeamFilter {
    std::string tenant;  // "" : every one that the access sees
    std::optional<bool> enabled;
    std::string text;    // part of the name or id; "" : any
};

// As insert_tenant. Fails: is_conflict() with field "name" (taken in this tenant), "id", or
// "tenant" (there is no such tenant).
base::Result<domain::Team> insert_team(Session& session, const Access& access, domain::Team team);
base::Result<domain::Team> team_by_id(Session& session, const Access& access, std::string_view id);
base::Result<domain::Team> team_by_name(Session& session, const Access& access,
                                        std::string_view tenant, std::string_view name);
// Writes every field but id, tenant and created. Fails: not_found, is_lost_update(),
// is_conflict() ("name").
base::Result<domain::Team> update_team(Session& session, const Access& access, domain::Team team);
// Deletes it with its limits and budgets, revokes its keys, and leaves its users without a team.
// Fails: not_found.
base::Result<void> remove_team(Session& session, const Access& access, std::string_view id);
base::Result<Page<domain::Team>> list_teams(Session& session, const Access& access,
                                            const TeamFilter& filter, const PageRequest& page);
// All, for the directory. REQUIRES: platform access.
base::Result<std::vector<domain::Team>> load_teams(Session& session);

}  // namespace tollgate::store
