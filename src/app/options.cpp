#include "app/options.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <optional>

#include "app/administration_options.hpp"
#include "app/app.hpp"
#include "app/configuration.hpp"
#include "app/help.hpp"
#include "app/import_options.hpp"
#include "app/offline.hpp"
#include "app/routing_options.hpp"
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
    AdministrationOptions administration;
    ImportOptions import;
    RoutingOptions routing;
    int code = 0;
    bool is_to_serve = false;
    // For verbs whose results are for people, or JSON.
    bool json() const {
        if (output == "yaml" || output == "csv") {
            throw CLI::ValidationError("--output", "this command prints a table or json");
        }
        return output == "json";
    }
};

int failed(const base::Error& error) {
    std::fprintf(stderr, "tollgate: %s\n", error.message.c_str());
    return commands::exit_failed;
}

// What was said before the verb counts for it too.
void take_connection(Verbs& verbs) {
    const commands::ConnectionArgs& given = verbs.administration.connection();
    if (verbs.serve.config_file.empty()) verbs.serve.config_file = given.config_file;
    if (verbs.serve.data_dir.empty()) verbs.serve.data_dir = given.data_dir;
    if (verbs.doctor.config_file.empty()) verbs.doctor.config_file = given.config_file;
    if (verbs.data_dir == default_data_dir && !given.data_dir.empty()) {
        verbs.data_dir = given.data_dir;
    }
}

void add_serve(CLI::App& line, Verbs& verbs) {
    CLI::App* verb = line.add_subcommand("serve", "Serve model traffic");
    set_examples(*verb,
                 "  tollgate serve\n"
                 "  tollgate serve --config /etc/tollgate/tollgate.yaml --listen 0.0.0.0:4000");
    verb->add_option("--config,-c", verbs.serve.config_file,
                     "Configuration file (default: ./tollgate.yaml, /etc/tollgate/tollgate.yaml)");
    verb->add_option("--listen", verbs.serve.listen, "HOST:PORT, above the configuration");
    verb->add_option("--data-dir", verbs.serve.data_dir,
                     "Where the key and state are kept (default: ./tollgate-data)");
    verb->callback([&verbs] {
        take_connection(verbs);
        verbs.is_to_serve = true;
    });
}

void add_init(CLI::App& line, Verbs& verbs) {
    CLI::App* verb =
        line.add_subcommand("init", "Write a first configuration from the provider variables set");
    set_examples(*verb, "  tollgate init\n  tollgate init tollgate.yaml --listen 0.0.0.0:4000");
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
    set_examples(*verb, "  tollgate config check\n  tollgate config show --effective");
    CLI::App* check = verb->add_subcommand("check", "List every problem of a file");
    set_examples(*check, "  tollgate config check\n  tollgate config check new.yaml -o json");
    check->add_option("file", verbs.check.file, "The file (default: the usual places)");
    check->callback([&verbs] { verbs.code = run_config_check(verbs); });
    CLI::App* show = verb->add_subcommand("show", "The configuration as it is understood");
    set_examples(*show, "  tollgate config show\n  tollgate config show --effective");
    show->add_option("file", verbs.show.file, "The file (default: the usual places)");
    show->add_flag("--effective", verbs.show.effective, "With defaults");
    show->callback([&verbs] {
        verbs.code = commands::run_config_show(verbs.show, process_environment(),
                                               commands::process_console());
    });
    CLI::App* schema = verb->add_subcommand("schema", "JSON Schema for editors");
    set_examples(*schema, "  tollgate config schema > tollgate.schema.json");
    schema->callback([&verbs] {
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
    set_examples(*verb, "  tollgate doctor\n  tollgate doctor --no-network -o json");
    CLI::App* client =
        verb->add_subcommand("client", "Judge the variables of a shell that starts a client");
    set_examples(*client, "  tollgate doctor client");
    client->callback([&verbs] {
        verbs.code = commands::run_doctor_client(process_environment().variables, verbs.json(),
                                                 commands::process_console());
    });
    verb->callback([&verbs, client] {
        if (client->parsed()) return;
        take_connection(verbs);
        verbs.code = run_doctor(verbs);
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

void add_snippet(CLI::App& keys, Verbs& verbs) {
    CLI::App* snippet = keys.add_subcommand("snippet", "The lines that a client needs");
    set_examples(*snippet,
                 "  tollgate keys snippet --client claude-code\n"
                 "  tollgate keys snippet --client codex --key-file ./acme.key");
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

void add_version(CLI::App& line, Verbs& verbs) {
    CLI::App* verb = line.add_subcommand("version", "Print the version");
    set_examples(*verb, "  tollgate version\n  tollgate version -o json");
    verb->callback([&verbs] {
        verbs.version.json = verbs.json();
        verbs.code = commands::run_version(verbs.version, commands::process_console());
    });
}

// Runs the verb, except that of `serve`, which it only reads.
int run_verb(int argc, char** argv, std::optional<ServeOptions>& serve_so) {
    CLI::App line("Tollgate: a gateway between AI coding clients and model providers", "tollgate");
    line.formatter(examples_first());
    line.require_subcommand(1);
    line.fallthrough();
    set_examples(line,
                 "  tollgate serve                       with the provider variables set, or in "
                 "demo mode\n"
                 "  tollgate init && tollgate serve      write tollgate.yaml first\n"
                 "  tollgate tenants create acme         a tenant and its key\n"
                 "  tollgate doctor                      when something does not work");
    Verbs verbs;
    line.add_option("-o,--output", verbs.output, "How results are printed")
        ->check(CLI::IsMember({"table", "json", "yaml", "csv"}).description(""))
        ->type_name("table|json|yaml|csv");
    add_serve(line, verbs);
    add_init(line, verbs);
    add_config(line, verbs);
    add_doctor(line, verbs);
    verbs.administration.add_to(line, verbs.output, verbs.code);
    add_snippet(*line.get_subcommand("keys"), verbs);
    verbs.routing.add_to(line, verbs.administration.connection(), verbs.output, verbs.code);
    verbs.import.add_to(line, verbs.administration.connection(), verbs.output, verbs.code);
    add_version(line, verbs);
    try {
        line.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        if (problem.get_exit_code() == 0) return line.exit(problem);
        const std::string unknown = unknown_word(line, argc, argv);
        if (unknown.empty()) {
            line.exit(problem);
        } else {
            std::fprintf(stderr, "tollgate: %s; --help says more\n", unknown.c_str());
        }
        return commands::exit_usage;
    }
    if (verbs.is_to_serve) serve_so = verbs.serve;
    return verbs.code;
}

}  // namespace

int run_command_line(int argc, char** argv) {
    // All verbs and their options take a megabyte, which need not stand beside the gateway.
    std::optional<ServeOptions> serve_so;
    const int code = run_verb(argc, argv, serve_so);
    return serve_so ? serve(*serve_so) : code;
}

}  // namespace tollgate::app
