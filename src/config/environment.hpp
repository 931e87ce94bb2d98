// Variables that set configuration by themselves: ours, and those of the programs that people come
// from. One load, one thread.
#pragma once
#include "config/load.hpp"

namespace tollgate::config {

// Applies TOLLGATE_* and the originals' variables to what the files left unset; says what is
// honoured and what is not used yet.
void apply_environment(const Environment& environment, Config& config,
                       std::vector<Problem>& problems);

}  // namespace tollgate::config
