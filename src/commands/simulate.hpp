// `tollgate simulate`: what recorded traffic would have cost under another configuration, beside
// what it did cost.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "commands/console.hpp"
#include "commands/render.hpp"
#include "routing/simulate.hpp"

namespace tollgate::commands {

// What was typed.
struct SimulateArgs {
    std::string from = "usage";  // what is replayed; there is nothing else yet
    std::string rules;           // the other configuration's file
    std::string range = "7d";    // back from now: 7d, 24h; all
    std::string tenant;          // an id or a name, "" : all
    Output output = Output::table;
};

struct SimulateQuestion {
    std::string rules, tenant;
    std::int64_t seconds = 0;  // back from now; 0: all that is kept
};
using Simulate =
    std::function<base::Result<routing::SimulationReport>(const SimulateQuestion& question)>;

// Fails: invalid_request naming the option and what it takes.
base::Result<SimulateQuestion> simulate_question(const SimulateArgs& args);

std::string simulated_text(const routing::SimulationReport& report, const Console& console);
// A row per rule and per model; the column `by` says which it is.
std::string simulated_csv(const routing::SimulationReport& report);

// Gives the exit code, of console.hpp.
int run_simulate(const SimulateArgs& args, const Simulate& simulate, const Console& console);

}  // namespace tollgate::commands
