// `tollgate config check|show|schema`.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "commands/console.hpp"
#include "config/load.hpp"

namespace tollgate::commands {

// What loading cannot see: providers that exist, names that lead somewhere. assembly/ knows.
using MeaningCheck = std::function<std::vector<config::Problem>(const config::Config& config)>;

struct ConfigCheckArgs {
    std::string file;  // "" : the default places
    bool json = false;
};
// Each problem as FILE:LINE:COLUMN on standard output, a summary on standard error. Exit 1 when one
// of them is an error or there is no file; `meaning` may be empty and is asked only about a file
// that loaded.
int run_config_check(const ConfigCheckArgs& args, const config::Environment& environment,
                     const MeaningCheck& meaning, const Console& console);

struct ConfigShowArgs {
    std::string file;
    bool effective = false;  // with defaults; else what was set
};
// The configuration as it is understood: secrets masked, the origin of each value beside it.
int run_config_show(const ConfigShowArgs& args, const config::Environment& environment,
                    const Console& console);

// The JSON Schema of the file.
int run_config_schema(const Console& console);

}  // namespace tollgate::commands
