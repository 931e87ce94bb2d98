// Keeps the directory in step with the database: rebuilds it on a thread of its own when something
// administrative has changed, here or on another instance, or when the configuration was reloaded.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "app/spent_memory.hpp"
#include "app/stores.hpp"
#include "assembly/build_directory.hpp"
#include "assembly/database_models.hpp"
#include "config/config.hpp"
#include "gateway/gateway.hpp"
#include "net/loop.hpp"

namespace tollgate::app {

class DirectoryKeeper {
public:
    // `stores` may be inactive: then the files' tenants are all there is.
    DirectoryKeeper(gateway::Gateway& gateway, Stores& stores);
    ~DirectoryKeeper();
    DirectoryKeeper(const DirectoryKeeper&) = delete;
    DirectoryKeeper& operator=(const DirectoryKeeper&) = delete;

    // Makes a snapshot of the files' configuration and the database's models. Any thread. Fails
    // with every problem.
    using SnapshotMaker = std::function<base::Result<std::shared_ptr<const gateway::Snapshot>>(
        const config::Config& config, const assembly::ModelRows& rows,
        const std::string& master_key)>;
    // From here on models of the database are served, and users' own keys are at hand. Before the
    // first take_files().
    void serve_database(SnapshotMaker make, std::shared_ptr<const policy::KeyVault> vault);

    // What the files say, now or after a reload: written to the database where there is one, then
    // the directory is built and published. Blocking; any thread. Fails with every problem; then
    // the directory before stays.
    base::Result<void> take_files(std::shared_ptr<const config::Config> config,
                                  std::shared_ptr<const gateway::Snapshot> snapshot,
                                  const std::string& master_key);
    // What take_files() was given, with the models of the database. Any thread.
    std::shared_ptr<const gateway::Snapshot> snapshot();
    // Watches the database from here on; `heard`: what instances tell each other. After the first
    // take_files().
    void start(store::Db::Heard heard = {});
    // Comes back when what was committed before the call is in force in this process; at the latest
    // after `in_force_patience`, when the database does not answer. Builds at once, without waiting
    // for company. On the loop's thread; the keeper may end meanwhile.
    net::Task<void> in_force(net::Loop& loop);
    static constexpr std::chrono::seconds in_force_patience{3};
    // The live state of a budget, or null. Any thread.
    policy::LiveBudgetPointer live_budget(const std::string& id);
    std::vector<policy::LiveBudgetPointer> live_budgets();

private:
    base::Result<void> rebuild();
    base::Result<assembly::DirectoryRows> read_rows();
    std::shared_ptr<const gateway::Snapshot> snapshot_with_models();
    void run();
    void wake();

    gateway::Gateway& gateway_;
    Stores& stores_;
    // Who builds: periods that it opens itself are filled by the build.
    std::atomic<std::thread::id> builder_;
    std::mutex building_;  // one build at a time; guards the following
    std::shared_ptr<const config::Config> config_;
    std::shared_ptr<const gateway::Snapshot> snapshot_;
    std::string master_key_;
    assembly::DirectoryRows files_;
    SnapshotMaker make_snapshot_;  // empty: the files' models are all there is
    std::shared_ptr<const policy::KeyVault> vault_;
    assembly::ModelRows model_rows_;      // as read last
    std::string models_in_force_;         // the fingerprint of those in snapshot_
    std::optional<SpentMemory> spent_;  // null: no store
    std::uint64_t version_ = 0;
    std::int64_t changes_read_ = -1;  // the change counter before the rows were read
    std::atomic<std::int64_t> changes_in_force_{-1};  // that of the directory; any thread
    std::mutex budgets_mutex_;
    std::unordered_map<std::string, policy::LiveBudgetPointer> budgets_;
    std::mutex mutex_;  // guards the following
    std::condition_variable wake_;
    bool changed_ = false;
    bool hurried_ = false;  // somebody waits
    std::vector<std::function<void()>> waiting_;  // for the next build to have been published
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace tollgate::app
