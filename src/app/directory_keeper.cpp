#include "app/directory_keeper.hpp"

#include <algorithm>
#include <tuple>

#include "base/log.hpp"
#include "store/changes.hpp"

namespace tollgate::app {
namespace {

// Changes of one moment (an import of a thousand keys) are taken together.
constexpr std::chrono::milliseconds gather{50};
constexpr std::chrono::seconds retry{1};

void log_problems(const std::vector<config::Problem>& problems) {
    for (const config::Problem& problem : problems) {
        const auto level = problem.severity == config::Severity::error     ? base::LogLevel::error
                           : problem.severity == config::Severity::warning ? base::LogLevel::warn
                                                                           : base::LogLevel::info;
        base::log().write(level, "configuration_problem", {{"problem", problem.text()}});
    }
}

std::string errors_of(const std::vector<config::Problem>& problems) {
    std::string text;
    for (const config::Problem& problem : problems) {
        if (problem.severity == config::Severity::error) text += problem.text() + "\n";
    }
    return text;
}

}  // namespace

DirectoryKeeper::DirectoryKeeper(gateway::Gateway& gateway, Stores& stores)
    : gateway_(gateway), stores_(stores) {
    if (stores_.active()) spent_.emplace(spent_memory(stores_.db()));
}

DirectoryKeeper::~DirectoryKeeper() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

base::Result<void> DirectoryKeeper::take_files(std::shared_ptr<const config::Config> config,
                                               std::shared_ptr<const gateway::Snapshot> snapshot,
                                               const std::string& master_key) {
    std::lock_guard lock(building_);
    std::vector<config::Problem> problems;
    assembly::DirectoryRows files =
        assembly::rows_of_files(*config, stores_.installation().get(), problems);
    if (stores_.active()) {
        const auto write = [&](store::Session& session) -> base::Result<void> {
            // Tried again after a lost connection: what the first try found is found again.
            problems.erase(std::remove_if(problems.begin(), problems.end(),
                                          [](const auto& p) { return p.line == 0; }),
                           problems.end());
            return assembly::sync_files(session, files, *config, problems);
        };
        auto synced = stores_.db().write(store::Access::everything(), write);
        if (!synced.ok()) {
            // Traffic goes on with what is known; at start nothing is known.
            base::log().warn("tenant_files_not_stored", {{"why", synced.error().message}});
            if (version_ == 0) return synced;
        }
    }
    log_problems(problems);
    if (const std::string errors = errors_of(problems); !errors.empty()) {
        return base::invalid("the tenants have errors:\n" + errors);
    }
    const auto before = std::tuple(config_, snapshot_, master_key_, models_in_force_);
    config_ = std::move(config);
    snapshot_ = std::move(snapshot);
    master_key_ = master_key;
    files_ = std::move(files);
    models_in_force_ = assembly::ModelRows().fingerprint();
    auto built = rebuild();
    if (!built.ok() && version_ > 0) {
        std::tie(config_, snapshot_, master_key_, models_in_force_) = before;
    }
    return built;
}

base::Result<assembly::DirectoryRows> DirectoryKeeper::read_rows() {
    if (!stores_.active()) return files_;
    assembly::DirectoryRows rows;
    std::int64_t changes = 0;
    const auto read = [&](store::Session& session) -> base::Result<void> {
        // First: what is committed in between is then read anew.
        TRY(changes, store::changes_version(session));
        auto loaded = assembly::load_rows(session);
        if (!loaded.ok()) return loaded.error();
        rows = std::move(loaded).value();
        if (!make_snapshot_) return {};
        TRY(model_rows_, assembly::load_model_rows(session));
        return {};
    };
    TRY_VOID(stores_.db().read(store::Access::everything(), read));
    changes_read_ = changes;
    return rows;
}

void DirectoryKeeper::serve_database(SnapshotMaker make,
                                     std::shared_ptr<const policy::KeyVault> vault) {
    make_snapshot_ = std::move(make);
    vault_ = std::move(vault);
}

std::shared_ptr<const gateway::Snapshot> DirectoryKeeper::snapshot() {
    std::lock_guard lock(building_);
    return snapshot_;
}

// The snapshot in force, or a new one where the database has other models than that one.
// REQUIRES: building_ is held.
std::shared_ptr<const gateway::Snapshot> DirectoryKeeper::snapshot_with_models() {
    const std::string fingerprint = model_rows_.fingerprint();
    if (!make_snapshot_ || fingerprint == models_in_force_) return snapshot_;
    auto made = make_snapshot_(*config_, model_rows_, master_key_);
    // Once is enough to say it: the next change is another try.
    models_in_force_ = fingerprint;
    if (made.ok()) return std::move(made).value();
    base::log().error("models_not_taken", {{"why", made.error().message},
                                           {"effect", "the former models stay"}});
    return snapshot_;
}

// REQUIRES: building_ is held.
base::Result<void> DirectoryKeeper::rebuild() {
    TRY(const assembly::DirectoryRows rows, read_rows());
    const auto snapshot = snapshot_with_models();
    assembly::DirectoryInput input{
        .rows = rows, .config = *config_, .snapshot = *snapshot, .master_key = master_key_};
    input.vault = vault_;
    input.installation = stores_.installation();
    input.metrics = &gateway_.metrics();
    input.version = version_ + 1;
    builder_ = std::this_thread::get_id();
    if (stores_.active()) {
        input.state = &stores_.state();
        // A period that begins is built with what the database knows of it: other instances may
        // have spent of it already.
        input.opened = [this](const policy::LiveBudget&, const policy::PeriodBounds&) {
            if (builder_.load() != std::this_thread::get_id()) wake();
        };
        input.spent = [this](const domain::Budget& budget, domain::UnixMicros from,
                             domain::UnixMicros until) {
            return spent_->spent(budget, from, until, store::now_micros());
        };
    }
    assembly::DirectoryResult result = assembly::build_directory(input);
    builder_ = std::thread::id();
    if (spent_) spent_->end_build();
    log_problems(result.problems);
    if (result.directory == nullptr) {
        return base::invalid("the tenants have errors:\n" + errors_of(result.problems));
    }
    ++version_;
    if (snapshot != snapshot_) {
        snapshot_ = snapshot;
        gateway_.publish(snapshot);
    }
    gateway_.publish(result.directory);
    changes_in_force_ = changes_read_;
    std::unordered_map<std::string, policy::LiveBudgetPointer> budgets;
    for (const policy::LiveBudgetPointer& budget : result.budgets) {
        budgets.emplace(budget->budget().id, budget);
    }
    std::lock_guard lock(budgets_mutex_);
    budgets_ = std::move(budgets);
    return {};
}

policy::LiveBudgetPointer DirectoryKeeper::live_budget(const std::string& id) {
    std::lock_guard lock(budgets_mutex_);
    const auto found = budgets_.find(id);
    return found == budgets_.end() ? nullptr : found->second;
}

std::vector<policy::LiveBudgetPointer> DirectoryKeeper::live_budgets() {
    std::lock_guard lock(budgets_mutex_);
    std::vector<policy::LiveBudgetPointer> all;
    for (const auto& [id, budget] : budgets_) all.push_back(budget);
    return all;
}

void DirectoryKeeper::start(store::Db::Heard heard) {
    if (!stores_.active()) return;
    thread_ = std::thread([this] { run(); });
    const auto changed = [this](std::int64_t version) {
        if (version != changes_in_force_) wake();
    };
    stores_.db().watch_changes(changed, std::move(heard));
}

void DirectoryKeeper::wake() {
    {
        std::lock_guard lock(mutex_);
        changed_ = true;
    }
    wake_.notify_all();
}

net::Task<void> DirectoryKeeper::in_force(net::Loop& loop) {
    if (!stores_.active()) co_return;
    const auto published = std::make_shared<net::Signal>();
    {
        std::lock_guard lock(mutex_);
        waiting_.emplace_back([published, inbox = loop.inbox()] {
            inbox->post([published] { published->notify(); });
        });
        changed_ = hurried_ = true;
    }
    wake_.notify_all();
    const net::Patience patience{net::Clock::now() + in_force_patience, nullptr};
    co_await published->wait(patience);
}

void DirectoryKeeper::run() {
    std::unique_lock lock(mutex_);
    std::vector<std::function<void()>> waiting;
    while (!stopping_) {
        wake_.wait(lock, [this] { return changed_ || stopping_; });
        if (stopping_) return;
        wake_.wait_for(lock, gather, [this] { return hurried_ || stopping_; });
        changed_ = hurried_ = false;
        waiting.insert(waiting.end(), waiting_.begin(), waiting_.end());
        waiting_.clear();
        lock.unlock();
        base::Result<void> built;
        {
            std::lock_guard building(building_);
            built = rebuild();
        }
        if (built.ok()) {
            for (const auto& tell : waiting) tell();
            waiting.clear();
        }
        lock.lock();
        if (built.ok()) continue;
        base::log().warn("directory_not_rebuilt", {{"why", built.error().message},
                                                   {"effect", "the former keys stay valid"}});
        changed_ = true;  // again, until it works
        wake_.wait_for(lock, retry, [this] { return stopping_; });
    }
}

}  // namespace tollgate::app
