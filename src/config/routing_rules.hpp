// The section `routing`: its rules, experiments and tasks, whose shapes need code of their own, and
// the rules of tenant files. One load, one thread.
#pragma once
#include <string>
#include <vector>

#include "config/reader.hpp"

namespace tollgate::config {

constexpr std::size_t rules_max = 1'000;  // of one list

// The whole section; a list instead of a mapping is its rules.
void read_routing(Session& session, const Node& node, RoutingConfig& routing);
// A list of rules, of the platform (tenant "") or of a tenant. Complains about what is wrong; a
// faulty rule is left out.
void read_rules(Session& session, const Node& list, const std::string& path,
                const std::string& tenant, std::vector<domain::RoutingRule>& out);
void read_experiments(Session& session, const Node& list, const std::string& path,
                      std::vector<domain::ExperimentSpec>& out);

// Parts of a rule. `path` is that of the mapping.
void read_match(Session& session, const Node& node, const std::string& path,
                domain::RoutingMatch& out);
void read_use(Session& session, const Node& node, const std::string& path,
              domain::RoutingUse& out);

// What router_settings says of strategies and circuits, where `routing` says nothing.
void merge_router_into_routing(Config& config);

// As one line of YAML that reads back as the same rule.
std::string rule_text(const domain::RoutingRule& rule);
std::string experiment_text(const domain::ExperimentSpec& experiment);

// The keys of rules for the reference page and the schema.
extern const std::vector<Field> rule_keys, match_keys, use_keys, experiment_keys,
    task_keys;

}  // namespace tollgate::config
