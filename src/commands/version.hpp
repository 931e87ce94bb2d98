// `tollgate version`.
#pragma once
#include "commands/console.hpp"

namespace tollgate::commands {

struct VersionArgs {
    bool json = false;  // -o json
};

int run_version(const VersionArgs& args, const Console& console);

}  // namespace tollgate::commands
