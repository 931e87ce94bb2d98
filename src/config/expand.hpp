// References inside configuration texts: `os.environ/NAME`, `${NAME}`, `${NAME:-default}`; `$${`
// stands for a plain `${`. Also `.env` files. Pure but for files named by NAME_FILE variables.
#pragma once
#include <string_view>

#include "config/node.hpp"

namespace tollgate::config {

// Resolves every reference below `node`. One that is not set becomes nothing, with a problem of
// severity `missing`.
void expand(Node& node, const std::string& path, const Environment& environment,
            Severity missing, std::vector<Problem>& problems);

// Adds the NAME=value lines of a `.env` text to `variables`, never above what is there. Lines that
// are no assignment become warnings.
void read_dotenv(std::string_view text, const std::string& file, Variables& variables,
                 std::vector<Problem>& problems);

}  // namespace tollgate::config
