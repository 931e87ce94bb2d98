// The rules of routing: which one a request meets. Rules of its tenant come before the platform's,
// each in the order given; the first whose conditions all hold wins.
//
// A RuleSet is built once per snapshot, then const and thread-safe. Conditions are tried cheapest
// first: names, principal, level, headers, time, budget, then what needs the body, then the words
// of the user, then the task; a request whose rules never come to the body is never decoded.
// Cost: some 60 ns per rule that fails at its name.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "domain/routing.hpp"
#include "routing/request_features.hpp"
#include "routing/rule_conditions.hpp"
#include "routing/task_detection.hpp"

namespace tollgate::routing {

// Why a rule did not apply, or that it did ("" : it did).
struct RuleOutcome {
    std::string rule, tenant;
    std::string failed;  // the first condition that did not hold: "task: is general, not reasoning"
};
struct RuleTrace {
    std::vector<RuleOutcome> outcomes;  // in the order they were tried, the hit last
};

// Why a rule whose conditions hold is passed over all the same, in words; "" : it is not.
using PassOver = std::function<std::string(const domain::RoutingRule&)>;

// A rule that cannot be used; the others of the set are.
struct RuleProblem {
    std::string rule, tenant, origin;
    std::string field;    // "match.prompt[0]"
    std::string message;  // for people
    std::string name = {};  // that leads nowhere, "" when it is about something else
};

class RuleSet {
public:
    RuleSet();
    // Disabled rules are kept for by_name() only. Faulty ones are left out and told of.
    RuleSet(std::vector<domain::RoutingRule> rules, const ZoneLoader& zones,
            std::vector<RuleProblem>& problems);
    RuleSet(RuleSet&&) noexcept;
    RuleSet& operator=(RuleSet&&) noexcept;
    ~RuleSet();

    bool empty() const;
    std::size_t size() const;
    // The rule that the request meets, null: none. The task is detected only when a rule asks.
    // `pass_over`: asked of a rule whose conditions hold; empty: nothing else matters.
    const domain::RoutingRule* match(const RequestFeatures& features, const TaskOfRequest& task,
                                     RuleTrace* trace = nullptr,
                                     const PassOver& pass_over = {}) const;
    // Of x-tollgate-route: the tenant's rule of that name or id, else the platform's; its
    // conditions need not hold. Null: none, or it is disabled.
    const domain::RoutingRule* by_name(std::string_view tenant, std::string_view name) const;
    // The names of the rules that a tenant may name, for messages.
    std::vector<std::string> names(std::string_view tenant) const;

private:
    struct Compiled;
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    using RuleList = std::vector<std::unique_ptr<Compiled>>;
    const RuleList* of(std::string_view tenant) const;
    std::unordered_map<std::string, RuleList, Hash, std::equal_to<>> by_tenant_;  // "" : platform
};

}  // namespace tollgate::routing
