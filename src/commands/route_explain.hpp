// `tollgate route explain`: what routing would do with a request, and why, for people. Asks a
// gateway, or a configuration alone. Blocking.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "commands/administration.hpp"
#include "commands/console.hpp"
#include "commands/render.hpp"

namespace tollgate::commands {

// What was typed; "" : not given.
struct RouteExplainArgs {
    std::string model, prompt;
    std::string user;         // an id: whose request it would be
    std::string power_level;
    std::string file;         // a request body of any protocol; "-" : standard input
    Output output = Output::table;
};

// The body of the call. Fails: invalid_request naming the option that is missing or too much.
base::Result<std::string> explain_body(const RouteExplainArgs& args);

// The answer (docs/routing.md) in lines and tables; colours and width as the console has them.
// Fails: provider when the text is no answer of that call.
base::Result<std::string> explained_text(std::string_view answer, const Console& console);
// One row per candidate: the tried ones in order, then the others with their reasons.
base::Result<std::string> explained_csv(std::string_view answer);

// The answer without a gateway: what the configuration alone says. `body` as the call takes it.
using ExplainAlone = std::function<base::Result<std::string>(const std::string& body)>;

// `alone` : empty to ask the gateway of `connection`. Gives the exit code, of console.hpp.
int run_route_explain(const RouteExplainArgs& args, const ConnectionArgs& connection,
                      const OpenAdministration& open, const ExplainAlone& alone,
                      const Console& console);

}  // namespace tollgate::commands
