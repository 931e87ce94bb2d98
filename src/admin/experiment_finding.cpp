#include "admin/experiment_finding.hpp"

#include <algorithm>

#include "routing/allowed.hpp"
#include "store/experiments.hpp"
#include "store/models.hpp"
#include "store/tenants.hpp"
#include "store/tiers.hpp"

namespace tollgate::admin {
namespace {

using domain::ExperimentRow;
using domain::ExperimentSpec;
using store::Session;

constexpr std::int64_t models_of_a_page = 1000;

// A tenant's own models are there for that tenant alone. What is no group is a provider's own name
// or the catalog's, and says itself whether it can be served.
bool serves(const gateway::Snapshot& snapshot, const routing::Resolution& found,
            const std::string& tenant) {
    return std::any_of(
        found.candidates.begin(), found.candidates.end(), [&](const routing::Candidate& one) {
            if (one.is_direct() || one.group >= snapshot.groups.size()) return true;
            const auto& endpoints = snapshot.groups[one.group]->endpoints;
            return endpoints.empty() ||
                   std::any_of(endpoints.begin(), endpoints.end(), [&](const auto& endpoint) {
                       const std::string& owner = endpoint->deployment.tenant;
                       return owner.empty() || owner == tenant;
                   });
        });
}

// What the platform allows the tenant, by its own list and its tier's.
struct Allowed {
    std::string tenant;
    routing::AllowedModels own, of_tier;
    bool allows(const std::string& model, const std::string& resolved) const {
        return own.allows(model, resolved) && of_tier.allows(model, resolved);
    }
};
base::Result<Allowed> allowed_for(Call& call, Session& session, const std::string& tenant) {
    Allowed allowed;
    if (tenant.empty()) return allowed;
    TRY(const domain::Tenant row, store::find_tenant(session, call.access, tenant));
    allowed.tenant = row.name;
    allowed.own = routing::AllowedModels(row.allowed_models);
    if (row.tier.empty()) return allowed;
    const auto tier = store::tier_by_name(session, row.tier);
    if (tier.ok()) {
        allowed.of_tier = routing::AllowedModels(tier->allowed_models);
    } else if (tier.error().code != base::ErrorCode::not_found) {
        return tier.error();
    }
    return allowed;
}

base::Error of_file(const ExperimentSpec& spec) {
    return store::conflict("experiment " + spec.name + " is defined by the file " + spec.origin +
                               ": change it there",
                           "origin");
}

}  // namespace

base::Result<std::shared_ptr<const gateway::Snapshot>> served_snapshot(const Call& call) {
    auto snapshot = call.services.snapshot();
    if (snapshot != nullptr) return snapshot;
    return base::Error{base::ErrorCode::unavailable, "nothing is served by this process yet"};
}

bool shows(const Call& call, const ExperimentSpec& spec) {
    return call.platform() || spec.tenant.empty() || spec.tenant == call.caller.tenant;
}

const ExperimentSpec* file_experiment(const gateway::Snapshot& snapshot, const std::string& name) {
    const auto& all = snapshot.routing.experiments;
    const auto found = std::find_if(all.begin(), all.end(), [&](const ExperimentSpec& spec) {
        return spec.name == name && spec.origin != domain::origin_database;
    });
    return found == all.end() ? nullptr : &*found;
}

base::Result<std::optional<ExperimentRow>> stored_experiment(Call& call, Session& session,
                                                             const std::string& tenant) {
    const std::string& name = call.path("name");
    TRY(auto rows, store::experiments_named(session, call.access, name));
    std::optional<ExperimentRow> found;
    if (tenant.empty() && rows.size() > 1 && !rows.front().spec.tenant.empty()) {
        return store::conflict("several tenants have an experiment " + name +
                                   ": say which one by ?tenant=",
                               "tenant");
    }
    for (ExperimentRow& row : rows) {
        if (tenant.empty() || row.spec.tenant == tenant) {
            found = std::move(row);
            return found;
        }
    }
    // The platform's concern every tenant.
    if (!rows.empty() && rows.front().spec.tenant.empty()) found = std::move(rows.front());
    return found;
}

base::Result<ExperimentRow> experiment_to_change(Call& call, Session& session) {
    const std::string what = "experiment " + call.path("name");
    TRY(const std::string tenant, call.tenant_filter(session));
    TRY(std::optional<ExperimentRow> stored, stored_experiment(call, session, tenant));
    if (!stored) {
        const auto snapshot = call.services.snapshot();
        const ExperimentSpec* of =
            snapshot == nullptr ? nullptr : file_experiment(*snapshot, call.path("name"));
        if (of != nullptr && shows(call, *of)) return of_file(*of);
        return store::not_found(what);
    }
    if (stored->spec.tenant.empty() && !call.platform()) {
        return base::Error{base::ErrorCode::permission,
                           what + " is the platform's: ask a platform_admin"};
    }
    TRY_VOID(call.check_reach({stored->spec.tenant}, what));
    TRY_VOID(call.check_match(stored->etag, what));
    return *std::move(stored);
}

base::Result<void> check_name_is_free(Call& call, Session& session, const ExperimentSpec& spec) {
    TRY(const auto snapshot, served_snapshot(call));
    if (const ExperimentSpec* of = file_experiment(*snapshot, spec.name)) {
        return store::conflict("the file " + of->origin + " has an experiment " + spec.name +
                                   " already: choose another name",
                               "name");
    }
    TRY(const auto rows, store::experiments_named(session, call.access, spec.name));
    for (const ExperimentRow& row : rows) {
        if (row.spec.tenant == spec.tenant) continue;  // the database's own constraint tells of it
        if (!row.spec.tenant.empty() && !spec.tenant.empty()) continue;
        return store::conflict(std::string(spec.tenant.empty() ? "a tenant" : "the platform") +
                                   " has an experiment " + spec.name +
                                   " already: choose another name",
                               "name");
    }
    return {};
}

base::Result<void> check_model(Call& call, Session& session, const ModelOfArm& arm) {
    TRY(const auto snapshot, served_snapshot(call));
    TRY(const Allowed allowed, allowed_for(call, session, arm.tenant));
    const routing::Resolution found = snapshot->names.resolve(arm.model);
    if (!found.found() || !serves(*snapshot, found, arm.tenant)) {
        TRY(const auto stored, stored_models(call, session, arm.model));
        if (stored.empty()) {
            const base::Error why = snapshot->names.not_found(arm.model, found);
            return invalid(arm.field + ": " + why.message + "; GET /v1/models lists them",
                           arm.field);
        }
    }
    if (!allowed.allows(arm.model, found.name)) {
        return invalid(arm.field + ": the tenant " + allowed.tenant + " may not use " + arm.model +
                           ": choose another, or let a platform_admin allow it",
                       arm.field);
    }
    return {};
}

base::Result<void> check_arms(Call& call, Session& session, const ExperimentSpec& spec) {
    for (std::size_t at = 0; at < spec.arms.size(); ++at) {
        const std::string field = "arms[" + std::to_string(at) + "].model";
        TRY_VOID(check_model(call, session, {field, spec.tenant, spec.arms[at].model}));
    }
    return {};
}

base::Result<std::vector<domain::ModelRow>> stored_models(Call& call, Session& session,
                                                          const std::string& name) {
    std::vector<domain::ModelRow> models;
    store::ModelFilter filter;
    filter.enabled = true;
    store::PageRequest page{models_of_a_page, ""};
    do {
        TRY(auto found, store::list_models(session, call.access, filter, page));
        for (domain::ModelRow& model : found.items) {
            if (model.name == name || model.provider + "/" + model.name == name) {
                models.push_back(std::move(model));
            }
        }
        page.cursor = found.next;
    } while (!page.cursor.empty());
    return models;
}

}  // namespace tollgate::admin
