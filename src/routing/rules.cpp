#include "routing/rules.hpp"

#include <algorithm>

#include "routing/aliases.hpp"
#include "routing/rule_conditions.hpp"

namespace tollgate::routing {

struct RuleSet::Compiled {
    domain::RoutingRule rule;
    RuleConditions conditions;
};

RuleSet::RuleSet() = default;
RuleSet::RuleSet(RuleSet&&) noexcept = default;
RuleSet& RuleSet::operator=(RuleSet&&) noexcept = default;
RuleSet::~RuleSet() = default;

RuleSet::RuleSet(std::vector<domain::RoutingRule> rules, const ZoneLoader& zones,
                 std::vector<RuleProblem>& problems) {
    for (domain::RoutingRule& rule : rules) {
        auto compiled = std::make_unique<Compiled>();
        compiled->rule = std::move(rule);
        const domain::RoutingRule& kept = compiled->rule;
        RuleList& list = by_tenant_[kept.tenant];
        const bool again = std::any_of(list.begin(), list.end(), [&](const auto& other) {
            return other->rule.name == kept.name && other->rule.id == kept.id;
        });
        if (again) {
            problems.push_back({kept.name, kept.tenant, kept.origin, "name",
                                "another rule has this name already"});
            continue;
        }
        auto made = RuleConditions::make(kept.match, zones);
        if (!made) {
            problems.push_back({kept.name, kept.tenant, kept.origin, made.error().field,
                                made.error().message});
            continue;
        }
        compiled->conditions = std::move(made).value();
        list.push_back(std::move(compiled));
    }
}

bool RuleSet::empty() const { return size() == 0; }

std::size_t RuleSet::size() const {
    std::size_t count = 0;
    for (const auto& [tenant, list] : by_tenant_) count += list.size();
    return count;
}

const RuleSet::RuleList* RuleSet::of(std::string_view tenant) const {
    const auto found = by_tenant_.find(tenant);
    return found == by_tenant_.end() ? nullptr : &found->second;
}

const domain::RoutingRule* RuleSet::match(const RequestFeatures& features,
                                          const TaskOfRequest& task, RuleTrace* trace,
                                          const PassOver& pass_over) const {
    const std::string_view dateless = without_date(features.requested);
    const auto first_of = [&](const RuleList& list) -> const domain::RoutingRule* {
        for (const auto& compiled : list) {
            const domain::RoutingRule& rule = compiled->rule;
            if (!rule.enabled) continue;
            std::string* failed = nullptr;
            if (trace != nullptr) {
                failed = &trace->outcomes.emplace_back(RuleOutcome{rule.name, rule.tenant, ""})
                              .failed;
            }
            if (!compiled->conditions.hold(features, dateless, task, failed)) continue;
            const std::string why = pass_over ? pass_over(rule) : std::string();
            if (why.empty()) return &rule;
            if (failed != nullptr) *failed = why;
        }
        return nullptr;
    };
    if (!features.tenant.empty()) {
        if (const RuleList* own = of(features.tenant)) {
            if (const auto* hit = first_of(*own)) return hit;
        }
    }
    const RuleList* shared = of("");
    return shared != nullptr ? first_of(*shared) : nullptr;
}

const domain::RoutingRule* RuleSet::by_name(std::string_view tenant, std::string_view name) const {
    const auto in = [&](std::string_view owner) -> const domain::RoutingRule* {
        const RuleList* list = of(owner);
        if (list == nullptr) return nullptr;
        for (const auto& compiled : *list) {
            const domain::RoutingRule& rule = compiled->rule;
            if (rule.enabled && (rule.name == name || rule.id == name)) return &rule;
        }
        return nullptr;
    };
    const domain::RoutingRule* own = tenant.empty() ? nullptr : in(tenant);
    return own != nullptr ? own : in("");
}

std::vector<std::string> RuleSet::names(std::string_view tenant) const {
    std::vector<std::string> out;
    const auto add = [&](const RuleList* list) {
        if (list == nullptr) return;
        for (const auto& compiled : *list) {
            if (compiled->rule.enabled) out.push_back(compiled->rule.name);
        }
    };
    if (!tenant.empty()) add(of(tenant));
    add(of(""));
    return out;
}

}  // namespace tollgate::routing
