#include "assembly/bounds.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <set>

namespace tollgate::assembly {
namespace {

using domain::SubjectKind;
using policy::Governance;
using policy::LimitUnit;
using shared_state::MeterKind;
using std::chrono::milliseconds;

constexpr milliseconds minute{60'000}, hour{3'600'000}, day{86'400'000};

// What is said of models, deployments and providers, by their names.
struct ByName {
    std::map<std::string, Governance> all;
    std::set<std::string> providers;  // the names of these
    const Governance* find(const std::string& name) const {
        const auto found = all.find(name);
        return found == all.end() ? nullptr : &found->second;
    }
};

void append(Governance& into, const Governance& from) {
    into.limits.insert(into.limits.end(), from.limits.begin(), from.limits.end());
    into.budgets.insert(into.budgets.end(), from.budgets.begin(), from.budgets.end());
    into.counts_tokens = into.counts_tokens || from.counts_tokens;
}

bool bounds_candidates(const domain::LimitRow& row) {
    return row.kind == SubjectKind::model || row.kind == SubjectKind::deployment ||
           row.kind == SubjectKind::provider;
}

// By tenant; "" : the platform's.
std::map<std::string, ByName> rows_by_tenant(const CandidateInput& input) {
    std::map<std::string, ByName> found;
    for (const domain::LimitRow& row : input.limits) {
        if (!bounds_candidates(row)) continue;
        LimitSubject subject{subject_key(row.kind, row.subject),
                             std::string(domain::to_string(row.kind)) + " " + row.subject};
        if (!row.tenant.empty()) subject.key += "@tenant:" + row.tenant;
        ByName& names = found[row.tenant];
        add_limits(input.state, row.limits, subject, names.all[row.subject]);
        if (row.kind == SubjectKind::provider) names.providers.insert(row.subject);
    }
    for (const policy::LiveBudgetPointer& budget : input.budgets) {
        const domain::Budget& row = budget->budget();
        found[row.tenant].all[row.subject].budgets.push_back(budget);
        found[row.tenant].providers.insert(row.subject);
    }
    return found;
}

// What model_list says of its deployments.
gateway::Directory::Candidates deployments(const CandidateInput& input) {
    gateway::Directory::Candidates bounds;
    for (const gateway::EndpointPointer& endpoint : input.snapshot.endpoints) {
        const domain::Deployment& deployment = endpoint->deployment;
        domain::Limits limits;
        limits.requests_per_minute = deployment.requests_per_minute;
        limits.tokens_per_minute = deployment.tokens_per_minute;
        limits.concurrent_requests = deployment.parallel_max;
        if (!limits.any()) continue;
        add_limits(input.state, limits,
                   {"deployment:" + deployment.id, "deployment " + domain::target_name(deployment)},
                   bounds[deployment.id]);
    }
    return bounds;
}

// Those that are made on demand are found by provider/model, then by model, then by provider: what
// is found first holds what is said of the others too.
void add_on_demand(const ByName& by_name, gateway::Directory::Candidates& bounds) {
    for (const auto& [name, of_name] : by_name.all) {
        Governance joined = of_name;
        const std::size_t slash = name.find('/');
        if (slash != std::string::npos) {
            for (const std::string& part : {name.substr(0, slash), name.substr(slash + 1)}) {
                if (const Governance* found = by_name.find(part)) append(joined, *found);
            }
        }
        bounds.emplace(name, std::move(joined));
        for (const std::string& provider : by_name.providers) {
            const std::string target = provider + "/" + name;
            if (by_name.providers.contains(name) || by_name.find(target) != nullptr) continue;
            Governance both = of_name;
            append(both, *by_name.find(provider));
            bounds.emplace(target, std::move(both));
        }
    }
}

// Every known deployment holds what applies to it by any of its names.
void join(const gateway::Snapshot& snapshot, const ByName& by_name,
          gateway::Directory::Candidates& bounds) {
    if (by_name.all.empty()) return;
    for (const gateway::EndpointPointer& endpoint : snapshot.endpoints) {
        const domain::Deployment& deployment = endpoint->deployment;
        const std::set<std::string> names{deployment.model_name, deployment.group,
                                          domain::target_name(deployment),
                                          deployment.provider.type};
        Governance joined;
        for (const std::string& name : names) {
            if (const Governance* found = by_name.find(name)) append(joined, *found);
        }
        if (!joined.empty()) append(bounds[deployment.id], joined);
    }
    add_on_demand(by_name, bounds);
}

}  // namespace

std::string subject_key(SubjectKind kind, const std::string& id) {
    return std::string(domain::to_string(kind)) + ":" + id;
}

void add_limits(shared_state::SharedState& state, const domain::Limits& limits,
                const LimitSubject& subject, Governance& out) {
    const auto add = [&](const std::optional<std::int64_t>& limit, LimitUnit unit,
                         const char* name, milliseconds length, const char* window_name) {
        if (!limit) return;
        policy::LimitUse use;
        const MeterKind kind =
            unit == LimitUnit::concurrent ? MeterKind::slots : MeterKind::window;
        use.meter = state.meter({std::string(name) + ":" + subject.key, kind, length, *limit});
        use.unit = unit;
        use.limit = *limit;
        use.subject = subject.name;
        use.window = window_name;
        const bool tokens = unit != LimitUnit::requests && unit != LimitUnit::concurrent;
        out.counts_tokens = out.counts_tokens || tokens;
        out.limits.push_back(std::move(use));
    };
    add(limits.requests_per_minute, LimitUnit::requests, "rpm", minute, "minute");
    add(limits.requests_per_hour, LimitUnit::requests, "rph", hour, "hour");
    add(limits.requests_per_day, LimitUnit::requests, "rpd", day, "day");
    add(limits.tokens_per_minute, LimitUnit::tokens, "tpm", minute, "minute");
    add(limits.input_tokens_per_minute, LimitUnit::input_tokens, "itpm", minute, "minute");
    add(limits.output_tokens_per_minute, LimitUnit::output_tokens, "otpm", minute, "minute");
    add(limits.concurrent_requests, LimitUnit::concurrent, "slots", {}, "");
}

void bound_candidates(const CandidateInput& input, gateway::Directory& directory) {
    const std::map<std::string, ByName> rows = rows_by_tenant(input);
    const gateway::Directory::Candidates of_deployments = deployments(input);
    const auto of_platform = rows.find("");
    const ByName platform = of_platform == rows.end() ? ByName() : of_platform->second;
    directory.candidates = of_deployments;
    join(input.snapshot, platform, directory.candidates);
    for (const auto& [tenant, own] : rows) {
        if (tenant.empty()) continue;
        ByName both = platform;
        for (const auto& [name, bounds] : own.all) append(both.all[name], bounds);
        both.providers.insert(own.providers.begin(), own.providers.end());
        gateway::Directory::Candidates& bounds = directory.candidates_of_tenants[tenant];
        bounds = of_deployments;
        join(input.snapshot, both, bounds);
    }
    const auto note = [&directory](const gateway::Directory::Candidates& all) {
        for (const auto& [name, bounds] : all) {
            directory.candidates_count_tokens =
                directory.candidates_count_tokens || bounds.counts_tokens;
        }
    };
    note(directory.candidates);
    for (const auto& [tenant, bounds] : directory.candidates_of_tenants) note(bounds);
}

}  // namespace tollgate::assembly
