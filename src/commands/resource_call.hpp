// What the command line gave, as the call that the table's row makes: path, query, body. Pure but
// for the secret files that options name.
#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "commands/administration.hpp"
#include "commands/resource_table.hpp"

namespace tollgate::commands {

struct Given {
    const Field* field = nullptr;  // of the row's fields; outlives this
    std::string value;
};

// A row of the table with what was typed.
struct Invocation {
    const Action* action = nullptr;
    std::string positional;  // "" : not given
    std::vector<Given> given;
    std::string object_text;  // --from-file: a JSON object that the options are put into; "" : none
    Output output = Output::table;
    std::size_t rows = 0;   // of lists; 0: all
    bool yes = false;       // asks nothing
    std::string file;       // where streams go; "" : standard output
};

struct CallText {
    std::string target;  // path and query
    Pairs query;         // the same, apart, for lists that add to it
    std::string path;
    std::string body;    // "" : none
};

// Reads a secret file, "-" is standard input.
using ReadSecret = std::function<base::Result<std::string>(const std::string& path)>;

// Fails: invalid_request naming the option and what it takes.
base::Result<CallText> call_of(const Invocation& invocation, const ReadSecret& read_secret,
                               std::chrono::system_clock::time_point now);

// "7d", "24h", "15m", "2w" as seconds; 0 for anything else.
std::int64_t duration_seconds(std::string_view text);

}  // namespace tollgate::commands
