// `tollgate route`, `simulate` and `bench` on the command line. Main thread.
#pragma once
#include <string>

#include "commands/administration.hpp"
#include "commands/bench_models.hpp"
#include "commands/route_explain.hpp"
#include "commands/simulate.hpp"

namespace CLI {
class App;
}

namespace tollgate::app {

// What was typed. Outlives the parse.
class RoutingOptions {
public:
    // Adds the verbs; the one that is called leaves its exit code in `code`. `given` names the
    // gateway or the configuration, `output` is what -o says. All outlive the parse.
    void add_to(CLI::App& line, const commands::ConnectionArgs& given, const std::string& output,
                int& code);

private:
    void add_route(CLI::App& line, const commands::ConnectionArgs& given,
                   const std::string& output, int& code);

    void add_simulate(CLI::App& line, const commands::ConnectionArgs& given,
                      const std::string& output, int& code);

    void add_bench(CLI::App& line, const commands::ConnectionArgs& given,
                   const std::string& output, int& code);

    commands::RouteExplainArgs explain_;
    commands::BenchModelsArgs bench_;
    commands::SimulateArgs simulate_;
};

}  // namespace tollgate::app
