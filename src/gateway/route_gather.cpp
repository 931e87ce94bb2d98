#include <algorithm>
#include <utility>

#include "gateway/asked_name.hpp"
#include "gateway/reach.hpp"
#include "gateway/router.hpp"
#include "routing/aliases.hpp"

// Which deployments compete for a request, and in which stages.
namespace tollgate::gateway {

using domain::PowerLevel;

void Router::add_one(const EndpointPointer& endpoint, std::int64_t stage) {
    if (!reaches(policy_, endpoint->deployment) || !is_able(endpoint, stage)) return;
    const auto same = std::find_if(staged_.begin(), staged_.end(), [&](const Staged& one) {
        return one.endpoint == endpoint;
    });
    if (same == staged_.end()) staged_.push_back({endpoint, stage});
}

// Of the first group that it comes to; a request takes one turn, however often it is decided.
void Router::take_turn(const Group& group) {
    if (std::exchange(turned_, true)) return;
    if (input_.turn != nullptr && *input_.turn) {
        turn_ = **input_.turn;
        return;
    }
    turn_ = input_.counts ? group.turn.fetch_add(1, std::memory_order_relaxed)
                          : group.turn.load(std::memory_order_relaxed);
    if (input_.turn != nullptr && input_.counts) *input_.turn = turn_;
}

// Returns the stage behind the last.
std::int64_t Router::add(const routing::Resolution& resolution, std::int64_t stage) {
    for (const routing::Candidate& candidate : resolution.candidates) {
        const std::size_t before = staged_.size();
        if (!candidate.is_direct()) {
            const Group& group = *snapshot_.groups[candidate.group];
            take_turn(group);
            if (candidate.captured.empty()) {
                for (const EndpointPointer& one : group.endpoints) add_one(one, stage);
                if (staged_.size() > before) ++stage;
                continue;
            }
        }
        auto made = snapshot_.make_endpoints(candidate);
        if (!made.ok()) {
            problems_.push_back(made.error().message);
            continue;
        }
        for (const EndpointPointer& one : *made) add_one(one, stage);
        if (staged_.size() > before) ++stage;
    }
    return stage;
}

base::Result<void> Router::gather() {
    const bool own_models = plan_.rule != nullptr && !plan_.rule->use.models.empty();
    bool by_arm = false;
    if (arm_ != nullptr) {
        TRY(by_arm, gather_arm());
    }
    if (by_arm) {
        // What the arm serves is all there is: anything else would blur the comparison.
    } else if (own_models) {
        TRY_VOID(gather_rule());
    } else if (!embeds() && routing::asks_for_any_model(wanted_) &&
               !is_configured(snapshot_.names, wanted_)) {
        if (wanted_ == "auto") gather_task();
        if (staged_.empty()) gather_any();
        name_ = std::string(wanted_);
    } else {
        TRY_VOID(gather_name(wanted_));
        if (plan_.rule == nullptr && tables_.task_table && !embeds()) {
            // What the table says of the task comes first, what was asked for behind it.
            std::vector<Staged> asked = std::move(staged_);
            staged_.clear();
            gather_task();
            const std::int64_t behind = staged_.empty() ? 0 : staged_.back().stage + 1;
            for (const Staged& one : asked) add_one(one.endpoint, behind + one.stage);
        }
        if (scored() && !keep_order_) gather_same_model();
    }
    if (plan_.rule != nullptr && !plan_.rule->use.fallback.empty()) {
        std::int64_t stage = staged_.empty() ? 0 : staged_.back().stage + 1;
        for (const std::string& name : plan_.rule->use.fallback) {
            const routing::Resolution found = snapshot_.names.resolve(name);
            if (may_follow(name, found)) stage = add(found, stage);
        }
    }
    if (staged_.empty()) return nobody_serves();
    if (!by_arm) gather_fallback_providers();
    return {};
}

// Behind everything else: the same model at those providers, else whatever they have that the key
// may use.
void Router::gather_fallback_providers() {
    const bool own = tenant_ != nullptr && !tenant_->fallback_providers.empty();
    const auto& names = own ? tenant_->fallback_providers : tables_.fallback_providers;
    if (names.empty()) return;
    const auto same = tables_.by_model.find(base_model_key(*staged_.front().endpoint));
    for (const std::string& name : names) {
        const std::size_t before = staged_.size();
        const std::int64_t stage = staged_.back().stage + 1;
        // `same_model`: whoever may use the name that was asked for may use it there as well.
        const auto add_those_of = [&](const std::vector<EndpointPointer>& endpoints,
                                      bool same_model) {
            for (const EndpointPointer& one : endpoints) {
                const domain::Deployment& target = one->deployment;
                if (target.account != name && target.provider.type != name) continue;
                const bool allowed = policy_.allows(target.group, target.group) ||
                                     (same_model && policy_.allows(asked_, target.group));
                if (allowed) add_one(one, stage);
            }
        };
        if (same != tables_.by_model.end()) add_those_of(same->second, true);
        // Vectors of another model cannot be compared with those of this one.
        if (staged_.size() == before && !embeds()) add_those_of(tables_.chat, false);
    }
}

base::Result<void> Router::nobody_serves() {
    if (!unable_.empty() && !refused_) return nobody_embeds();
    std::string reasons;
    for (const std::string& problem : problems_) reasons += (reasons.empty() ? "" : "; ") + problem;
    if (!reasons.empty()) {
        const auto code = refused_ ? base::ErrorCode::permission : base::ErrorCode::not_found;
        return base::Error{code, reasons, "model"};
    }
    // Somebody serves the name, but not for this key: say what it reaches and what it would need.
    Plan unreached;
    for (const routing::Candidate& candidate : resolution_->candidates) {
        if (candidate.is_direct() || !candidate.captured.empty()) continue;
        for (const EndpointPointer& one : snapshot_.groups[candidate.group]->endpoints) {
            unreached.candidates.push_back(one);
        }
    }
    if (!unreached.candidates.empty()) TRY_VOID(keep_reached(policy_, input_.model, unreached));
    return base::Error{base::ErrorCode::not_found,
                       "no model serves '" + std::string(input_.model) + "' for this key",
                       "model"};
}

base::Error Router::not_allowed() const {
    return base::Error{base::ErrorCode::permission,
                       "this key may not use the model '" + std::string(input_.model) +
                           "': ask your administrator, or GET /v1/models for what it may use",
                       "model"};
}

void Router::look_up(std::string_view name) {
    resolution_ = snapshot_.names.listed_as(name);
    if (resolution_ != nullptr) return;
    made_resolution_ = snapshot_.names.resolve(name);
    resolution_ = &made_resolution_;
}

base::Result<void> Router::gather_name(std::string_view name) {
    look_up(name);
    name_ = resolution_->name;
    if (!policy_.allows(asked_, resolution_->name)) return not_allowed();
    if (!resolution_->found() && gather_own_key(name)) return {};
    if (!resolution_->found()) return snapshot_.names.not_found(name, *resolution_);
    add(*resolution_, 0);
    return {};
}

// `provider/model` of a provider where the platform has no credential, but the user has.
bool Router::gather_own_key(std::string_view name) {
    const routing::ModelString parts = routing::split_model(name);
    const bool wanted = policy_.settings == nullptr || policy_.settings->use_byok;
    if (!wanted || policy_.own_keys == nullptr || !snapshot_.make_for_own_key ||
        policy_.own_keys->find(parts.provider) == nullptr) {
        return false;
    }
    auto made = snapshot_.make_for_own_key(std::string(parts.provider), std::string(parts.model));
    if (!made.ok()) return false;
    name_ = name;
    add_one(*made, 0);
    return !staged_.empty();
}

// Where a rule applies by itself its models are the admin's decision; a rule that the client asks
// for by name opens no model that its key may not use.
bool Router::may_follow(const std::string& model, const routing::Resolution& found) {
    if (!rule_by_name_ || policy_.allows(model, found.name)) return true;
    problems_.push_back("this key may not use the model '" + model + "' of the rule '" +
                        plan_.rule->name + "'");
    refused_ = true;
    return false;
}

// A rule sends the request elsewhere; the name asked for must be allowed all the same.
base::Result<void> Router::gather_rule() {
    const domain::RoutingUse& use = plan_.rule->use;
    look_up(wanted_);
    name_ = use.models.front();
    if (!policy_.allows(asked_, resolution_->name)) return not_allowed();
    keep_order_ = !use.strategy;
    std::int64_t stage = 0;
    for (const std::string& model : use.models) {
        const routing::Resolution found = snapshot_.names.resolve(model);
        if (!may_follow(model, found)) continue;
        if (!found.found()) problems_.push_back(snapshot_.names.not_found(model, found).message);
        const std::int64_t next = add(found, stage);
        if (keep_order_) stage = next;
    }
    return {};
}

// Every enabled model that the key may use.
void Router::gather_any() {
    for (const EndpointPointer& endpoint : tables_.chat) {
        const std::string& group = endpoint->deployment.group;
        if (policy_.allows(group, group)) add_one(endpoint, 0);
    }
    if (!scored()) level_ = {PowerLevel::balanced, "default"};
}

// In a loop of tools the work is still that of the user's last words: a session does not change
// its model with every result.
const domain::TaskKind* Router::row_of_task() const {
    const routing::TaskVerdict& verdict = task_.get();
    const domain::TaskData& data = tables_.tasks.data();
    const domain::TaskKind* kind = data.find(verdict.task);
    const bool has_row = kind != nullptr && !kind->models.empty();
    if (has_row || verdict.task != "tool_loop") return kind;
    return data.find(verdict.words_task);
}

// A server on this machine needs no credential, so that nothing says it is there: it counts when
// the configuration uses it anywhere.
bool Router::is_served(const Endpoint& endpoint) const {
    const domain::Deployment& target = endpoint.deployment;
    if (!target.provider.local || !target.account.empty()) return true;
    return std::any_of(tables_.chat.begin(), tables_.chat.end(), [&](const EndpointPointer& one) {
        return one->deployment.provider.type == target.provider.type;
    });
}

// The table that ships names models by what they are good at; one that its provider has switched
// off since would cost every request of its task an attempt.
bool Router::is_retired(const Endpoint& endpoint) {
    const domain::ModelTraits& model = endpoint.deployment.model;
    if (!has_retired(model, input_.unix_now)) return false;
    std::string told = "task " + std::string(task_.get().task) + ": " +
                       domain::target_name(endpoint.deployment) +
                       " is passed over, its provider switched it off on " + model.retires;
    if (!model.deprecated_for.empty()) told += "; its successor is " + model.deprecated_for;
    passed_over_.push_back(std::move(told));
    return true;
}

void Router::gather_task() {
    const domain::TaskKind* kind = row_of_task();
    if (kind == nullptr) return;
    std::int64_t stage = 0;
    for (const std::string& model : kind->models) {
        const routing::Resolution found = snapshot_.names.resolve(model);
        if (found.found() && policy_.allows(model, found.name)) stage = add(found, stage);
    }
    std::erase_if(staged_, [&](const Staged& one) {
        return !is_served(*one.endpoint) || is_retired(*one.endpoint);
    });
    if (staged_.empty()) return;
    keep_order_ = true;
    if (!scored() && kind->power_level != PowerLevel::none) level_ = {kind->power_level, "task"};
}

// With a level, all deployments of the model compete, at whatever provider; or all models.
void Router::gather_same_model() {
    if (staged_.empty() || plan_.rule != nullptr) return;
    const std::vector<Staged> named = std::move(staged_);
    staged_.clear();
    const auto allowed = [&](const EndpointPointer& endpoint, bool same_model) {
        const std::string& group = endpoint->deployment.group;
        return policy_.allows(group, group) || (same_model && policy_.allows(asked_, group));
    };
    for (const Staged& one : named) {
        if (one.stage == named.front().stage) add_one(one.endpoint, 0);
    }
    if (tables_.level_widens && !embeds()) {
        for (const EndpointPointer& one : tables_.chat) {
            if (allowed(one, false)) add_one(one, 0);
        }
    } else {
        const auto same = tables_.by_model.find(base_model_key(*named.front().endpoint));
        if (same != tables_.by_model.end()) {
            for (const EndpointPointer& one : same->second) {
                if (allowed(one, true)) add_one(one, 0);
            }
        }
    }
    for (const Staged& one : named) add_one(one.endpoint, one.stage + 1);
}

}  // namespace tollgate::gateway
