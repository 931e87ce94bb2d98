// The gateway of this machine as the command line administers it: the running one when it answers
// where the configuration says, else this process serves the same administrative interface over the
// configured database for as long as the verb runs. Blocking; main thread.
#pragma once
#include <memory>

#include "base/result.hpp"
#include "commands/administration.hpp"
#include "commands/console.hpp"
#include "commands/remote_administration.hpp"
#include "commands/render.hpp"

namespace tollgate::app {

// What --url, --context, the environment or the context in use name, else the local gateway.
// Fails: as commands::choose_destination(), and unavailable when there is nothing to administer.
base::Result<std::unique_ptr<commands::Administration>> open_administration(
    const commands::ConnectionArgs& args);

// Where that gateway answers, and with which key: for verbs that send model traffic. Fails as
// open_administration(), and unavailable when none runs.
base::Result<commands::RemoteOptions> find_gateway(const commands::ConnectionArgs& args);

// `tollgate migrate`: brings the configured database to what this binary knows and prints what was
// applied. Gives the exit code.
int run_migrate(const commands::ConnectionArgs& args, commands::Output output,
                const commands::Console& console);

}  // namespace tollgate::app
