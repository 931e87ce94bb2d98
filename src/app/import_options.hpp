// `tollgate import ...` on the command line. Main thread.
#pragma once
#include <string>

#include "commands/administration.hpp"
#include "commands/import_litellm.hpp"

namespace CLI {
class App;
}

namespace tollgate::app {

// What was typed. Outlives the parse.
class ImportOptions {
public:
    // Adds the verbs; the one that is called leaves its exit code in `code`. `given` names the
    // configuration whose database is written, `output` is what -o says. All outlive the parse.
    void add_to(CLI::App& line, const commands::ConnectionArgs& given, const std::string& output,
                int& code);

private:
    commands::ImportLitellmArgs litellm_;
};

}  // namespace tollgate::app
