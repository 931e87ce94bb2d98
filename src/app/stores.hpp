// Everything that remembers: the database, the shared state, the journal of usage records with its
// shipper, the installation's key. Opened once at start, closed last; what it was opened with
// changes only with a restart.
#pragma once
#include <memory>
#include <string>

#include "accounting/usage_shipper.hpp"
#include "assembly/build_directory.hpp"
#include "base/metrics.hpp"
#include "config/config.hpp"
#include "journal/journal.hpp"
#include "policy/governor.hpp"
#include "policy/installation_key.hpp"
#include "policy/own_key_audit.hpp"
#include "shared_state/redis.hpp"
#include "store/db.hpp"
#include "store/store_metrics.hpp"

namespace tollgate::app {

class Stores {
public:
    // Opens, migrates, ships what an earlier process left in the journal. Blocking; main thread.
    // With stores.database: none nothing is opened and active() is false.
    // Fails: unavailable or invalid_request in words for the person who starts it.
    static base::Result<std::unique_ptr<Stores>> open(const config::Config& config,
                                                      const std::string& data_dir,
                                                      std::string_view installation_key,
                                                      base::Registry& metrics);
    ~Stores();

    bool active() const { return db_ != nullptr; }
    // REQUIRES (the following): active().
    store::Db& db() { return *db_; }
    shared_state::SharedState& state() { return *state_; }
    // What instances share beside limits; null: there is no Redis. Any time.
    shared_state::SharedValues* shared() {
        return redis_ == nullptr ? nullptr : &redis_->values();
    }
    // Connects this loop to it, so that its first request need not wait. Loop thread.
    void connect_shared() {
        if (redis_ != nullptr) redis_->values().connect();
    }
    // Who hears what other instances tell through Redis; before begin_sharing().
    void listen(shared_state::SharedValues::Heard heard) {
        if (redis_ != nullptr) redis_->listen(std::move(heard));
    }
    policy::Governor& governor() { return *governor_; }
    policy::OwnKeyAudit& own_key_audit() { return *own_key_audit_; }
    journal::Journal& journal() { return *journal_; }
    std::shared_ptr<const policy::InstallationKey> installation() const { return installation_; }
    // Shares through Redis from here on, on a worker's loop that runs; comes back when Redis has
    // answered, or could not. Nothing to do without Redis. Before the first request.
    // end_sharing() comes back when all is told; the loop must still run. Main thread.
    void begin_sharing(net::Loop& home);
    void end_sharing(net::Loop& home);
    // A sink for one worker.
    std::unique_ptr<accounting::UsageSink> usage_sink();
    // Ships what is left within `patience`. After the workers have stopped.
    void ship_the_rest(std::chrono::milliseconds patience);

    // What of these does not answer, for readiness: "database: ...", "" when all do.
    std::string trouble() const;

private:
    Stores() = default;
    base::Result<void> open_state(const config::StoresConfig& stores);
    base::Result<void> open_journal(const config::StoresConfig& stores,
                                    const std::string& data_dir, std::size_t workers);
    void add_gauges(base::Registry& metrics);

    bool drop_when_full_ = false;
    std::unique_ptr<store::StoreMetrics> store_metrics_;
    std::unique_ptr<store::Db> db_;
    std::shared_ptr<const policy::InstallationKey> installation_;
    std::unique_ptr<shared_state::SharedState> state_;
    shared_state::RedisState* redis_ = nullptr;  // state_, where it is one
    std::unique_ptr<policy::Governor> governor_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<accounting::UsageShipper> shipper_;
    std::unique_ptr<policy::OwnKeyAudit> own_key_audit_;
};

// server.workers, or as many as the machine has cores.
std::size_t worker_count(const config::ServerConfig& server);

}  // namespace tollgate::app
