// One decision while it is being made; internal to route*.cpp. Lives for one call, borrows its
// input.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "gateway/route.hpp"
#include "routing/decide.hpp"
#include "routing/power_level.hpp"

namespace tollgate::gateway {

// A deployment that competes, and when: lower stages are tried first.
struct Staged {
    EndpointPointer endpoint;
    std::int64_t stage = 0;
};

// One that would compete, but cannot do what is asked.
struct Unable {
    Staged staged;
    std::string why;
};

class Router {
public:
    // `trace`: filled where something was decided; null: nobody wants it. `plan`: an empty one.
    Router(const RouteInput& input, RouteTrace* trace, Plan& plan)
        : input_(input), snapshot_(input.snapshot), tables_(input.snapshot.routing),
          policy_(input.policy), trace_(trace), task_(tables_.tasks, features_), plan_(plan) {
        if (input.task != nullptr) task_.know(*input.task);
        const auto own = tables_.tenants.find(policy_.tenant);
        if (own != tables_.tenants.end()) tenant_ = &own->second;
    }

    // Once. Makes the plan where it stands: a plan has five lists, and every request needs one.
    base::Result<void> plan();
    domain::PowerLevel level() const { return level_.level; }
    std::string_view strategy() const { return strategy_; }
    bool decided() const { return decided_; }
    // The trace is worth keeping.
    bool noted() const { return decided_ || tables_.note_tasks; }
    // Null: no experiment took the request.
    const domain::ExperimentSpec* experiment() const { return experiment_; }
    const domain::ExperimentArm* arm() const { return arm_; }

private:
    base::Result<void> take_level();
    void take_level(routing::DecisionInput& question, domain::LevelSettings& of_task) const;
    void fill_features();
    base::Result<void> take_rule();
    void take_arm();
    void choose_arm_of(const domain::ExperimentSpec& spec);
    std::string session_for(const domain::ExperimentSpec& spec) const;
    base::Result<bool> gather_arm();
    base::Error not_allowed() const;
    base::Result<void> gather();
    base::Result<void> nobody_serves();
    void look_up(std::string_view name);
    base::Result<void> gather_name(std::string_view name);
    bool may_follow(const std::string& model, const routing::Resolution& found);
    bool gather_own_key(std::string_view name);
    base::Result<void> gather_rule();
    void gather_any();
    void gather_fallback_providers();
    const domain::TaskKind* row_of_task() const;
    bool is_served(const Endpoint& endpoint) const;
    bool is_retired(const Endpoint& endpoint);
    void gather_task();
    void gather_same_model();
    void take_turn(const Group& group);
    std::int64_t add(const routing::Resolution& resolution, std::int64_t stage);
    void add_one(const EndpointPointer& endpoint, std::int64_t stage);
    bool embeds() const { return input_.mode == domain::ModelMode::embedding; }
    bool is_able(const EndpointPointer& endpoint, std::int64_t stage);
    std::string pass_over(const domain::RoutingRule& rule) const;
    base::Error nobody_embeds() const;
    void trace_unable();
    base::Result<void> keep_provider();
    base::Result<void> decide();
    base::Result<void> nobody(const routing::Decision& decision,
                              const routing::DecisionInput& asked) const;
    void stay(routing::DecisionInput& question, FactsInput& asked);
    routing::MoveVerdict best_move(const routing::DecisionInput& question, std::size_t here,
                                   const routing::Assignment& known, std::int64_t cached) const;
    EndpointPointer with_own_key(const EndpointPointer& endpoint,
                                 const policy::OwnKeys& keys) const;
    base::Result<void> own_keys_only() const;
    void add_special_chains();
    void take_shadow();
    void take_attempts();
    void finish();
    void trace_decision(const routing::Decision& decision, const routing::DecisionInput& asked);
    domain::Strategy strategy_of_stage() const;
    routing::Preferences preferences() const;
    bool nothing_to_decide() const;
    std::vector<EndpointPointer> endpoints_of(const std::vector<routing::Candidate>& candidates);
    bool scored() const { return level_.level != domain::PowerLevel::none; }

    const RouteInput& input_;
    const Snapshot& snapshot_;
    const RoutingTables& tables_;
    const KeyPolicy& policy_;
    RouteTrace* trace_;
    const domain::TenantRouting* tenant_ = nullptr;  // of the interface; null: it has set nothing
    std::string_view wanted_;          // after aliases
    std::string_view asked_;           // that the key's lists of models are held against
    routing::ChosenLevel level_;
    routing::RequestFeatures features_;
    routing::TaskOfRequest task_;
    // Of the name asked for, the snapshot's or made for it; empty where a rule chose.
    const routing::Resolution* resolution_ = &made_resolution_;
    routing::Resolution made_resolution_;
    std::string name_;
    std::vector<Staged> staged_;
    std::vector<Unable> unable_;
    std::vector<std::string> names_;   // of the candidates, for the facts' views
    std::vector<routing::CandidateFacts> facts_;
    RequestSize size_;
    std::uint64_t turn_ = 0;
    bool turned_ = false;
    bool rule_by_name_ = false;        // x-tollgate-route named it
    bool refused_ = false;             // a model of it, to this key
    bool decided_ = false;
    bool keep_order_ = false;          // the models of a rule, tried as they stand
    const domain::ExperimentSpec* experiment_ = nullptr;
    const domain::ExperimentArm* arm_ = nullptr;
    std::string_view strategy_;
    std::vector<std::string> problems_;  // told to the client when nobody is left
    std::vector<std::string> passed_over_;  // models whose providers ended them: for the trace
    Plan& plan_;
};

}  // namespace tollgate::gateway
