#include "commands/config_commands.hpp"

#include <algorithm>
#include <ostream>

#include "base/json.hpp"
#include "config/show.hpp"

namespace tollgate::commands {
namespace {

using config::Problem;
using config::Severity;

std::string_view severity_name(Severity severity) {
    switch (severity) {
        case Severity::error: return "error";
        case Severity::warning: return "warning";
        case Severity::notice: return "notice";
    }
    return "error";
}

// The file to read; says so and gives "" when there is none.
std::string file_or_complaint(const std::string& given, const Console& console) {
    if (!given.empty()) return given;
    std::string found = config::default_path();
    if (found.empty()) {
        console.err << "no configuration: neither ./tollgate.yaml nor /etc/tollgate/tollgate.yaml "
                       "exists. Name a file, or make one with `tollgate init`.\n";
    }
    return found;
}

std::size_t count(const std::vector<Problem>& problems, Severity severity) {
    return static_cast<std::size_t>(
        std::count_if(problems.begin(), problems.end(),
                      [severity](const Problem& one) { return one.severity == severity; }));
}

void write_json(const std::vector<Problem>& problems, const Console& console) {
    std::string text;
    json::Writer writer(text);
    writer.begin_array();
    for (const Problem& problem : problems) {
        writer.begin_object()
            .string("severity", severity_name(problem.severity))
            .string("file", problem.file)
            .integer("line", static_cast<std::int64_t>(problem.line))
            .integer("column", static_cast<std::int64_t>(problem.column))
            .string("path", problem.path)
            .string("message", problem.message)
            .string("suggestion", problem.suggestion)
            .end_object();
    }
    writer.end_array();
    console.out << text << "\n";
}

std::string counted(std::size_t number, const std::string& noun) {
    return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

}  // namespace

int run_config_check(const ConfigCheckArgs& args, const config::Environment& environment,
                     const MeaningCheck& meaning, const Console& console) {
    const std::string file = file_or_complaint(args.file, console);
    if (file.empty()) return exit_failed;
    config::LoadResult loaded = config::load(file, environment);
    if (loaded.ok() && meaning) {
        for (Problem& problem : meaning(loaded.config)) loaded.problems.push_back(problem);
    }
    if (args.json) {
        write_json(loaded.problems, console);
    } else {
        for (const Problem& problem : loaded.problems) console.out << problem.text() << "\n";
    }
    const std::size_t errors = count(loaded.problems, Severity::error);
    console.err << file << ": " << (errors > 0 ? counted(errors, "error") : std::string("good"))
                << ", " << counted(count(loaded.problems, Severity::warning), "warning") << ", "
                << counted(loaded.config.model_list.size(), "deployment") << "\n";
    return errors > 0 ? exit_failed : exit_done;
}

int run_config_show(const ConfigShowArgs& args, const config::Environment& environment,
                    const Console& console) {
    const std::string file = file_or_complaint(args.file, console);
    if (file.empty()) return exit_failed;
    const config::LoadResult loaded = config::load(file, environment);
    if (!loaded.ok()) {
        console.err << loaded.report();
        return exit_failed;
    }
    console.out << config::show_effective(loaded.config, args.effective);
    return exit_done;
}

int run_config_schema(const Console& console) {
    console.out << config::json_schema();
    return exit_done;
}

}  // namespace tollgate::commands
