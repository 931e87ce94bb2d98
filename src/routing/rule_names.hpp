// Whether the models that rules name lead anywhere. For assembly and `config check`. Pure.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/routing.hpp"
#include "domain/task_data.hpp"
#include "routing/names.hpp"
#include "routing/rules.hpp"

namespace tollgate::routing {

// Names beside those of `names`: a tenant's own aliases, power levels, experiments' arms.
using KnownName = std::function<bool(std::string_view tenant, std::string_view name)>;

// One problem per name that leads nowhere: in `use.models`, `fallback`, `fallback_on`, `shadow`;
// and per experiment and task that nobody defines. Messages name what is nearest.
std::vector<RuleProblem> check_names(const std::vector<domain::RoutingRule>& rules,
                                     const std::vector<domain::ExperimentSpec>& experiments,
                                     const domain::TaskData& tasks, const Names& names,
                                     const KnownName& known);

// "tollgate.yaml:12:7: rule `nights`: use.model: no model `gtp-4o`; nearest: gpt-4o".
std::string text_of(const RuleProblem& problem);

}  // namespace tollgate::routing
