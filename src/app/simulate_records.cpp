#include "app/simulate_records.hpp"

#include <algorithm>
#include <filesystem>

#include "app/database.hpp"
#include "app/offline.hpp"
#include "assembly/database_models.hpp"
#include "assembly/recorded_routes.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "crypto/fernet.hpp"
#include "policy/key_vault.hpp"
#include "store/migrate.hpp"
#include "store/usage.hpp"

namespace tollgate::app {
namespace {

constexpr const char* default_data_dir = "./tollgate-data";
constexpr std::int64_t micros = 1'000'000;

base::Result<config::Config> load(const Offline& offline, const std::string& file) {
    config::LoadResult loaded = offline.load(file);
    if (loaded.ok()) return std::move(loaded.config);
    return base::invalid("the configuration has errors:\n" + loaded.report());
}

// As `serve` has left it: a simulation makes and migrates nothing.
base::Result<std::unique_ptr<store::Db>> open_records(const config::Config& config,
                                                      const std::string& given_data_dir) {
    std::string data_dir = given_data_dir.empty() ? config.server.data_dir : given_data_dir;
    if (data_dir.empty()) data_dir = default_data_dir;
    const std::string file = sqlite_path(config.stores.database.value, data_dir);
    std::error_code failure;
    if (!file.empty() && !std::filesystem::exists(file, failure)) {
        return base::Error{base::ErrorCode::unavailable,
                           "there is no database " + file +
                               ": name the configuration whose records are replayed with --config"};
    }
    TRY(auto db, open_database(config.stores, data_dir));
    TRY(const auto pending, store::pending_migrations(*db));
    if (pending.empty()) return db;
    return base::Error{base::ErrorCode::unavailable,
                       "the database is older than this binary: run tollgate migrate first"};
}

base::Result<std::string> tenant_of(const assembly::DirectoryRows& rows,
                                    const std::string& wanted) {
    if (wanted.empty()) return std::string();
    const auto found = std::find_if(rows.tenants.begin(), rows.tenants.end(), [&](const auto& one) {
        return one.id == wanted || one.name == wanted;
    });
    if (found != rows.tenants.end()) return found->id;
    return base::Error{base::ErrorCode::not_found, "there is no tenant " + wanted, "--tenant"};
}

// The file as a gateway with this database would serve it. No credential is opened for that: one
// that is made up stands for each.
base::Result<config::Config> with_database(const config::Config& file, assembly::ModelRows rows,
                                           std::vector<config::Problem>& problems) {
    TRY(const policy::KeyVault vault, policy::KeyVault::of(crypto::FernetKey::make_text()));
    for (domain::ProviderRow& row : rows.providers) {
        if (row.api_key_token.empty()) continue;
        row.api_key_token = vault.seal(assembly::owner_of(row), "simulated-" + row.slug).token;
    }
    return assembly::with_rows(file, rows, vault, problems);
}

}  // namespace

base::Result<routing::SimulationReport> simulate_records(const commands::ConnectionArgs& given,
                                                         const commands::SimulateQuestion& asked) {
    base::log().configure(base::LogLevel::error, base::LogFormat::human);
    Offline offline;
    TRY_VOID(offline.ready());
    TRY(const config::Config own, load(offline, given.config_file));
    TRY(const config::Config other, load(offline, asked.rules));
    TRY(const auto db, open_records(own, given.data_dir));
    const store::Access access = store::Access::everything();
    assembly::DirectoryRows rows;
    assembly::ModelRows models;
    TRY_VOID(db->read(access, [&](store::Session& session) -> base::Result<void> {
        TRY(rows, assembly::load_rows(session));
        TRY(models, assembly::load_model_rows(session));
        return {};
    }));
    std::vector<config::Problem> problems;
    TRY(const config::Config whole, with_database(other, std::move(models), problems));
    store::UsageFilter filter;
    TRY(filter.tenant, tenant_of(rows, asked.tenant));
    if (asked.seconds > 0) filter.from = (base::unix_seconds() - asked.seconds) * micros;
    TRY(assembly::RecordedRoutes routes,
        assembly::RecordedRoutes::make(whole, rows, [&](const config::Config& config) {
            return offline.build(config);
        }));
    routing::Simulation simulation(
        [&routes](const domain::UsageRecord& record) { return routes.route(record); },
        routes.settings());
    const auto each = [&](auto take) {
        return db->read(access, [&](store::Session& session) {
            return store::each_usage(session, access, filter, false,
                                     [&](const domain::UsageRecord& record) {
                                         take(record);
                                         return base::Result<void>();
                                     });
        });
    };
    TRY_VOID(each([&](const domain::UsageRecord& record) { simulation.learn(record); }));
    TRY_VOID(each([&](const domain::UsageRecord& record) { simulation.add(record); }));
    routing::SimulationReport report = simulation.report();
    for (const config::Problem& problem : problems) {
        if (problem.severity == config::Severity::warning) {
            report.assumptions.push_back(problem.text());
        }
    }
    return report;
}

}  // namespace tollgate::app
