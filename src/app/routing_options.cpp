#include "app/routing_options.hpp"

#include <CLI/CLI.hpp>

#include "app/help.hpp"
#include "app/local_administration.hpp"
#include "app/offline.hpp"
#include "app/simulate_records.hpp"
#include "base/log.hpp"
#include "commands/remote_administration.hpp"
#include "commands/run_action.hpp"
#include "gateway/explain.hpp"

// Linked in by CMake.
extern "C" {
extern const char tollgate_data_bench_prompts[], tollgate_data_bench_prompts_end[];
}

namespace tollgate::app {
namespace {

base::Result<std::string> explain_alone(const std::string& config_file, const std::string& body) {
    base::log().configure(base::LogLevel::error, base::LogFormat::human);
    Offline offline;
    TRY_VOID(offline.ready());
    const config::LoadResult loaded = offline.load(config_file);
    if (!loaded.ok()) return base::invalid("the configuration has errors:\n" + loaded.report());
    const assembly::BuildResult built = offline.build(loaded.config);
    if (built.snapshot == nullptr) {
        return base::invalid("the configuration has errors: tollgate config check lists them");
    }
    const Dialects dialects;
    const gateway::Codecs codecs = dialects.clients();
    const gateway::KeyPolicy unbounded;
    return gateway::explain({*built.snapshot, codecs, unbounded, body, ""});
}

int run_explain(const commands::RouteExplainArgs& args, const commands::ConnectionArgs& given) {
    commands::ExplainAlone alone;
    const bool elsewhere = !given.url.empty() || !given.context.empty();
    if (!given.config_file.empty() && !elsewhere) {
        alone = [&given](const std::string& body) {
            return explain_alone(given.config_file, body);
        };
    }
    return commands::run_route_explain(args, given, open_administration, alone,
                                       commands::process_console());
}

std::string_view built_in_prompts() {
    return {tollgate_data_bench_prompts,
            static_cast<std::size_t>(tollgate_data_bench_prompts_end -
                                     tollgate_data_bench_prompts)};
}

int run_bench(const commands::BenchModelsArgs& args, const commands::ConnectionArgs& given) {
    const commands::Console console = commands::process_console();
    const auto gateway = find_gateway(given);
    if (!gateway.ok()) return commands::failed(console, gateway.error());
    const auto administration = commands::remote_administration(*gateway);
    if (!administration.ok()) return commands::failed(console, administration.error());
    commands::BenchWorld world;
    world.built_in = built_in_prompts();
    world.ask = [&](std::span<const commands::BenchQuestion> questions,
                    const commands::UseAnswer& use) {
        return commands::ask_models(*gateway, questions, use);
    };
    world.record = [&](const std::string& request_id) {
        return commands::ask(**administration, "GET",
                             "/api/v1/requests/" + commands::segment(request_id));
    };
    return commands::run_bench_models(args, world, console);
}

}  // namespace

void RoutingOptions::add_bench(CLI::App& line, const commands::ConnectionArgs& given,
                               const std::string& output, int& code) {
    CLI::App* noun = line.add_subcommand("bench", "Measures");
    noun->require_subcommand(1);
    const std::string examples =
        "  tollgate bench models --models gpt-4o,claude-sonnet-4-5\n"
        "  tollgate bench models --models fast,cheap --prompts ours.yaml --repeat 10 -o json";
    set_examples(*noun, examples);
    CLI::App* verb = noun->add_subcommand(
        "models", "Latency, throughput, cost and right answers of models over a set of prompts");
    set_examples(*verb, examples);
    verb->add_option("--models", bench_.models, "As a client would ask for them")
        ->required()
        ->type_name("A,B");
    verb->add_option("--prompts", bench_.prompts,
                     "A YAML file with prompts and checks; - : standard input; a small set of "
                     "seven without it")
        ->type_name("FILE");
    verb->add_option("--repeat", bench_.repeat, "How often each prompt is sent to each model: 3 "
                                                "times without it")
        ->type_name("NUMBER");
    verb->add_flag("--allow-commands", bench_.allow_commands,
                   "Lets checks of the file run shell commands on this machine");
    verb->callback([this, &given, &output, &code] {
        bench_.output = commands::output_of(output);
        code = run_bench(bench_, given);
    });
}

void RoutingOptions::add_route(CLI::App& line, const commands::ConnectionArgs& given,
                               const std::string& output, int& code) {
    CLI::App* noun = line.add_subcommand("route", "Where a request would go");
    noun->require_subcommand(1);
    const std::string examples =
        "  tollgate route explain --model claude-sonnet-4-5 --prompt \"refactor this function\"\n"
        "  tollgate route explain --file request.json --power-level eco\n"
        "  tollgate route explain --config new.yaml --model auto --prompt \"explain this\"";
    set_examples(*noun, examples);
    CLI::App* verb = noun->add_subcommand(
        "explain", "What routing would do with a request, and why; sends nothing");
    set_examples(*verb, examples);
    const auto add = [verb](const char* flag, std::string& value, const char* type,
                            const char* help) {
        return verb->add_option(flag, value, help)->type_name(type);
    };
    add("--model", explain_.model, "NAME", "As a client would ask for it");
    add("--prompt", explain_.prompt, "TEXT", "The user's words");
    add("--user", explain_.user, "ID", "Whose request it would be: an id or an OIDC subject");
    add("--power-level", explain_.power_level, "eco|balanced|precision", "As the body says it")
        ->check(CLI::IsMember({"eco", "balanced", "precision"}).description(""));
    add("--file", explain_.file, "FILE",
        "A request body of any protocol instead of words; - : standard input");
    verb->callback([this, &given, &output, &code] {
        explain_.output = commands::output_of(output);
        code = run_explain(explain_, given);
    });
}

void RoutingOptions::add_simulate(CLI::App& line, const commands::ConnectionArgs& given,
                                  const std::string& output, int& code) {
    CLI::App* verb = line.add_subcommand(
        "simulate", "What recorded traffic would have cost under another configuration");
    set_examples(*verb,
                 "  tollgate simulate --from usage --rules new.yaml\n"
                 "  tollgate simulate --from usage --rules new.yaml --range 30d --tenant acme");
    verb->add_option("--from", simulate_.from, "What is replayed: usage, the records of requests")
        ->type_name("usage");
    verb->add_option("--rules", simulate_.rules,
                     "The other configuration: its models, prices and routing")
        ->required()
        ->type_name("FILE");
    verb->add_option("--range", simulate_.range, "Back from now: 7d without it; all: what is kept")
        ->type_name("7d|24h|all");
    verb->add_option("--tenant", simulate_.tenant, "Only this tenant's: an id or a name")
        ->type_name("TEXT");
    verb->callback([this, &given, &output, &code] {
        simulate_.output = commands::output_of(output);
        const commands::Simulate simulate = [&given](const commands::SimulateQuestion& asked) {
            return simulate_records(given, asked);
        };
        code = commands::run_simulate(simulate_, simulate, commands::process_console());
    });
}

void RoutingOptions::add_to(CLI::App& line, const commands::ConnectionArgs& given,
                            const std::string& output, int& code) {
    add_route(line, given, output, code);
    add_simulate(line, given, output, code);
    add_bench(line, given, output, code);
}

}  // namespace tollgate::app
