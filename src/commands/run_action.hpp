// Runs a row of the table of verbs: makes the call, follows the pages, shows the answer. Blocking.
#pragma once
#include <chrono>
#include <string>

#include "commands/administration.hpp"
#include "commands/console.hpp"
#include "commands/resource_call.hpp"

namespace tollgate::commands {

struct World {
    ReadSecret read_secret;
    std::chrono::system_clock::time_point now;
};

// Opens the connection once everything that was typed is understood and what must be asked was
// answered with yes. Gives the exit code, of console.hpp.
int run_action(const Invocation& invocation, const ConnectionArgs& connection,
               const OpenAdministration& open, const World& world, const Console& console);

// Says what went wrong; the failure's exit code.
int failed(const Console& console, const base::Error& error);

// Pages of `call` until the last one or `rows_max` rows (0: all), each row to `use`; true when
// there are more.
using UseRow = std::function<base::Result<void>(json::Value row)>;
base::Result<bool> each_row(Administration& administration, const CallText& call,
                            std::size_t rows_max, const UseRow& use);

// As JSON or YAML an answer is shown whole: true when it was.
bool printed_whole(const Invocation& invocation, const std::string& answer,
                   const Console& console);

// Those that show more than an object or a list.
base::Result<void> show_tenant(const Invocation& invocation, Administration& administration,
                               const std::string& answer, const Console& console);
base::Result<void> show_request(const Invocation& invocation, const std::string& answer,
                                const Console& console);
base::Result<void> show_experiment(const Invocation& invocation, const std::string& answer,
                                   const Console& console);
base::Result<void> show_sessions(const Invocation& invocation, Administration& administration,
                                 const CallText& call, const Console& console);
base::Result<void> show_savings(const Invocation& invocation, const std::string& answer,
                                const Console& console);
base::Result<void> pass_stream(const Invocation& invocation, Administration& administration,
                               const CallText& call, const Console& console);

}  // namespace tollgate::commands
