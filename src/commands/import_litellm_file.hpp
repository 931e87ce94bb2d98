// A LiteLLM configuration file as one of ours, with a report of each of its keys. What a key means
// is said by the reader that `serve` uses: what it does not use is unsupported here too.
#pragma once
#include <string>
#include <string_view>

#include "commands/console.hpp"
#include "commands/import_litellm.hpp"
#include "commands/import_litellm_report.hpp"
#include "config/load.hpp"

namespace tollgate::commands::litellm {

struct FileImport {
    std::string yaml;      // the configuration; includes joined, references kept as they were
    ImportReport report;
    std::vector<config::Problem> errors;  // none: `yaml` loads
};
// Blocking file I/O. Literal secrets become os.environ/NAME references, and the report names them.
FileImport convert_file(const std::string& path, const config::Environment& environment);

// As run_import_litellm() does with a file.
int import_file(const ImportLitellmArgs& args, const config::Environment& environment,
                const Console& console);

}  // namespace tollgate::commands::litellm
