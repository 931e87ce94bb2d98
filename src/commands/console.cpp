#include "commands/console.hpp"

#include <unistd.h>

#include <cstdlib>
#include <iostream>

namespace tollgate::commands {

Console process_console() {
    const char* no_colour = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    const bool refused = no_colour != nullptr && *no_colour != '\0';
    const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
    return {std::cout, std::cerr, !refused && !dumb && isatty(STDOUT_FILENO) == 1};
}

void complain(const Console& console, std::string_view message) {
    console.err << "tollgate: " << message << "\n";
}

bool confirmed(const Console& console, std::string_view question) {
    if (isatty(STDIN_FILENO) != 1) return true;
    console.err << question << " [y/N] " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

std::string painted(const Console& console, Colour colour, std::string_view text) {
    std::string_view code;
    switch (colour) {
        case Colour::plain: break;
        case Colour::green: code = "32"; break;
        case Colour::yellow: code = "33"; break;
        case Colour::red: code = "31"; break;
        case Colour::bold: code = "1"; break;
    }
    if (!console.colour || code.empty()) return std::string(text);
    return "\x1B[" + std::string(code) + "m" + std::string(text) + "\x1B[0m";
}

}  // namespace tollgate::commands
