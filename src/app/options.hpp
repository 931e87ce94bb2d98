// The command line: which verb runs with which options. Exit codes: console.hpp.
#pragma once

namespace tollgate::app {

int run_command_line(int argc, char** argv);

}  // namespace tollgate::app
