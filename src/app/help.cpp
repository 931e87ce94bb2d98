#include "app/help.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/nearest.hpp"

namespace tollgate::app {
namespace {

class ExamplesFirst final : public CLI::Formatter {
public:
    std::string make_help(const CLI::App* command, std::string name,
                          CLI::AppFormatMode mode) const override {
        if (mode == CLI::AppFormatMode::Sub) return make_expanded(command);
        const std::string examples = make_footer(command);
        std::string out;
        if (!examples.empty()) out += examples + "\n";
        out += make_description(command);
        out += make_usage(command, std::move(name));
        out += make_positionals(command);
        out += make_groups(command, mode);
        out += make_subcommands(command, mode);
        if (command->get_parent() != nullptr) {
            out += "\nWhich gateway, whose key, the form of results: see tollgate --help.\n";
        }
        return out;
    }
};

std::vector<std::string> names_below(const CLI::App& command) {
    std::vector<std::string> names;
    for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; })) {
        names.push_back(below->get_name());
    }
    return names;
}

// An option of the command or of one above it.
const CLI::Option* option_of(const CLI::App* command, const std::string& name) {
    for (; command != nullptr; command = command->get_parent()) {
        if (const CLI::Option* found = command->get_option_no_throw(name)) return found;
    }
    return nullptr;
}

std::string guess(const std::string& wanted, const std::vector<std::string>& names) {
    const auto near = base::nearest(wanted, names, 1, true);
    return near.empty() ? "" : ": did you mean '" + near.front() + "'?";
}

std::string unknown_option(const CLI::App& command, const std::string& name) {
    std::vector<std::string> names;
    for (const CLI::App* at = &command; at != nullptr; at = at->get_parent()) {
        for (const CLI::Option* option : at->get_options()) {
            for (const std::string& known : option->get_lnames()) names.push_back("--" + known);
        }
    }
    return "no option '" + name + "' of " + command.get_name() + guess(name, names);
}

}  // namespace

std::shared_ptr<CLI::FormatterBase> examples_first() {
    auto formatter = std::make_shared<ExamplesFirst>();
    constexpr std::size_t column_width = 34;  // of options, before what is said of them
    formatter->column_width(column_width);
    return formatter;
}

void set_examples(CLI::App& command, const std::string& lines) {
    command.footer("Examples:\n" + lines);
}

std::string unknown_word(const CLI::App& line, int argc, char** argv) {
    const CLI::App* command = &line;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--") return "";
        if (word.starts_with("-") && word.size() > 1) {
            const std::string name = word.substr(0, word.find('='));
            const CLI::Option* option = option_of(command, name);
            if (option == nullptr && name.starts_with("--")) return unknown_option(*command, name);
            const bool takes_next = option != nullptr && option->get_expected_min() > 0 &&
                                    word.find('=') == word.npos;
            if (takes_next) ++i;
            continue;
        }
        const std::vector<std::string> names = names_below(*command);
        if (names.empty()) continue;  // a positional
        if (std::find(names.begin(), names.end(), word) != names.end()) {
            command = command->get_subcommand(word);
            continue;
        }
        const std::string whole =
            command->get_parent() == nullptr ? "" : " of " + command->get_name();
        return "no command '" + word + "'" + whole + guess(word, names);
    }
    return "";
}

}  // namespace tollgate::app
