#include "assembly/build_routing.hpp"

#include <algorithm>
#include <charconv>

#include "policy/time_zone.hpp"
#include "routing/aliases.hpp"
#include "routing/power_level.hpp"
#include "routing/rule_names.hpp"

namespace tollgate::assembly {
namespace {

using config::Problem;
using config::Severity;

constexpr std::string_view experiment_field = "use.experiment";

base::Result<routing::ZoneOffset> zone_of(const std::string& name) {
    TRY(auto zone, policy::TimeZone::load(name));
    return routing::ZoneOffset(
        [zone](std::int64_t unix_seconds) { return zone->offset_at(unix_seconds); });
}

// Takes ":NUMBER" off the end of a text.
std::size_t number_behind(std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) return 0;
    std::size_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, fault] = std::from_chars(text.data() + colon + 1, end, number);
    if (fault != std::errc() || stop != end) return 0;
    text.resize(colon);
    return number;
}

// Origins of rules are texts: "tollgate.yaml:12:7".
Problem problem_of(const routing::RuleProblem& found, Severity severity) {
    Problem out{severity, found.origin, 0, 0, "", "", ""};
    out.column = number_behind(out.file);
    out.line = number_behind(out.file);
    out.path = "routing";
    routing::RuleProblem told = found;
    told.origin.clear();
    out.message = routing::text_of(told);
    return out;
}

class RoutingBuilder {
public:
    RoutingBuilder(const RoutingSources& sources, gateway::RoutingTables& tables,
                   std::vector<Problem>& problems)
        : config_(sources.config), catalog_(sources.catalog), tables_(tables),
          problems_(problems), with_database_(sources.with_database) {
        take_settings();
        domain::TaskData tasks = catalog_.tasks;
        for (const domain::TaskKind& task : config_.routing.tasks) tasks.add(task);
        std::vector<domain::RoutingRule> rules = all_rules(sources.stored);
        check(rules, tasks, sources.names);
        std::vector<routing::RuleProblem> found;
        tables_.rules = routing::RuleSet(std::move(rules), zone_of, found);
        for (const routing::RuleProblem& item : found) {
            problems_.push_back(
                problem_of(item, of_file(item.origin) ? Severity::error : Severity::warning));
        }
        tables_.tasks = routing::TaskDetector(std::move(tasks));
    }

private:
    void take_settings() {
        const config::RoutingConfig& from = config_.routing;
        tables_.levels = from.power_levels;
        tables_.strategy = from.strategy.value_or(domain::Strategy::round_robin);
        tables_.weights = from.weights;
        tables_.level = from.power_level.value_or(domain::PowerLevel::none);
        tables_.level_widens = from.power_level_scope == "any";
        tables_.task_table = from.task_table;
        tables_.note_tasks = from.note_tasks;
        tables_.circuit = from.circuit;
        tables_.affinity = from.affinity;
        tables_.resume_streams = from.resume_streams;
        tables_.hedge = from.hedge;
        for (const domain::ExperimentSpec& spec : from.experiments) {
            auto& all = tables_.experiments;
            const auto place = std::upper_bound(
                all.begin(), all.end(), spec,
                [](const auto& a, const auto& b) { return a.tenant < b.tenant; });
            all.insert(place, spec);
        }
        tables_.fallback_providers = from.fallback_providers;
        for (const domain::TenantRouting& own : from.tenants) tables_.tenants[own.tenant] = own;
    }

    std::vector<domain::RoutingRule> all_rules(const std::vector<domain::RoutingRule>& stored) {
        std::vector<domain::RoutingRule> rules;
        for (const config::TenantConfig& tenant : config_.tenants) {
            rules.insert(rules.end(), tenant.routing.begin(), tenant.routing.end());
        }
        const auto& own = config_.routing.rules;
        rules.insert(rules.end(), own.begin(), own.end());
        for (const domain::RoutingRule& rule : rules) origins_.push_back(rule.origin);
        rules.insert(rules.end(), stored.begin(), stored.end());
        return rules;
    }
    bool of_file(const std::string& origin) const {
        return std::find(origins_.begin(), origins_.end(), origin) != origins_.end();
    }

    // What only wants for a key of its provider: an entry of model_list that was left out with a
    // warning, a model of the catalog, or of a provider that there is.
    bool wants_key(const std::string& name) const {
        if (catalog_.model(name) != nullptr) return true;
        const std::string_view provider = routing::split_model(name).provider;
        if (!provider.empty() && catalog_.provider(provider) != nullptr) return true;
        return std::any_of(
            config_.model_list.begin(), config_.model_list.end(),
            [&](const config::ModelEntry& entry) { return entry.model_name == name; });
    }
    bool knows(std::string_view tenant, std::string_view name) const {
        if (routing::asks_for_any_model(name)) return true;
        for (const config::TenantConfig& each : config_.tenants) {
            if (each.id != tenant) continue;
            return std::any_of(each.models.begin(), each.models.end(),
                               [&](const auto& model) { return model.alias == name; });
        }
        return false;
    }
    bool stores_experiments() const { return config_.stores.database.value != "none"; }
    // What the file alone cannot tell, and what the database has not either.
    Problem unknown_experiment(routing::RuleProblem item) const {
        if (!with_database_) {
            item.message += " (in the configuration; one of that name in the database is used, "
                            "else the rule goes by the model that was asked for)";
            return problem_of(item, Severity::warning);
        }
        item.message += " (neither in the configuration nor, enabled, in the database; until there "
                        "is one the rule of " + item.origin +
                        " goes by the model that was asked for)";
        item.origin = "database";
        return problem_of(item, Severity::warning);
    }
    void check(const std::vector<domain::RoutingRule>& rules, const domain::TaskData& tasks,
               const routing::Names& names) {
        const routing::KnownName known = [this](std::string_view tenant, std::string_view name) {
            return knows(tenant, name);
        };
        for (const routing::RuleProblem& item :
             routing::check_names(rules, config_.routing.experiments, tasks, names, known)) {
            if (item.field == experiment_field && stores_experiments()) {
                problems_.push_back(unknown_experiment(item));
                continue;
            }
            const bool only_no_key = wants_key(item.name);
            const bool stored = item.origin == "database";
            problems_.push_back(
                problem_of(item, only_no_key || stored ? Severity::warning : Severity::error));
        }
    }

    const config::Config& config_;
    const config::Catalog& catalog_;
    gateway::RoutingTables& tables_;
    std::vector<Problem>& problems_;
    const bool with_database_;
    std::vector<std::string> origins_;  // of the rules of files
};

}  // namespace

void build_routing(const RoutingSources& sources, gateway::RoutingTables& tables,
                   std::vector<Problem>& problems) {
    RoutingBuilder(sources, tables, problems);
}

}  // namespace tollgate::assembly
