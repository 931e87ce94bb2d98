#include "app/options.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "app/app.hpp"
#include "app/configuration.hpp"
#include "app/offline.hpp"
#include "base/nearest.hpp"
#include "commands/config_commands.hpp"
#include "commands/doctor.hpp"
#include "commands/init.hpp"
#include "commands/snippet.hpp"
#include "commands/version.hpp"
#include "secret_sources/files.hpp"

namespace tollgate::app {
namespace {

constexpr const char* default_data_dir = "./tollgate-data";

// Every verb's options, and the exit code of the one that ran.
struct Verbs {
    ServeOptions serve;
    commands::VersionArgs version;
    commands::ConfigCheckArgs check;
    commands::ConfigShowArgs show;
    commands::InitArgs init;
    commands::DoctorArgs doctor;
    commands::SnippetArgs snippet{"claude-code", "", "", "", nullptr};
    std::string key_file;
    std::string data_dir = default_data_dir;
    std::string output = "table";
    int code = 0;
    bool json() const { return output == "json"; }
};

int failed(const base::Error& error) {
    std::fprintf(stderr, "tollgate: %s\n", error.message.c_str());
    return commands::exit_failed;
}

void add_serve(CLI::App& line, Verbs& verbs) {
    CLI::App* verb = line.add_subcommand("serve", "Serve model traffic");
    verb->add_option("--config,-c", verbs.serve.config_file,
                     "Configuration file (default: ./tollgate.yaml, /etc/tollgate/tollgate.yaml)");
    verb->add_option("--listen", verbs.serve.listen, "HOST:PORT, above the configuration");
    verb->add_option("--data-dir", verbs.serve.data_dir,
                     "Where the key and state are kept (default: ./tollgate-data)");
    verb->callback([&verbs] { verbs.code = serve(verbs.serve); });
}

void add_init(CLI::App& line, Verbs& verbs) {
    CLI::App* verb =
        line.add_subcommand("init", "Write a first configuration from the provider variables set");
    verb->add_option("file", verbs.init.file, "The file to write")->capture_default_str();
    verb->add_option("--data-dir", verbs.init.data_dir, "Where the key is kept")
        ->capture_default_str();
    verb->add_option("--listen", verbs.init.listen, "HOST:PORT")->capture_default_str();
    verb->add_flag("--force", verbs.init.force, "Overwrite the file");
    verb->callback([&verbs] {
        const Offline offline;
        if (!offline.ready().ok()) {
            verbs.code = failed(offline.ready().error());
            return;
        }
        verbs.code = commands::run_init(verbs.init, offline.environment(), offline.catalog(),
                                        commands::process_console());
    });
}

int run_config_check(const Verbs& verbs) {
    Offline offline;
    if (!offline.ready().ok()) return failed(offline.ready().error());
    commands::ConfigCheckArgs args = verbs.check;
    args.json = verbs.json();
    const commands::MeaningCheck meaning = [&](const config::Config& config) {
        return offline.build(config).problems;
    };
    return commands::run_config_check(args, offline.environment(), meaning,
                                      commands::process_console());
}

void add_config(CLI::App& line, Verbs& verbs) {
    CLI::App* verb = line.add_subcommand("config", "Check and show configuration");
    verb->require_subcommand(1);
    CLI::App* check = verb->add_subcommand("check", "List every problem of a file");
    check->add_option("file", verbs.check.file, "The file (default: the usual places)");
    check->callback([&verbs] { verbs.code = run_config_check(verbs); });
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

int run_doctor(Verbs& verbs) {
    Offline offline;
    if (!offline.ready().ok()) return failed(offline.ready().error());
    commands::DoctorArgs& args = verbs.doctor;
    if (args.config_file.empty()) args.config_file = config::default_path();
    args.loaded = offline.load(args.config_file);
    args.data_dir = verbs.data_dir;
    args.json = verbs.json();
    if (args.loaded.ok()) {
        const assembly::BuildResult built = offline.build(args.loaded.config);
        for (const config::Problem& problem : built.problems) {
            args.loaded.problems.push_back(problem);
        }
        if (built.snapshot != nullptr) {
            for (const auto& endpoint : built.snapshot->endpoints) {
                if (!endpoint->deployment.provider.echo) {
                    args.deployments.push_back(endpoint->deployment);
                }
            }
        }
    }
    return commands::run_doctor(args, commands::process_console());
}

void add_doctor(CLI::App& line, Verbs& verbs) {
    CLI::App* verb = line.add_subcommand("doctor", "Check what can go wrong, with hints");
    verb->add_option("--config,-c", verbs.doctor.config_file, "Configuration file");
    verb->add_option("--data-dir", verbs.data_dir, "The data directory")->capture_default_str();
    verb->add_flag("!--no-network", verbs.doctor.network, "Only this machine, no provider");
    CLI::App* client =
        verb->add_subcommand("client", "Judge the variables of a shell that starts a client");
    client->callback([&verbs] {
        verbs.code = commands::run_doctor_client(process_environment().variables, verbs.json(),
                                                 commands::process_console());
    });
    verb->callback([&verbs, client] {
        if (!client->parsed()) verbs.code = run_doctor(verbs);
    });
}

int run_snippet(Verbs& verbs) {
    const std::string path =
        verbs.key_file.empty() ? verbs.data_dir + "/master_key" : verbs.key_file;
    auto key = secret_sources::read_secret_file(path);
    // Without a readable key the lines name the place where it goes.
    verbs.snippet.key = key.ok() ? *key : "YOUR_KEY";
    const auto text = commands::client_snippet(verbs.snippet);
    if (!text.ok()) return failed(text.error());
    std::cout << *text << "\n";
    return commands::exit_done;
}

void add_keys(CLI::App& line, Verbs& verbs) {
    CLI::App* verb = line.add_subcommand("keys", "Gateway keys");
    verb->require_subcommand(1);
    CLI::App* snippet = verb->add_subcommand("snippet", "The lines that a client needs");
    verbs.snippet.base_url = "http://127.0.0.1:4000";
    snippet->add_option("--client", verbs.snippet.client,
                        "claude-code, codex, opencode, openai or settings-json")
        ->capture_default_str();
    snippet->add_option("--url", verbs.snippet.base_url, "The gateway's address")
        ->capture_default_str();
    snippet->add_option("--model", verbs.snippet.model, "A model's public name");
    snippet->add_option("--key-file", verbs.key_file,
                        "File with the key (default: DATA_DIR/master_key)");
    snippet->add_option("--data-dir", verbs.data_dir, "The data directory")->capture_default_str();
    snippet->callback([&verbs] { verbs.code = run_snippet(verbs); });
}

// "tollgate srve": names the verb that was probably meant. False when the first word is a verb.
bool explain_unknown_verb(const CLI::App& line, int argc, char** argv) {
    if (argc < 2 || argv[1][0] == '-') return false;
    const std::string wanted = argv[1];
    std::vector<std::string> verbs;
    for (const CLI::App* verb : line.get_subcommands([](const CLI::App*) { return true; })) {
        verbs.push_back(verb->get_name());
        if (verb->get_name() == wanted) return false;
    }
    const auto near = base::nearest(wanted, verbs, 1, true);
    std::fprintf(stderr, "tollgate: no command '%s'%s; tollgate --help lists them\n",
                 wanted.c_str(),
                 near.empty() ? "" : (": did you mean '" + near.front() + "'?").c_str());
    return true;
}

}  // namespace

int run_command_line(int argc, char** argv) {
    CLI::App line("Tollgate: a gateway between AI coding clients and model providers", "tollgate");
    line.require_subcommand(1);
    line.fallthrough();
    line.footer(
        "Examples:\n"
        "  tollgate serve                       with the provider variables set, or in demo mode\n"
        "  tollgate init && tollgate serve      write tollgate.yaml first\n"
        "  tollgate doctor                      when something does not work");
    Verbs verbs;
    line.add_option("-o,--output", verbs.output, "table or json")
        ->check(CLI::IsMember({"table", "json"}));
    add_serve(line, verbs);
    add_init(line, verbs);
    add_config(line, verbs);
    add_doctor(line, verbs);
    add_keys(line, verbs);
    line.add_subcommand("version", "Print the version")->callback([&verbs] {
        verbs.version.json = verbs.json();
        verbs.code = commands::run_version(verbs.version, commands::process_console());
    });
    try {
        line.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        if (problem.get_exit_code() != 0 && explain_unknown_verb(line, argc, argv)) {
            return commands::exit_usage;
        }
        return line.exit(problem) == 0 ? 0 : commands::exit_usage;
    }
    return verbs.code;
}

}  // namespace tollgate::app
