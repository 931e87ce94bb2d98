// A provider's own list of models against what is stored of it. Blocking.
#pragma once
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "domain/providers.hpp"
#include "store/db.hpp"

namespace tollgate::admin {

struct ModelSync {
    std::vector<std::string> added, changed, gone;  // names
    bool any() const { return !added.empty() || !changed.empty() || !gone.empty(); }
};

// New models are added (switched on if `enable`); those that a list brought before follow the list
// in price, context and abilities, and are switched off when it has them no longer. What an admin
// made is left as it is, and said to be gone.
base::Result<ModelSync> sync_models(store::Session& session, const store::Access& access,
                                    const domain::ProviderRow& provider,
                                    const std::vector<domain::OfferedModel>& offered, bool enable);
void write_members(json::Writer& writer, const ModelSync& sync);

}  // namespace tollgate::admin
