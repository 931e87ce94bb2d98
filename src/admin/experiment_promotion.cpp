// The end of an experiment: what an arm's model is becomes what the experiment's names lead to, as
// aliases of the routing rules of whom the experiment is; and, if asked, what people thought of the
// arm becomes the model's quality.
#include <algorithm>
#include <cmath>

#include "admin/experiment_finding.hpp"
#include "admin/experiment_making.hpp"
#include "admin/experiment_objects.hpp"
#include "admin/handlers.hpp"
#include "routing/allowed.hpp"
#include "store/experiments.hpp"
#include "store/feedback.hpp"
#include "store/models.hpp"
#include "store/routing_rules.hpp"
#include "store/tenants.hpp"

namespace tollgate::admin {
namespace {

using domain::ExperimentArm;
using domain::ExperimentRow;
using domain::ExperimentSpec;
using Names = std::vector<std::string>;

constexpr std::int64_t rows_max = 200'000;  // the newest, as for results

struct Asked {
    std::string arm;
    Names models;
    bool accept_quality = false;
};

struct Quality {
    double score = 0;
    std::int64_t samples = 0;
    std::vector<domain::ModelRow> models;
};

// The answer while it is made.
struct Promotion {
    std::vector<std::pair<std::string, std::string>> aliases;
    Names notices;
    std::optional<Quality> quality;
};

base::Result<Asked> read_asked(Call& call) {
    Asked asked;
    TRY(Fields * fields, call.body());
    fields->required_text("arm", asked.arm);
    fields->names("models", asked.models);
    fields->flag("accept_quality", asked.accept_quality);
    TRY_VOID(call.checked());
    return asked;
}

base::Result<ExperimentArm> arm_of(const ExperimentSpec& spec, const std::string& name) {
    std::string known;
    for (const ExperimentArm& arm : spec.arms) {
        if (arm.name == name) return arm;
        known += (known.empty() ? "" : ", ") + arm.name;
    }
    return invalid("arm: the experiment has no arm " + name + "; it has " + known, "arm");
}

bool is_glob(const std::string& name) { return name.find('*') != std::string::npos; }

// The names that shall lead to the arm's model: those given, else all of the experiment.
base::Result<Names> names_to_lead(const ExperimentSpec& spec, const Asked& asked) {
    for (const std::string& name : asked.models) {
        const bool of_it =
            std::any_of(spec.models.begin(), spec.models.end(), [&](const std::string& pattern) {
                return routing::glob_match(pattern, name);
            });
        if (is_glob(name) || !of_it) {
            return invalid("models: " + name + " is no name whose requests take part; name those "
                               "that shall lead to the arm's model",
                           "models");
        }
    }
    if (!asked.models.empty()) return asked.models;
    for (const std::string& name : spec.models) {
        if (!is_glob(name)) continue;
        return invalid("models is required: the experiment is about every name like " + name +
                           "; say which names shall lead to the arm's model",
                       "models");
    }
    return spec.models;
}

bool has_alias(const domain::RoutingSettings& settings, const std::string& name) {
    return std::any_of(settings.aliases.begin(), settings.aliases.end(),
                       [&](const auto& alias) { return alias.first == name; });
}

// An alias of the file's stands before the platform's own.
base::Result<void> check_no_file_alias(const Call& call, const gateway::Snapshot& snapshot,
                                       const domain::RoutingSettings& settings,
                                       const std::string& name) {
    if (!settings.tenant.empty() || !call.services.files_are_read_only ||
        has_alias(settings, name)) {
        return {};
    }
    const routing::Resolution found = snapshot.names.resolve(name);
    if (!found.found() || found.candidates.front().reason != routing::Reason::alias) return {};
    return store::conflict("the name " + name + " is an alias that a file defines: change it "
                               "there, or set config.precedence: database",
                           "models");
}

// What comes before the aliases of the routing rules.
base::Result<void> note_tenants_aliases(Call& call, Session& session, const std::string& tenant,
                                        const Names& names, Names& notices) {
    if (tenant.empty()) return {};
    TRY(const domain::Tenant row, store::find_tenant(session, call.access, tenant));
    for (const auto& [alias, target] : row.aliases) {
        if (std::find(names.begin(), names.end(), alias) == names.end()) continue;
        notices.push_back("the tenant's own alias " + alias + " leads to " + target +
                          " and comes first");
    }
    return {};
}

base::Result<void> lead_names(Call& call, Session& session, const ExperimentSpec& spec,
                              const Names& names, const ExperimentArm& arm, Promotion& promotion) {
    TRY(const auto snapshot, served_snapshot(call));
    TRY(const domain::RoutingSettings stored,
        store::routing_settings_of(session, call.access, spec.tenant));
    domain::RoutingSettings settings = stored;
    // A row that holds nothing but these says nothing of strategies.
    if (settings.etag == 0) settings.strategy_set = false;
    for (const std::string& name : names) {
        TRY_VOID(check_no_file_alias(call, *snapshot, settings, name));
        std::erase_if(settings.aliases, [&](const auto& alias) { return alias.first == name; });
        if (name == arm.model) {
            promotion.notices.push_back(name + " is the arm's model itself: it needs no alias");
            continue;
        }
        if (spec.tenant.empty() && snapshot->names.resolve(arm.model).name == name) {
            return store::conflict("the arm's model " + arm.model + " is an alias of " + name +
                                       " itself: promote by the name of what serves it",
                                   "arm");
        }
        settings.aliases.emplace_back(name, arm.model);
        promotion.aliases.emplace_back(name, arm.model);
    }
    TRY_VOID(note_tenants_aliases(call, session, spec.tenant, names, promotion.notices));
    std::sort(settings.aliases.begin(), settings.aliases.end());
    if (settings.aliases == stored.aliases) return {};
    TRY(const domain::RoutingSettings written,
        store::put_routing_settings(session, call.access, std::move(settings)));
    call.record_change("routing_rules.updated", "routing_rules/" + written.id, spec.tenant, stored,
                       written);
    return {};
}

// -1 to 1 as it was given becomes 0 to 1; two digits are what the column has.
base::Result<Quality> measured_quality(Call& call, Session& session, const ExperimentRow& row,
                                       const ExperimentArm& arm) {
    store::ArmRowsQuery query;
    query.experiment = row.spec.name;
    query.tenant = row.spec.tenant;
    query.from = row.created;
    query.rows_max = rows_max;
    Quality quality;
    double sum = 0;
    TRY_VOID(store::each_arm_row(session, call.access, query, [&](const store::ArmRow& one) {
        if (one.arm != arm.name || !one.score) return;
        sum += *one.score;
        ++quality.samples;
    }));
    if (quality.samples == 0 || quality.samples < row.spec.samples_min) {
        return store::conflict("accept_quality: people judged " + std::to_string(quality.samples) +
                                   " requests of arm " + arm.name + ", and " +
                                   std::to_string(row.spec.samples_min) +
                                   " (samples_min) are needed: promote without it",
                               "accept_quality");
    }
    constexpr double hundredths = 100;
    const double mean = sum / static_cast<double>(quality.samples);
    quality.score = std::round((mean + 1) / 2 * hundredths) / hundredths;
    return quality;
}

base::Result<Quality> accept_quality(Call& call, Session& session, const ExperimentRow& row,
                                     const ExperimentArm& arm) {
    TRY(std::vector<domain::ModelRow> models, stored_models(call, session, arm.model));
    if (models.empty()) {
        return store::conflict("accept_quality: the model " + arm.model + " is none of the "
                                   "database, so that its quality cannot be set here: write "
                                   "quality_score into its model_info in the file",
                               "accept_quality");
    }
    TRY(Quality quality, measured_quality(call, session, row, arm));
    for (domain::ModelRow& model : models) {
        TRY_VOID(policy::authorize(call.caller, policy::Resource::models, policy::Verb::update,
                                   {model.tenant}));
        domain::ModelRow changed = model;
        changed.quality = quality.score;
        TRY(const domain::ModelRow written,
            store::update_model(session, call.access, std::move(changed)));
        call.record_change("model.updated", "model/" + model.id, model.tenant, model, written);
        quality.models.push_back(written);
    }
    return quality;
}

void write_promotion(json::Writer& writer, const ExperimentRow& row, const ExperimentArm& arm,
                     const Promotion& promotion) {
    writer.begin_object().key("experiment");
    write(writer, row);
    writer.string("arm", arm.name).string("model", arm.model);
    writer.string("aliases_of", row.spec.tenant.empty() ? "platform" : "tenant");
    write_pairs(writer, "model_aliases", promotion.aliases);
    writer.key("quality");
    if (promotion.quality) {
        writer.begin_object();
        write_real(writer, "quality_score", promotion.quality->score);
        writer.integer("samples", promotion.quality->samples).key("models").begin_array();
        for (const domain::ModelRow& model : promotion.quality->models) writer.string(model.id);
        writer.end_array().end_object();
    } else {
        writer.null();
    }
    write_names(writer, "notices", promotion.notices);
    writer.end_object();
}

}  // namespace

Outcome promote_experiment(Call& call, Session& session) {
    TRY(const ExperimentRow stored, experiment_to_change(call, session));
    TRY(const Asked asked, read_asked(call));
    TRY(const ExperimentArm arm, arm_of(stored.spec, asked.arm));
    TRY(const Names names, names_to_lead(stored.spec, asked));
    TRY_VOID(policy::authorize(call.caller, policy::Resource::routing, policy::Verb::update,
                               {stored.spec.tenant}));
    TRY_VOID(check_model(call, session, {"arm", stored.spec.tenant, arm.model}));
    Promotion promotion;
    TRY_VOID(lead_names(call, session, stored.spec, names, arm, promotion));
    if (asked.accept_quality) {
        TRY(promotion.quality, accept_quality(call, session, stored, arm));
    }
    ExperimentRow changed = stored;
    end_now(changed);
    changed.promoted = arm.name;
    TRY(const ExperimentRow written,
        store::update_experiment(session, call.access, std::move(changed)));
    call.record_change("experiment.promoted", "experiment/" + stored.spec.name,
                       stored.spec.tenant, stored, written);
    call.header("etag", "\"" + std::to_string(written.etag) + "\"");
    std::string text;
    json::Writer writer(text);
    write_promotion(writer, written, arm, promotion);
    return call.answer(200, std::move(text));
}

}  // namespace tollgate::admin
