// `tollgate init`: a first configuration from what the environment holds.
#pragma once
#include <string>

#include "commands/console.hpp"
#include "config/catalog.hpp"
#include "config/load.hpp"

namespace tollgate::commands {

struct InitArgs {
    std::string file = "tollgate.yaml";
    std::string data_dir = "./tollgate-data";
    std::string listen = "127.0.0.1:4000";
    bool force = false;  // overwrite the file; a master key is never overwritten
};

// The file's text: a model_list of the providers whose variables are set, with references to the
// variables and never their values; echo always. `master_key` is a reference ("os.environ/NAME",
// "file:/path"). Pure but for NAME_FILE variables.
std::string starting_configuration(const InitArgs& args, const config::Environment& environment,
                                   const config::Catalog& catalog, const std::string& master_key);

// Writes the file, and DATA_DIR/master_key (mode 0600) unless TOLLGATE_MASTER_KEY is set; prints
// the three commands that come next. Exit 1 when the file exists (without `force`) or cannot be
// written.
int run_init(const InitArgs& args, const config::Environment& environment,
             const config::Catalog& catalog, const Console& console);

}  // namespace tollgate::commands
