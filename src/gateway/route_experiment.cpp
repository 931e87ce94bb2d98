#include <algorithm>
#include <span>

#include "gateway/router.hpp"
#include "routing/experiments.hpp"

// Which experiment takes a request, and which of its arms.
namespace tollgate::gateway {
namespace {

// However many tenants have some: a request looks at its own and at the platform's.
std::span<const domain::ExperimentSpec> of_tenant(
    const std::vector<domain::ExperimentSpec>& all, std::string_view tenant) {
    const auto first = std::lower_bound(
        all.begin(), all.end(), tenant,
        [](const domain::ExperimentSpec& spec, std::string_view id) { return spec.tenant < id; });
    const auto last = std::find_if(first, all.end(), [&](const domain::ExperimentSpec& spec) {
        return spec.tenant != tenant;
    });
    return {first, last};
}

}  // namespace

// As the client calls it; of one that does not, the conversation by its beginning.
std::string Router::session_for(const domain::ExperimentSpec& spec) const {
    if (spec.sticky == domain::Sticky::request) return "";
    if (!input_.session_id.empty() || !input_.conversation) return std::string(input_.session_id);
    const auto conversation = input_.conversation(wanted_);
    return conversation ? routing::to_string(*conversation) : std::string();
}

// The one that the rule names; else the first that is about the name, the tenant's own before the
// platform's, unless the rule itself says which models are to serve.
void Router::take_arm() {
    const bool has_rule = plan_.rule != nullptr;
    const std::string_view named = has_rule ? std::string_view(plan_.rule->use.experiment)
                                            : std::string_view();
    if (named.empty() && tables_.experiments.empty()) return;
    if (has_rule && named.empty() && !plan_.rule->use.models.empty()) return;
    // Who says which provider it wants measures nothing.
    const auto provider = input_.header("x-tollgate-provider");
    if (provider && !provider->empty()) return;
    const bool by_rule = !named.empty();
    const auto takes_part = [&](const domain::ExperimentSpec& spec) {
        if (by_rule && spec.name != named) return false;
        return routing::applies(spec, input_.model, by_rule, input_.unix_now) ||
               routing::applies(spec, wanted_, by_rule, input_.unix_now);
    };
    for (const std::string_view tenant : {std::string_view(policy_.tenant), std::string_view()}) {
        const auto those = of_tenant(tables_.experiments, tenant);
        const auto found = std::find_if(those.begin(), those.end(), takes_part);
        if (found != those.end()) return choose_arm_of(*found);
    }
    if (by_rule && trace_ != nullptr) {
        trace_->notices.push_back("experiment " + std::string(named) + " of rule " +
                                  plan_.rule->name +
                                  " is not there, or takes nobody now: the request goes by the "
                                  "model that was asked for");
    }
}

void Router::choose_arm_of(const domain::ExperimentSpec& spec) {
    experiment_ = &spec;
    const std::string session = session_for(spec);
    const std::string_view id =
        routing::sticky_id(spec.sticky, {policy_.user, session, input_.request_id});
    arm_ = &spec.arms[routing::choose_arm(spec, id)];
    if (id.empty() && trace_ != nullptr) {
        const std::string sticky(domain::to_string(spec.sticky));
        trace_->notices.push_back("experiment " + spec.name + ": the arm hangs on the " + sticky +
                                  ", which nobody knows here");
    }
}

// What serves the arm's model, in the order of its own chain. False: nobody does for this key, so
// the request takes no part.
base::Result<bool> Router::gather_arm() {
    look_up(wanted_);
    if (!policy_.allows(asked_, resolution_->name)) return not_allowed();
    const routing::Resolution found = snapshot_.names.resolve(arm_->model);
    if (!found.found()) {
        problems_.push_back(snapshot_.names.not_found(arm_->model, found).message);
    }
    // What a tenant's own people try opens no model that the key may not use.
    if (experiment_->tenant.empty() || policy_.allows(arm_->model, found.name)) {
        add(found, 0);
    } else {
        problems_.push_back("this key may not use the model '" + arm_->model + "' of arm " +
                            arm_->name);
    }
    if (!staged_.empty()) {
        name_ = arm_->model;
        keep_order_ = plan_.rule == nullptr || !plan_.rule->use.strategy;
        return true;
    }
    problems_.push_back("experiment " + experiment_->name + ": nobody serves the model of arm " +
                        arm_->name + " for this key");
    experiment_ = nullptr;
    arm_ = nullptr;
    return false;
}

}  // namespace tollgate::gateway
