#include "app/options.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "app/app.hpp"
#include "app/configuration.hpp"
#include "app/dialects.hpp"
#include "commands/config_commands.hpp"
#include "commands/version.hpp"

namespace tollgate::app {
namespace {

// What `config check` asks of assembly: does the configuration mean something here?
std::vector<config::Problem> meaning_problems(const config::Config& config) {
    auto catalog = config::load_catalog(embedded_catalog());
    if (!catalog.ok()) return {{config::Severity::error, "", 0, 0, "", catalog.error().message, ""}};
    const Dialects dialects;
    const auto registry = std::make_shared<providers::Registry>(dialects.sides(),
                                                                providers::BetaFilter());
    const config::Environment environment = process_environment();
    assembly::Shared shared;
    const assembly::BuildInput input{config,
                                     std::make_shared<const config::Catalog>(*std::move(catalog)),
                                     environment,
                                     registry,
                                     shared,
                                     nullptr,
                                     "unused",
                                     1};
    return assembly::build_snapshot(input).problems;
}

struct Verbs {
    ServeOptions serve;
    commands::VersionArgs version;
    commands::ConfigCheckArgs check;
    commands::ConfigShowArgs show;
    std::string output = "table";
    int code = 0;
};

void add_serve(CLI::App& line, Verbs& verbs) {
    CLI::App* verb = line.add_subcommand("serve", "Serve model traffic");
    verb->add_option("--config,-c", verbs.serve.config_file,
                     "Configuration file (default: ./tollgate.yaml, /etc/tollgate/tollgate.yaml)");
    verb->add_option("--listen", verbs.serve.listen, "HOST:PORT, above the configuration");
    verb->add_option("--data-dir", verbs.serve.data_dir,
                     "Where the key and state are kept (default: ./tollgate-data)");
    verb->callback([&verbs] { verbs.code = serve(verbs.serve); });
}

void add_config(CLI::App& line, Verbs& verbs) {
    CLI::App* verb = line.add_subcommand("config", "Check and show configuration");
    verb->require_subcommand(1);
    CLI::App* check = verb->add_subcommand("check", "List every problem of a file");
    check->add_option("file", verbs.check.file, "The file (default: the usual places)");
    check->callback([&verbs] {
        verbs.check.json = verbs.output == "json";
        verbs.code = commands::run_config_check(verbs.check, process_environment(),
                                                meaning_problems, commands::process_console());
    });
    CLI::App* show = verb->add_subcommand("show", "The configuration as it is understood");
    show->add_option("file", verbs.show.file, "The file (default: the usual places)");
    show->add_flag("--effective", verbs.show.effective, "With defaults");
    show->callback([&verbs] {
        verbs.code = commands::run_config_show(verbs.show, process_environment(),
                                               commands::process_console());
    });
    verb->add_subcommand("schema", "JSON Schema for editors")->callback([&verbs] {
        verbs.code = commands::run_config_schema(commands::process_console());
    });
}

}  // namespace

int run_command_line(int argc, char** argv) {
    CLI::App line("Tollgate: a gateway between AI coding clients and model providers", "tollgate");
    line.require_subcommand(1);
    line.fallthrough();
    Verbs verbs;
    line.add_option("-o,--output", verbs.output, "table or json")
        ->check(CLI::IsMember({"table", "json"}));
    add_serve(line, verbs);
    add_config(line, verbs);
    line.add_subcommand("version", "Print the version")->callback([&verbs] {
        verbs.version.json = verbs.output == "json";
        verbs.code = commands::run_version(verbs.version, commands::process_console());
    });
    try {
        line.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        return line.exit(problem) == 0 ? 0 : commands::exit_usage;
    }
    return verbs.code;
}

}  // namespace tollgate::app
