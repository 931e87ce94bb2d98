// Gateways that the command line knows by name: where they are and which file holds the key. Kept
// in $XDG_CONFIG_HOME/tollgate/contexts.yaml (~/.config without it), mode 0600. Blocking file I/O.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "commands/console.hpp"
#include "commands/render.hpp"
#include "config/load.hpp"

namespace tollgate::commands {

struct Context {
    std::string name, url;
    std::string key_file, ca_file;  // "" : none
};
struct Contexts {
    std::vector<Context> all;
    std::string current;  // a name, "" : none
    const Context* find(std::string_view name) const;
};

// Where they are kept. Fails: invalid_request when neither XDG_CONFIG_HOME nor HOME is set.
base::Result<std::string> contexts_file(const config::Environment& environment);
// No file is no contexts. Fails: invalid_request naming file and line.
base::Result<Contexts> read_contexts(const std::string& path);
// Replaces the file at once or not at all; makes its folder with mode 0700. Fails: unavailable.
base::Result<void> write_contexts(const std::string& path, const Contexts& contexts);

// `tollgate contexts add|list|use|remove`; each gives the exit code.
int run_contexts_add(const config::Environment& environment, const Context& context,
                     const Console& console);
int run_contexts_list(const config::Environment& environment, Output output,
                      const Console& console);
// "" as the name: the local gateway again.
int run_contexts_use(const config::Environment& environment, const std::string& name,
                     const Console& console);
int run_contexts_remove(const config::Environment& environment, const std::string& name,
                        const Console& console);

}  // namespace tollgate::commands
