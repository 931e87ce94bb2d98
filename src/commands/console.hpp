// Where a command writes and what it returns: results to `out`, everything else to `err`.
#pragma once
#include <iosfwd>
#include <string>
#include <string_view>

namespace tollgate::commands {

// Exit codes of the command line.
constexpr int exit_done = 0;
constexpr int exit_failed = 1;  // failed, or a check found problems
constexpr int exit_usage = 2;
constexpr int exit_cancelled = 3;  // by the person who was asked
constexpr int exit_not_authorised = 4;
constexpr int exit_unreachable = 5;
constexpr int exit_not_found = 6;  // or in conflict with what is there
constexpr int exit_partly = 7;     // done, but for what was reported

struct Console {
    std::ostream& out;
    std::ostream& err;
    bool colour = false;  // of `out`
};

// Standard output and error; colour only on a terminal that is not "dumb", never with NO_COLOR.
Console process_console();

enum class Colour : unsigned char { plain, green, yellow, red, bold };
// "tollgate: MESSAGE" on `err`.
void complain(const Console& console, std::string_view message);
// Asks on a terminal and reads y or n; true at once when standard input is no terminal.
bool confirmed(const Console& console, std::string_view question);
// `text` in that colour when the console has colours.
std::string painted(const Console& console, Colour colour, std::string_view text);

}  // namespace tollgate::commands
