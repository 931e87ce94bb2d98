// Which experiment a request of administration means, and whether what it names is there. Blocking.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/call.hpp"
#include "domain/experiment.hpp"
#include "domain/providers.hpp"
#include "gateway/snapshot.hpp"

namespace tollgate::admin {

// Never null. Fails: unavailable.
base::Result<std::shared_ptr<const gateway::Snapshot>> served_snapshot(const Call& call);

// Whether the caller may know of it.
bool shows(const Call& call, const domain::ExperimentSpec& spec);
// Of the files: what the snapshot has beside the database's. Null: no file has one of that name.
const domain::ExperimentSpec* file_experiment(const gateway::Snapshot& snapshot,
                                              const std::string& name);

// The stored one that the path's name means: `tenant`'s ("" : whoever's there is), else the
// platform's. nullopt: there is none. Fails: store::conflict() where several tenants have one.
base::Result<std::optional<domain::ExperimentRow>> stored_experiment(Call& call,
                                                                     store::Session& session,
                                                                     const std::string& tenant);
// The same for a change of it, by the query's tenant and If-Match. Fails besides: not_found;
// permission (the platform's); store::conflict() where a file has it; store::lost_update().
base::Result<domain::ExperimentRow> experiment_to_change(Call& call, store::Session& session);

// Fails: store::conflict() ("name") where usage could not tell it from another one.
base::Result<void> check_name_is_free(Call& call, store::Session& session,
                                      const domain::ExperimentSpec& spec);
// Whether the model of an arm is served, and the tenant may use it. Fails: invalid, with `field`.
struct ModelOfArm {
    std::string field, tenant, model;
};
base::Result<void> check_model(Call& call, store::Session& session, const ModelOfArm& arm);
// The same of all.
base::Result<void> check_arms(Call& call, store::Session& session,
                              const domain::ExperimentSpec& spec);
// The models of the database that a name means.
base::Result<std::vector<domain::ModelRow>> stored_models(Call& call, store::Session& session,
                                                          const std::string& name);

}  // namespace tollgate::admin
