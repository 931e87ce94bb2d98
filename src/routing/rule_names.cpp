#include "routing/rule_names.hpp"

#include <algorithm>

#include "base/nearest.hpp"

namespace tollgate::routing {
namespace {

constexpr std::size_t nearest_count = 3;

std::string with_nearest(std::string message, const std::vector<std::string>& nearest) {
    if (nearest.empty()) return message;
    message += "; nearest: ";
    for (std::size_t i = 0; i < nearest.size(); ++i) message += (i ? ", " : "") + nearest[i];
    return message;
}

class Check {
public:
    Check(const std::vector<domain::ExperimentSpec>& experiments, const domain::TaskData& tasks,
          const Names& names, const KnownName& known)
        : tasks_(tasks), names_(names), known_(known) {
        for (const auto& spec : experiments) experiments_.push_back(spec.name);
        for (const auto& kind : tasks.tasks) task_names_.push_back(kind.name);
    }

    void rule(const domain::RoutingRule& rule) {
        now_ = {rule.name, rule.tenant, rule.origin, "", ""};
        const domain::RoutingUse& use = rule.use;
        models(use.models.size() == 1 ? "use.model" : "use.models", use.models);
        models("use.fallback", use.fallback);
        for (const auto& on : use.fallback_on) {
            models("use.fallback_on." + std::string(domain::to_string(on.error_class)), on.models);
        }
        if (use.shadow) models("use.shadow.model", {use.shadow->model});
        if (!use.experiment.empty()) {
            one_of("use.experiment", "experiment", use.experiment, experiments_);
        }
        for (const std::string& task : rule.match.tasks) {
            if (tasks_.find(task) == nullptr) one_of("match.task", "task", task, task_names_);
        }
    }
    void experiment(const domain::ExperimentSpec& spec) {
        now_ = {spec.name, spec.tenant, spec.origin, "", ""};
        for (const auto& arm : spec.arms) models("arms." + arm.name, {arm.model});
    }
    std::vector<RuleProblem> take() { return std::move(problems_); }

private:
    void tell(std::string field, std::string message, const std::string& name) {
        now_.name = name;
        now_.field = std::move(field);
        now_.message = std::move(message);
        problems_.push_back(now_);
    }
    void models(const std::string& field, const std::vector<std::string>& list) {
        for (const std::string& name : list) {
            if (known_ && known_(now_.tenant, name)) continue;
            const Resolution resolution = names_.resolve(name);
            if (resolution.found()) continue;
            tell(field, with_nearest("no model `" + name + "`", resolution.nearest), name);
        }
    }
    void one_of(const std::string& field, const char* what, const std::string& name,
                const std::vector<std::string>& all) {
        if (std::find(all.begin(), all.end(), name) != all.end()) return;
        tell(field,
             with_nearest("no " + std::string(what) + " `" + name + "`",
                          base::nearest(name, all, nearest_count, false)),
             "");
    }

    const domain::TaskData& tasks_;
    const Names& names_;
    const KnownName& known_;
    std::vector<std::string> experiments_, task_names_;
    RuleProblem now_;
    std::vector<RuleProblem> problems_;
};

}  // namespace

std::vector<RuleProblem> check_names(const std::vector<domain::RoutingRule>& rules,
                                     const std::vector<domain::ExperimentSpec>& experiments,
                                     const domain::TaskData& tasks, const Names& names,
                                     const KnownName& known) {
    Check check(experiments, tasks, names, known);
    for (const domain::RoutingRule& rule : rules) check.rule(rule);
    for (const domain::ExperimentSpec& spec : experiments) check.experiment(spec);
    return check.take();
}

std::string text_of(const RuleProblem& problem) {
    std::string out;
    if (!problem.origin.empty()) out = problem.origin + ": ";
    out += "rule `" + problem.rule + "`";
    if (!problem.tenant.empty()) out += " of tenant `" + problem.tenant + "`";
    if (!problem.field.empty()) out += ": " + problem.field;
    return out + ": " + problem.message;
}

}  // namespace tollgate::routing
