// Experiments that administration made. A tenant reads its own and the platform's, and writes its
// own. Names are unique within a tenant, and within the platform's. Blocking; see page.hpp for
// errors.
#pragma once
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/experiment.hpp"
#include "store/db.hpp"
#include "store/page.hpp"

namespace tollgate::store {

// Every request of a tenant looks at all that may concern it.
inline constexpr std::int64_t experiments_max = 100;  // of one tenant, and of the platform

// An empty id is made. Fails: permission; is_conflict() ("name", "tenant").
base::Result<domain::ExperimentRow> insert_experiment(Session& session, const Access& access,
                                                      domain::ExperimentRow experiment);
// All of that name that `access` may read, the platform's first.
base::Result<std::vector<domain::ExperimentRow>> experiments_named(Session& session,
                                                                   const Access& access,
                                                                   std::string_view name);
// Writes all but id, tenant and name. Fails: not_found, permission, is_lost_update().
base::Result<domain::ExperimentRow> update_experiment(Session& session, const Access& access,
                                                      domain::ExperimentRow experiment);
base::Result<void> remove_experiment(Session& session, const Access& access, std::string_view id);
// All that `access` may read; the platform's first, then by tenant and name.
base::Result<std::vector<domain::ExperimentRow>> readable_experiments(Session& session,
                                                                      const Access& access);
// Everybody's, in the same order. Platform access.
base::Result<std::vector<domain::ExperimentRow>> load_experiments(Session& session);

}  // namespace tollgate::store
