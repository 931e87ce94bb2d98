// From rows to a directory: who each key is, what it may use, and the limits and budgets that hold
// for it, joined to their live counters. Blocking (the amounts spent so far come from the
// database); for the start and the directory's own thread.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "assembly/directory_rows.hpp"
#include "gateway/directory.hpp"
#include "gateway/gateway.hpp"
#include "policy/installation_key.hpp"
#include "policy/key_vault.hpp"
#include "policy/live_budget.hpp"
#include "shared_state/shared_state.hpp"

namespace tollgate::assembly {

// What was spent by the subject of a budget in from <= t < until (Unix microseconds).
using SpentIn = std::function<base::Result<domain::NanoUsd>(
    const domain::Budget& budget, domain::UnixMicros from, domain::UnixMicros until)>;

struct DirectoryInput {
    const DirectoryRows& rows;
    const config::Config& config;
    const gateway::Snapshot& snapshot;        // its deployments have limits
    std::string master_key = {};              // "" : none
    std::shared_ptr<const policy::InstallationKey> installation = {};  // null: no store
    shared_state::SharedState* state = nullptr;                   // null: nothing is governed
    SpentIn spent = {};                       // empty: nothing was spent
    // Called when a budget's next period begins, on any thread; empty: nobody asks.
    policy::LiveBudget::PeriodOpened opened = {};
    gateway::RequestMetrics* metrics = nullptr;  // null: nothing is counted
    std::shared_ptr<const policy::KeyVault> vault = {};  // null: nobody has keys of his own
    std::uint64_t version = 1;
};

struct DirectoryResult {
    std::shared_ptr<const gateway::Directory> directory;  // null when there are errors
    std::vector<config::Problem> problems;
    // Every budget with its live state, for the alerts and the admin's view.
    std::vector<policy::LiveBudgetPointer> budgets;
};

DirectoryResult build_directory(const DirectoryInput& input);

}  // namespace tollgate::assembly
