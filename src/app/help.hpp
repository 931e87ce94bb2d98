// Help pages, and what is said of words that are no command. Pure.
#pragma once
#include <memory>
#include <string>

namespace CLI {
class App;
class FormatterBase;
}  // namespace CLI

namespace tollgate::app {

// Pages that begin with the examples, which are an App's footer.
std::shared_ptr<CLI::FormatterBase> examples_first();
// Sets `lines`, each indented by two spaces, as the examples of a command.
void set_examples(CLI::App& command, const std::string& lines);

// "no command 'srve': did you mean 'serve'?", also below a command and for options; "" when every
// word of the command line is known.
std::string unknown_word(const CLI::App& line, int argc, char** argv);

}  // namespace tollgate::app
