// Limits as live counters, and what bounds a candidate: limits of models, providers and
// deployments, and budgets of providers, of the platform and of single tenants.
#pragma once
#include <string>
#include <vector>

#include "domain/tenancy.hpp"
#include "gateway/directory.hpp"
#include "gateway/snapshot.hpp"
#include "policy/live_budget.hpp"
#include "shared_state/shared_state.hpp"

namespace tollgate::assembly {

// "tenant:acme", "key:0193..".
std::string subject_key(domain::SubjectKind kind, const std::string& id);

struct LimitSubject {
    std::string key;   // of the counters: as subject_key()
    std::string name;  // for messages: "key ci"
};
// Adds what `limits` says of that subject.
void add_limits(shared_state::SharedState& state, const domain::Limits& limits,
                const LimitSubject& subject, policy::Governance& out);

struct CandidateInput {
    shared_state::SharedState& state;
    const gateway::Snapshot& snapshot;
    const std::vector<domain::LimitRow>& limits;
    const std::vector<policy::LiveBudgetPointer>& budgets;  // of providers
};
// Fills in the directory's candidates. A row without a tenant bounds everybody together, one with a
// tenant that tenant alone.
void bound_candidates(const CandidateInput& input, gateway::Directory& directory);

}  // namespace tollgate::assembly
