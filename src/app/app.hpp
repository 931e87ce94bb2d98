// The running process: owns every long-lived object in the order of their dependencies, starts the
// worker threads, reloads, drains and stops. One per process; made and run by main().
#pragma once
#include <memory>
#include <string>

#include "base/result.hpp"

namespace tollgate::app {

struct ServeOptions {
    std::string config_file;  // "" : the default places, else demo or provider variables
    std::string listen;       // "" : the configuration's
    std::string data_dir;     // "" : ./tollgate-data
};

// Serves until SIGTERM or SIGINT. Returns the process's exit code: 0 after a clean drain, 1 when it
// could not start.
int serve(const ServeOptions& options);

}  // namespace tollgate::app
