#include "app/administration_options.hpp"

#include <CLI/CLI.hpp>
#include <deque>
#include <iostream>

#include "app/configuration.hpp"
#include "app/help.hpp"
#include "app/local_administration.hpp"
#include "commands/connection.hpp"
#include "commands/contexts.hpp"
#include "commands/run_action.hpp"

namespace tollgate::app {
namespace {

// What a row's options were given; one for each row of the table.
struct Typed {
    const commands::Action* action = nullptr;
    std::string positional;
    std::vector<std::string> values;  // one for each field
    std::vector<CLI::Option*> options;
    std::string object_file, file;
    std::size_t rows = 0;
    bool yes = false;
    bool with_present = true;  // --key, --no-key
};

std::string type_name(const commands::Field& field) {
    using commands::FieldType;
    switch (field.type) {
        case FieldType::boolean: return "true|false";
        case FieldType::integer: return "NUMBER";
        case FieldType::money: return "USD";
        case FieldType::real: return "NUMBER";
        case FieldType::names: return "A,B";
        case FieldType::pairs: return "A=B,C=D";
        case FieldType::thresholds: return "80:notify";
        case FieldType::arms: return "ARM=SHARE:MODEL,...";
        case FieldType::past:
        case FieldType::future: return "WHEN";
        case FieldType::secret_file: return "FILE";
        default: return "TEXT";
    }
}

std::vector<std::string> choices_of(std::string_view text) {
    std::vector<std::string> choices;
    while (!text.empty()) {
        const std::string_view one = text.substr(0, text.find('|'));
        choices.emplace_back(one);
        text.remove_prefix(std::min(one.size() + 1, text.size()));
    }
    return choices;
}

void add_field(CLI::App& verb, const commands::Field& field, Typed& typed, std::size_t index) {
    const std::string flag(field.flag), help(field.help);
    if (field.type == commands::FieldType::present) {
        typed.options[index] = verb.add_flag(flag, typed.with_present, help);
        return;
    }
    CLI::Option* option = verb.add_option(flag, typed.values[index], help);
    if (field.choices.empty()) {
        option->type_name(type_name(field));
    } else {
        option->check(CLI::IsMember(choices_of(field.choices)).description(""));
        option->type_name(std::string(field.choices));
    }
    option->required(field.required);
    typed.options[index] = option;
}

void add_row_options(CLI::App& verb, const commands::Action& action, Typed& typed) {
    typed.values.resize(action.fields.size());
    typed.options.resize(action.fields.size());
    for (std::size_t i = 0; i < action.fields.size(); ++i) {
        add_field(verb, action.fields[i], typed, i);
    }
    if (action.takes_object) {
        verb.add_option("--from-file", typed.object_file,
                        "A JSON object with every field of the interface; - : standard input")
            ->type_name("FILE");
    }
    if (action.shape == commands::Shape::list) {
        typed.rows = action.rows_default;
        verb.add_option("--rows", typed.rows, action.rows_default == 0
                                                  ? "At most so many; all without it"
                                                  : "At most so many, 0: all; 100 without it")
            ->type_name("NUMBER");
    }
    if (!action.question.empty()) verb.add_flag("-y,--yes", typed.yes, "Asks nothing");
    if (action.shape == commands::Shape::stream) {
        verb.add_option("--file", typed.file, "Writes there instead of standard output")
            ->type_name("FILE");
    }
}

commands::World world() { return {commands::read_secret, std::chrono::system_clock::now()}; }

}  // namespace

struct AdministrationOptions::State {
    commands::ConnectionArgs connection;
    std::deque<Typed> rows;  // their addresses stay
    commands::Context context;
    std::string context_name;
    bool local = false;
    const std::string* output = nullptr;
    int* code = nullptr;

    commands::Output form() const { return commands::output_of(*output); }
    base::Result<commands::Invocation> invocation(const Typed& typed) const;
    void run(const Typed& typed);
    void add_row(CLI::App& noun, const commands::Action& action);
    void add_connection(CLI::App& line);
    void add_contexts(CLI::App& line);
    void add_migrate(CLI::App& line);
};

base::Result<commands::Invocation> AdministrationOptions::State::invocation(
    const Typed& typed) const {
    commands::Invocation made;
    made.action = typed.action;
    made.positional = typed.positional;
    made.output = form();
    made.rows = typed.rows;
    made.yes = typed.yes;
    made.file = typed.file;
    if (!typed.object_file.empty()) {
        auto text = commands::read_object(typed.object_file);
        if (!text.ok()) return base::invalid("--from-file: " + text.error().message);
        made.object_text = std::move(text).value();
    }
    const auto& fields = typed.action->fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const bool wanted = fields[i].type == commands::FieldType::present
                                ? typed.with_present
                                : typed.options[i]->count() > 0;
        if (wanted) made.given.push_back({&fields[i], typed.values[i]});
    }
    return made;
}

void AdministrationOptions::State::run(const Typed& typed) {
    const commands::Console console = commands::process_console();
    const auto made = invocation(typed);
    if (!made.ok()) {
        commands::complain(console, made.error().message);
        *code = commands::exit_usage;
        return;
    }
    *code = commands::run_action(*made, connection, open_administration, world(), console);
}

