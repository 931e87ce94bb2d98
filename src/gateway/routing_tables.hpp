// What routing decides by, of one snapshot: rules, the detection of tasks, levels and strategies.
// Built by assembly, then immutable; shared between threads as const.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "domain/routing.hpp"
#include "routing/rules.hpp"
#include "routing/task_detection.hpp"

namespace tollgate::gateway {

struct Endpoint;

struct RoutingTables {
    routing::RuleSet rules;
    routing::TaskDetector tasks;
    domain::LevelTable levels = domain::built_in_levels();
    // How the deployments of one name are ordered where no rule says it.
    domain::Strategy strategy = domain::Strategy::round_robin;
    domain::ScoreWeights weights;
    // Of requests that name no level; none: such requests are not scored by one.
    domain::PowerLevel level = domain::PowerLevel::none;
    bool level_widens = false;      // power_level_scope: any
    bool task_table = false;        // for every name, not only for `auto`
    bool note_tasks = false;        // in every record, also where nobody asks for the task
    domain::CircuitSettings circuit;
    domain::AffinitySettings affinity;
    bool resume_streams = false;
    bool hedge = false;
    std::vector<domain::ExperimentSpec> experiments;  // by tenant, the platform's in front
    std::vector<std::string> fallback_providers;  // of requests whose tenant names none
    std::unordered_map<std::string, domain::TenantRouting> tenants;
    // Which endpoints serve the same model, by base_model_key().
    std::unordered_map<std::string, std::vector<std::shared_ptr<const Endpoint>>> by_model;
    std::vector<std::shared_ptr<const Endpoint>> chat;  // of every name, equal ones once
};

// One key for all spellings and hosts of a model: `anthropic/claude-sonnet-4-5-20250929` and
// `bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0` have the same.
std::string base_model_key(const Endpoint& endpoint);

// Fills by_model and chat of what the snapshot's groups serve.
void index_endpoints(const std::vector<std::shared_ptr<const Endpoint>>& endpoints,
                     RoutingTables& tables);

}  // namespace tollgate::gateway
