#include "app/stores.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <future>
#include <thread>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "shared_state/in_process.hpp"
#include "store/migrate.hpp"
#include "store/postgres_db.hpp"
#include "store/sqlite_db.hpp"

namespace tollgate::app {
namespace {

using std::chrono::milliseconds;

// Records of an earlier process that a start waits for, so that budgets know of them.
constexpr milliseconds ship_at_start{10'000};

bool is_postgres(const std::string& database) {
    return database.starts_with("postgres://") || database.starts_with("postgresql://");
}

}  // namespace

std::size_t worker_count(const config::ServerConfig& server) {
    if (server.workers > 0) return static_cast<std::size_t>(server.workers);
    return std::max(1U, std::thread::hardware_concurrency());
}

std::string sqlite_path(const std::string& database, const std::string& data_dir) {
    constexpr std::string_view scheme = "sqlite:";
    if (database.empty() || database == "sqlite") return data_dir + "/tollgate.db";
    if (!database.starts_with(scheme)) return "";
    std::string path = database.substr(scheme.size());
    if (path.starts_with("//")) path.erase(0, 2);
    return path;
}

base::Result<void> Stores::open_database(const config::StoresConfig& stores,
                                         const std::string& data_dir) {
    // The installation's key and the journal are kept there, wherever the database is.
    if (mkdir(data_dir.c_str(), 0700) != 0 && errno != EEXIST) {
        return base::Error{base::ErrorCode::unavailable,
                           "cannot make the data directory " + data_dir + ": " +
                               std::strerror(errno) + " (set --data-dir or server.data_dir)"};
    }
    const std::string& database = stores.database.value;
    if (is_postgres(database)) {
        store::PostgresOptions options;
        options.url = database;
        options.connections = static_cast<std::size_t>(stores.pool);
        options.metrics = store_metrics_.get();
        TRY(db_, store::open_postgres(options));
    } else {
        store::SqliteOptions options;
        options.path = sqlite_path(database, data_dir);
        if (options.path.empty()) {
            return base::invalid("stores.database: expected sqlite, sqlite:PATH, postgres://... or "
                                 "none",
                                 "stores.database");
        }
        options.metrics = store_metrics_.get();
        TRY(db_, store::open_sqlite(options));
    }
    TRY(const std::vector<std::string> applied, store::migrate(*db_));
    for (const std::string& name : applied) base::log().info("migrated", {{"migration", name}});
    return {};
}

// Keys are hashed under the installation's key: with another one nobody could sign in, and new keys
// would be unknown to the other instances.
base::Result<void> Stores::check_installation() {
    const std::string mine = installation_->fingerprint();
    std::string stored;
    const auto find_or_make = [&](store::Session& session) -> base::Result<void> {
        const std::string id = base::uuid7();
        const store::Parameter values[] = {std::string_view(id), std::string_view(mine),
                                           store::now_micros()};
        TRY_VOID(session.execute("INSERT INTO installation (id, installation_id, key_check, "
                                 "created) VALUES (1, $1, $2, $3) ON CONFLICT (id) DO NOTHING",
                                 values));
        return session.each("SELECT key_check FROM installation WHERE id = 1", {},
                            [&](const store::Row& row) -> base::Result<void> {
                                stored = row.string(0);
                                return {};
                            });
    };
    TRY_VOID(db_->write(store::Access::everything(), find_or_make));
    if (stored == mine) return {};
    return base::invalid(
        "the database was made with another installation key: use that one's file "
        "(installation_key in the data directory) or TOLLGATE_INSTALLATION_KEY on every instance");
}

base::Result<void> Stores::open_state(const config::StoresConfig& stores) {
    if (stores.redis.empty()) {
        state_ = std::make_unique<shared_state::InProcess>();
        return {};
    }
    shared_state::RedisOptions options;
    options.url = stores.redis.value;
    TRY(auto redis, shared_state::RedisState::make(std::move(options)));
    redis_ = redis.get();
    state_ = std::move(redis);
    return {};
}

namespace {
net::Task<void> await_redis(shared_state::RedisState* redis, std::promise<void>* done) {
    co_await redis->ready();
    done->set_value();
}
}  // namespace

void Stores::begin_sharing(net::Loop& home) {
    if (redis_ == nullptr) return;
    std::promise<void> done;
    home.post([this, &home, &done] {
        redis_->start(home);
        net::spawn(await_redis(redis_, &done), "await_redis");
    });
    done.get_future().wait();
}

namespace {
net::Task<void> close_redis(shared_state::RedisState* redis, std::promise<void>* done) {
    co_await redis->close();
    done->set_value();
}
}  // namespace

void Stores::end_sharing(net::Loop& home) {
    if (redis_ == nullptr) return;
    std::promise<void> done;
    home.post([this, &done] { net::spawn(close_redis(redis_, &done), "close_redis"); });
    done.get_future().wait();
}

base::Result<void> Stores::open_journal(const config::StoresConfig& stores,
                                        const std::string& data_dir, std::size_t workers) {
    const config::JournalConfig& from = stores.journal;
    journal::JournalOptions options;
    options.directory = from.directory.empty() ? data_dir + "/journal" : from.directory;
    options.segment_bytes = static_cast<std::size_t>(from.segment.count);
    options.bytes_max = static_cast<std::size_t>(from.max.count);
    options.sync_interval = from.sync;
    drop_when_full_ = from.on_full == "drop";
    // With less, all of it may be files that writers have open: shipped, and never free again.
    const std::size_t least = 2 * options.segment_bytes * workers;
    if (options.bytes_max < least) {
        return base::invalid("stores.journal.max is too small: " + std::to_string(workers) +
                                 " workers with two segments each take " + std::to_string(least) +
                                 " bytes; give more, or a smaller stores.journal.segment",
                             "stores.journal.max");
    }
    TRY(journal_, journal::Journal::open(options));
    return {};
}

base::Result<std::unique_ptr<Stores>> Stores::open(const config::Config& config,
                                                   const std::string& data_dir,
                                                   std::string_view installation_key,
                                                   base::Registry& metrics) {
    std::unique_ptr<Stores> stores(new Stores());
    if (config.stores.database.value == "none") return stores;
    stores->store_metrics_ = std::make_unique<store::StoreMetrics>(metrics);
    TRY_VOID(stores->open_database(config.stores, data_dir));
    TRY(policy::InstallationKey key, policy::InstallationKey::open(data_dir, installation_key));
    stores->installation_ = std::make_shared<const policy::InstallationKey>(std::move(key));
    TRY_VOID(stores->check_installation());
    TRY_VOID(stores->open_state(config.stores));
    stores->governor_ = std::make_unique<policy::Governor>(*stores->state_);
    TRY_VOID(stores->open_journal(config.stores, data_dir, worker_count(config.server)));
    accounting::UsageShipperOptions shipping;
    shipping.refused_file = data_dir + "/refused_usage";
    stores->shipper_ = std::make_unique<accounting::UsageShipper>(*stores->journal_, *stores->db_,
                                                                  std::move(shipping));
    stores->shipper_->start();
    stores->shipper_->ship_all(ship_at_start);
    stores->add_gauges(metrics);
    return stores;
}

Stores::~Stores() {
    if (shipper_ != nullptr) shipper_->stop(milliseconds(0));
}

std::unique_ptr<accounting::UsageSink> Stores::usage_sink() {
    return std::make_unique<accounting::UsageSink>(journal_->writer(), drop_when_full_);
}

void Stores::ship_the_rest(milliseconds patience) {
    if (shipper_ != nullptr) shipper_->stop(patience);
}

std::string Stores::trouble() const {
    if (db_ == nullptr) return "";
    std::string told;
    const auto add = [&](const char* name, const std::string& what) {
        if (what.empty()) return;
        told += (told.empty() ? "" : "; ") + std::string(name) + ": " + what;
    };
    add("database", db_->trouble());
    add("shared state", state_->trouble());
    add("journal", journal_->status().trouble);
    return told;
}

void Stores::add_gauges(base::Registry& metrics) {
    metrics.gauge_callback("tollgate_journal_bytes", "Size of the journal of usage records", {},
                           [this] { return static_cast<double>(journal_->status().bytes); });
    metrics.gauge_callback(
        "tollgate_journal_lag_seconds", "Age of the oldest usage record not in the database", {},
        [this] {
            const std::int64_t oldest = journal_->status().oldest_unix_ms;
            if (oldest == 0) return 0.0;
            return std::max(0.0, static_cast<double>(store::now_micros() / 1000 - oldest) / 1e3);
        });
    metrics.counter_callback("tollgate_journal_records_total", "Usage records written", {},
                             [this] { return static_cast<double>(journal_->status().appended); });
    metrics.counter_callback("tollgate_journal_shipped_total", "Usage records in the database", {},
                             [this] { return static_cast<double>(journal_->status().shipped); });
    metrics.counter_callback("tollgate_journal_damaged_total",
                             "Usage records with a wrong checksum, set aside", {},
                             [this] { return static_cast<double>(journal_->status().damaged); });
    metrics.gauge_callback("tollgate_store_up", "1 while the database answers", {},
                           [this] { return db_->trouble().empty() ? 1.0 : 0.0; });
    metrics.gauge_callback("tollgate_shared_state_up", "1 while limits are shared as configured",
                           {}, [this] { return state_->trouble().empty() ? 1.0 : 0.0; });
}

}  // namespace tollgate::app