void AdministrationOptions::State::add_row(CLI::App& noun, const commands::Action& action) {
    // A noun without verbs is the verb itself.
    CLI::App* verb = action.verb.empty() ? &noun
                                         : noun.add_subcommand(std::string(action.verb),
                                                               std::string(action.summary));
    set_examples(*verb, std::string(action.examples));
    Typed& typed = rows.emplace_back();
    typed.action = &action;
    if (!action.positional.empty()) {
        verb->add_option(std::string(action.positional), typed.positional,
                         std::string(action.positional_help))
            ->required(action.positional_required)
            ->type_name("");
    }
    add_row_options(*verb, action, typed);
    verb->callback([this, &typed] { run(typed); });
}

void AdministrationOptions::State::add_connection(CLI::App& line) {
    const auto add = [&](const char* flag, std::string& value, const char* type,
                         const char* help) {
        line.add_option(flag, value, help)->type_name(type)->group("Which gateway");
    };
    add("--url", connection.url, "URL", "A gateway elsewhere");
    add("--key-file", connection.key_file, "FILE",
        "Its key; - : standard input (else TOLLGATE_KEY)");
    add("--context", connection.context, "NAME", "A gateway by the name it has in contexts");
    add("--ca-file", connection.ca_file, "FILE", "Certificates to trust");
    add("-c,--config", connection.config_file, "FILE",
        "The configuration of the gateway of this machine");
    add("--data-dir", connection.data_dir, "DIR", "Its data (default: ./tollgate-data)");
}

void AdministrationOptions::State::add_contexts(CLI::App& line) {
    CLI::App* noun = line.add_subcommand("contexts", "Gateways that are known by name");
    noun->require_subcommand(1);
    set_examples(*noun,
                 "  tollgate contexts add production --url https://llm.example.com "
                 "--key-file ~/.tollgate-key\n  tollgate contexts use production");
    CLI::App* add = noun->add_subcommand("add", "Adds a gateway, or changes it, and uses it");
    set_examples(*add,
                 "  tollgate contexts add production --url https://llm.example.com "
                 "--key-file ~/.tollgate-key");
    add->add_option("NAME", context.name, "How it is called")->required()->type_name("");
    add->add_option("--url", context.url, "Where it is")->required()->type_name("URL");
    add->add_option("--key-file", context.key_file, "The file that holds the key")
        ->type_name("FILE");
    add->add_option("--ca-file", context.ca_file, "Certificates to trust")->type_name("FILE");
    add->callback([this] {
        *code = commands::run_contexts_add(process_environment(), context,
                                           commands::process_console());
    });
    CLI::App* list = noun->add_subcommand("list", "The known gateways");
    set_examples(*list, "  tollgate contexts list");
    list->callback([this] {
        *code = commands::run_contexts_list(process_environment(), form(),
                                            commands::process_console());
    });
    CLI::App* use = noun->add_subcommand("use", "The gateway that verbs talk to from here on");
    set_examples(*use, "  tollgate contexts use production\n  tollgate contexts use --local");
    CLI::Option* name = use->add_option("NAME", context_name, "Which")->type_name("");
    use->add_flag("--local", local, "The gateway of this machine")->excludes(name);
    use->callback([this] {
        if (context_name.empty() && !local) throw CLI::RequiredError("NAME or --local");
        *code = commands::run_contexts_use(process_environment(), context_name,
                                           commands::process_console());
    });
    CLI::App* remove = noun->add_subcommand("remove", "Forgets a gateway");
    set_examples(*remove, "  tollgate contexts remove production");
    remove->add_option("NAME", context_name, "Which")->required()->type_name("");
    remove->callback([this] {
        *code = commands::run_contexts_remove(process_environment(), context_name,
                                              commands::process_console());
    });
}

void AdministrationOptions::State::add_migrate(CLI::App& line) {
    CLI::App* verb =
        line.add_subcommand("migrate", "Brings the database to what this binary knows");
    set_examples(*verb, "  tollgate migrate --config tollgate.yaml");
    verb->callback(
        [this] { *code = run_migrate(connection, form(), commands::process_console()); });
}

AdministrationOptions::AdministrationOptions() : state_(std::make_unique<State>()) {}
AdministrationOptions::~AdministrationOptions() = default;

const commands::ConnectionArgs& AdministrationOptions::connection() const {
    return state_->connection;
}

void AdministrationOptions::add_to(CLI::App& line, const std::string& output, int& code) {
    state_->output = &output;
    state_->code = &code;
    state_->add_connection(line);
    for (const commands::Noun& noun : commands::nouns()) {
        CLI::App* below =
            line.add_subcommand(std::string(noun.name), std::string(noun.summary));
        set_examples(*below, std::string(noun.examples));
        const bool has_verbs = !noun.actions.front().verb.empty();
        if (has_verbs) below->require_subcommand(1);
        for (const commands::Action& action : noun.actions) state_->add_row(*below, action);
    }
    state_->add_contexts(line);
    state_->add_migrate(line);
}

}  // namespace tollgate::app
