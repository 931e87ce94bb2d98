// Models that administration made, or that a provider's list brought. A tenant reads its own and
// the platform's, and writes its own; a model's tenant is its provider's. Blocking; see page.hpp
// for errors and paging.
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

enum class ModelOrder : std::uint8_t { id, name, cost, latency };

struct ModelFilter {
    std::string provider;          // a slug, "" : all
    std::optional<bool> enabled;
    std::optional<std::string> tenant;
    ModelOrder order = ModelOrder::id;
};

// The tenant is taken from the provider. Fails: permission; not_found (the provider);
// is_conflict() ("name").
base::Result<domain::ModelRow> insert_model(Session& session, const Access& access,
                                            domain::ModelRow model);
base::Result<domain::ModelRow> model_by_id(Session& session, const Access& access,
                                           std::string_view id);
// Writes all but id, tenant and provider. Fails: not_found, permission, is_lost_update(),
// is_conflict() ("name").
base::Result<domain::ModelRow> update_model(Session& session, const Access& access,
                                            domain::ModelRow model);
base::Result<void> remove_model(Session& session, const Access& access, std::string_view id);
// In the filter's order: cheapest, fastest or first by name; what is not known comes last.
base::Result<Page<domain::ModelRow>> list_models(Session& session, const Access& access,
                                                 const ModelFilter& filter,
                                                 const PageRequest& page);
// Of one provider, by name.
base::Result<std::vector<domain::ModelRow>> models_of(Session& session, const Access& access,
                                                      std::string_view provider);
base::Result<std::vector<domain::ModelRow>> load_models(Session& session);

}  // namespace tollgate::store
