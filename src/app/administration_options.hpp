// The verbs of administration on the command line: the table of commands/resource_table.hpp bound
// to options, and contexts and migrate beside it. Main thread.
#pragma once
#include <memory>

#include "commands/administration.hpp"
#include "commands/resource_call.hpp"

namespace CLI {
class App;
}

namespace tollgate::app {

// What was typed for the verbs of administration. Outlives the parse.
class AdministrationOptions {
public:
    AdministrationOptions();
    ~AdministrationOptions();
    AdministrationOptions(const AdministrationOptions&) = delete;
    AdministrationOptions& operator=(const AdministrationOptions&) = delete;

    // Adds every verb; the one that is called leaves its exit code in `code`. `output` is what -o
    // says. All outlive the parse.
    void add_to(CLI::App& line, const std::string& output, int& code);
    // Which gateway; also for verbs that are not administration's.
    const commands::ConnectionArgs& connection() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace tollgate::app
