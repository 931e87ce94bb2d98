#include "app/local_administration.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <ostream>

#include "app/database.hpp"
#include "app/offline.hpp"
#include "app/process_administration.hpp"
#include "base/log.hpp"
#include "commands/connection.hpp"
#include "commands/listener.hpp"
#include "commands/remote_administration.hpp"
#include "commands/run_action.hpp"
#include "secret_sources/files.hpp"
#include "store/migrate.hpp"

namespace tollgate::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* default_data_dir = "./tollgate-data";

// What the configuration says of the gateway of this machine.
struct Local {
    config::Config config;
    std::string file, data_dir, master_key;
};

base::Result<Local> find_local(const Offline& offline, const commands::ConnectionArgs& args) {
    TRY_VOID(offline.ready());
    Local local;
    local.file = args.config_file.empty() ? config::default_path() : args.config_file;
    config::LoadResult loaded = offline.load(local.file);
    if (!loaded.ok()) return base::invalid("the configuration has errors:\n" + loaded.report());
    local.config = std::move(loaded.config);
    local.data_dir = args.data_dir.empty() ? local.config.server.data_dir : args.data_dir;
    if (local.data_dir.empty()) local.data_dir = default_data_dir;
    local.master_key = local.config.general_settings.master_key.value;
    if (local.master_key.empty()) {
        const auto stored = secret_sources::read_secret_file(local.data_dir + "/master_key");
        if (stored.ok()) local.master_key = *stored;
    }
    return local;
}

// Who may be sent the key: we ourselves and, where the gateway keeps its master key itself, the
// owner of that file. Who administers with sudo a gateway that runs as a user of its own is then
// understood, and whoever else took the port first gets nothing.
std::vector<std::uint32_t> trusted_users(const Local& local, const std::string& key) {
    std::vector<std::uint32_t> users = {geteuid()};
    const std::string path = local.data_dir + "/master_key";
    const auto stored = secret_sources::read_secret_file(path);
    struct stat file{};
    if (stored.ok() && *stored == key && stat(path.c_str(), &file) == 0) {
        users.push_back(file.st_uid);
    }
    return users;
}

// Without a configuration and without data, somebody stands in the wrong folder: a database that is
// made here would hold what no gateway ever sees.
bool nothing_there(const Local& local) {
    std::error_code failure;
    return local.file.empty() && !fs::exists(local.data_dir, failure);
}

base::Result<commands::RemoteOptions> running_gateway(
    const Local& local, const commands::ConnectionArgs& args, const std::string& url,
    const std::string& given_key) {
    commands::RemoteOptions options;
    options.url = url;
    options.ca_file = args.ca_file;
    options.key = given_key.empty() ? local.master_key : given_key;
    if (options.key.empty()) {
        return base::Error{base::ErrorCode::authentication,
                           "a gateway answers at " + url + ", but its master key is not in " +
                               local.data_dir +
                               ": give --key-file, --config or --data-dir, or set TOLLGATE_KEY"};
    }
    TRY_VOID(commands::check_listener(url, trusted_users(local, options.key)));
    return options;
}

}  // namespace

base::Result<std::unique_ptr<commands::Administration>> open_administration(
    const commands::ConnectionArgs& args) {
    // What opening the database has to say is no part of a verb's results.
    base::log().configure(base::LogLevel::error, base::LogFormat::human);
    const Offline offline;
    TRY(const commands::Destination destination,
        commands::choose_destination(args, offline.environment()));
    if (!destination.local) return commands::remote_administration(destination.remote);
    TRY(Local local, find_local(offline, args));
    const std::string url = commands::local_url(local.config.server);
    if (commands::answers(url)) {
        TRY(const commands::RemoteOptions running,
            running_gateway(local, args, url, destination.key));
        return commands::remote_administration(running);
    }
    if (nothing_there(local)) {
        return base::Error{base::ErrorCode::unavailable,
                           "no gateway answers at " + url + ", and " + local.data_dir +
                               " does not exist: start one (tollgate serve), or name it with "
                               "--url, --context, --config or --data-dir"};
    }
    ProcessAdministrationOptions options;
    options.config = std::move(local.config);
    options.file = std::move(local.file);
    options.data_dir = std::move(local.data_dir);
    options.key = destination.key;
    options.master_key = std::move(local.master_key);
    options.shown_url = url;
    return process_administration(std::move(options));
}

base::Result<commands::RemoteOptions> find_gateway(const commands::ConnectionArgs& args) {
    base::log().configure(base::LogLevel::error, base::LogFormat::human);
    const Offline offline;
    TRY(const commands::Destination destination,
        commands::choose_destination(args, offline.environment()));
    if (!destination.local) return destination.remote;
    TRY(const Local local, find_local(offline, args));
    const std::string url = commands::local_url(local.config.server);
    if (commands::answers(url)) return running_gateway(local, args, url, destination.key);
    return base::Error{base::ErrorCode::unavailable,
                       "no gateway answers at " + url +
                           ": start one (tollgate serve), or name it with --url or --context"};
}

int run_migrate(const commands::ConnectionArgs& args, commands::Output output,
                const commands::Console& console) {
    base::log().configure(base::LogLevel::error, base::LogFormat::human);
    const Offline offline;
    const auto local = find_local(offline, args);
    if (!local.ok()) return commands::failed(console, local.error());
    const auto db = open_database(local->config.stores, local->data_dir);
    if (!db.ok()) return commands::failed(console, db.error());
    const auto applied = store::migrate(**db);
    if (!applied.ok()) return commands::failed(console, applied.error());
    std::vector<std::string> rows;
    for (const std::string& name : *applied) {
        json::Writer writer(rows.emplace_back());
        writer.begin_object().string("migration", name).end_object();
    }
    const commands::Column columns[] = {{"APPLIED", "migration"}};
    console.out << commands::rows_text(output, columns, rows, console.colour);
    if (rows.empty()) console.err << "the database is up to date\n";
    return commands::exit_done;
}

}  // namespace tollgate::app
