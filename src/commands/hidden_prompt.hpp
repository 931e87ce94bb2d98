// Asks for a secret on the terminal, without showing what is typed. Blocking; main thread, while no
// other thread takes signals.
#pragma once
#include <string>

#include "base/result.hpp"

namespace tollgate::commands {

// "QUESTION: " on standard error, a line from standard input. A signal that ends the process
// (SIGINT, SIGTERM, SIGHUP, SIGQUIT) ends it here too, once the terminal shows again what is typed.
// Fails: authentication with `without_terminal` where nobody can be asked; cancelled on an empty
// line.
base::Result<std::string> asked_secret(const std::string& question,
                                       const std::string& without_terminal);

}  // namespace tollgate::commands
