#include "app/stores.hpp"

#include <algorithm>
#include <future>
#include <thread>

#include "app/database.hpp"
#include "base/log.hpp"
#include "shared_state/in_process.hpp"
#include "store/migrate.hpp"

namespace tollgate::app {
namespace {

using std::chrono::milliseconds;

// Records of an earlier process that a start waits for, so that budgets know of them.
constexpr milliseconds ship_at_start{10'000};
constexpr std::size_t sqlite_readers = 3;

}  // namespace

std::size_t worker_count(const config::ServerConfig& server) {
    if (server.workers > 0) return static_cast<std::size_t>(server.workers);
    return std::max(1U, std::thread::hardware_concurrency());
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
    DatabaseUse use;
    use.connections = static_cast<std::size_t>(config.stores.pool);
    use.readers = sqlite_readers;
    use.metrics = stores->store_metrics_.get();
    TRY(stores->db_, open_database(config.stores, data_dir, use));
    TRY(const std::vector<std::string> applied, store::migrate(*stores->db_));
    for (const std::string& name : applied) base::log().info("migrated", {{"migration", name}});
    TRY(policy::InstallationKey key, policy::InstallationKey::open(data_dir, installation_key));
    stores->installation_ = std::make_shared<const policy::InstallationKey>(std::move(key));
    TRY_VOID(check_installation(*stores->db_, *stores->installation_));
    TRY_VOID(stores->open_state(config.stores));
    stores->governor_ = std::make_unique<policy::Governor>(*stores->state_);
    TRY_VOID(stores->open_journal(config.stores, data_dir, worker_count(config.server)));
    accounting::UsageShipperOptions shipping;
    shipping.press_bytes = static_cast<std::uint64_t>(config.stores.journal.max.count) / 4;
    shipping.refused_file = data_dir + "/refused_usage";
    stores->shipper_ = std::make_unique<accounting::UsageShipper>(*stores->journal_, *stores->db_,
                                                                  std::move(shipping));
    stores->shipper_->start();
    stores->shipper_->ship_all(ship_at_start);
    stores->own_key_audit_ = std::make_unique<policy::OwnKeyAudit>(*stores->db_, metrics);
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
            const std::int64_t late_ms = store::now_micros() / 1000 - oldest;
            return std::max(0.0, static_cast<double>(late_ms) / 1e3);
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
    using shared_state::Lookup;
    using shared_state::ValueKind;
    for (const auto kind : {ValueKind::conversation, ValueKind::answer, ValueKind::check}) {
        for (const auto result : {Lookup::found, Lookup::missing, Lookup::late, Lookup::lost}) {
            metrics.counter_callback(
                "tollgate_shared_lookups_total",
                "What Redis was asked for beside limits; late and lost: decided without it",
                {{"kind", std::string(to_string(kind))},
                 {"result", std::string(to_string(result))}},
                [this, kind, result] {
                    const auto* values = shared();
                    return values == nullptr ? 0.0
                                             : static_cast<double>(values->count(kind, result));
                });
        }
    }
}

}  // namespace tollgate::app
