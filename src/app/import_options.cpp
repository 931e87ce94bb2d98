#include "app/import_options.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>

#include "app/database.hpp"
#include "app/help.hpp"
#include "app/offline.hpp"
#include "base/log.hpp"
#include "store/migrate.hpp"
#include "store/postgres_db.hpp"

namespace tollgate::app {
namespace {

constexpr const char* default_data_dir = "./tollgate-data";
constexpr std::size_t source_connections = 2;

base::Result<std::unique_ptr<store::Db>> open_source(const std::string& url) {
    store::PostgresOptions options;
    options.url = url;
    options.connections = source_connections;
    return store::open_postgres(options);
}

// The database of the configuration, as `serve` would open it. A dry run makes and migrates
// nothing: null where that would be needed.
base::Result<std::unique_ptr<store::Db>> open_target(const Offline& offline,
                                                     const commands::ConnectionArgs& given,
                                                     bool dry_run) {
    const config::LoadResult loaded = offline.load(given.config_file);
    if (!loaded.ok()) return base::invalid("the configuration has errors:\n" + loaded.report());
    std::string data_dir = given.data_dir.empty() ? loaded.config.server.data_dir : given.data_dir;
    if (data_dir.empty()) data_dir = default_data_dir;
    const std::string file = sqlite_path(loaded.config.stores.database.value, data_dir);
    std::error_code failure;
    if (dry_run && !file.empty() && !std::filesystem::exists(file, failure)) {
        return std::unique_ptr<store::Db>();
    }
    TRY(auto db, open_database(loaded.config.stores, data_dir));
    if (dry_run) {
        TRY(const auto pending, store::pending_migrations(*db));
        if (!pending.empty()) return std::unique_ptr<store::Db>();
        return db;
    }
    TRY(const auto applied, store::migrate(*db));
    (void)applied;
    return db;
}

int run_litellm(commands::ImportLitellmArgs args, const commands::ConnectionArgs& given,
                const std::string& output) {
    // What opening the databases has to say is no part of the results.
    base::log().configure(base::LogLevel::error, base::LogFormat::human);
    const commands::Console console = commands::process_console();
    const Offline offline;
    if (!offline.ready().ok()) {
        commands::complain(console, offline.ready().error().message);
        return commands::exit_failed;
    }
    args.output = commands::output_of(output);
    const commands::ImportStores stores{
        open_source, [&](bool dry_run) { return open_target(offline, given, dry_run); }};
    return commands::run_import_litellm(args, offline.environment(), stores, console);
}

}  // namespace

void ImportOptions::add_to(CLI::App& line, const commands::ConnectionArgs& given,
                           const std::string& output, int& code) {
    CLI::App* import = line.add_subcommand("import", "Take over from another gateway");
    import->require_subcommand(1);
    set_examples(*import, "  tollgate import litellm config.yaml --out tollgate.yaml\n"
                          "  tollgate import litellm os.environ/DATABASE_URL --dry-run");
    CLI::App* verb = import->add_subcommand(
        "litellm", "A LiteLLM configuration, or the keys, teams and budgets of its database");
    set_examples(*verb, "  tollgate import litellm config.yaml --out tollgate.yaml\n"
                        "  tollgate import litellm os.environ/DATABASE_URL --dry-run\n"
                        "  tollgate import litellm os.environ/DATABASE_URL --tenant acme");
    verb->add_option("source", litellm_.source,
                     "Its configuration file, the URL of its database (postgres://...), or "
                     "os.environ/NAME of that URL")
        ->required();
    verb->add_option("--out", litellm_.out,
                     "Of a file: where the configuration is written (default: standard output)");
    verb->add_flag("--force", litellm_.force, "Overwrite the file that --out names");
    verb->add_option("--tenant", litellm_.tenant,
                     "Of a database: everything goes to this tenant, which is made when missing");
    verb->add_flag("--spend-logs", litellm_.spend_logs,
                   "Of a database: each request that LiteLLM logged too, not the sums alone");
    verb->add_flag("--dry-run", litellm_.dry_run, "Print the report and write nothing");
    verb->callback([this, &given, &output, &code] { code = run_litellm(litellm_, given, output); });
}

}  // namespace tollgate::app
