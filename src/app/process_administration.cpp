#include "app/process_administration.hpp"

#include <atomic>
#include <functional>
#include <optional>
#include <thread>
#include <unordered_map>

#include "admin/routes.hpp"
#include "app/database.hpp"
#include "app/spent_memory.hpp"
#include "assembly/build_directory.hpp"
#include "commands/remote_administration.hpp"
#include "config/show.hpp"
#include "crypto/digest.hpp"
#include "gateway/caller.hpp"
#include "http/server.hpp"
#include "net/connect.hpp"
#include "net/loop.hpp"
#include "policy/authenticate.hpp"
#include "shared_state/in_process.hpp"
#include "store/migrate.hpp"

namespace tollgate::app {
namespace {

constexpr std::size_t key_characters = 43;
constexpr int backlog = 16;
constexpr int close_rounds = 200;
constexpr std::chrono::milliseconds close_step{2};  // for sessions to end before the thread does

base::Error problems_error(const std::vector<config::Problem>& problems) {
    std::string text = "the configuration has errors:";
    for (const config::Problem& problem : problems) {
        if (problem.severity == config::Severity::error) text += "\n" + problem.text();
    }
    return base::invalid(std::move(text));
}

bool has_errors(const std::vector<config::Problem>& problems) {
    return std::any_of(problems.begin(), problems.end(), [](const config::Problem& problem) {
        return problem.severity == config::Severity::error;
    });
}

// Nobody runs it, so it can be looked at and judged, not reloaded.
class StillConfiguration final : public admin::ConfigurationService {
public:
    StillConfiguration(const config::Config& config, std::string file)
        : config_(config), file_(std::move(file)) {}
    std::string show() override { return config::show_effective(config_); }
    std::string file() override { return file_; }
    Check check(std::string_view yaml) override {
        Check result;
        Offline offline;
        if (!offline.ready().ok()) return result;
        config::LoadResult loaded = offline.load_text(yaml);
        result.problems = loaded.problems;
        if (!loaded.ok()) return result;
        assembly::BuildResult built = offline.build(loaded.config);
        result.problems.insert(result.problems.end(), built.problems.begin(),
                               built.problems.end());
        result.valid = built.snapshot != nullptr;
        return result;
    }
    base::Result<Reload> reload() override {
        return base::Error{base::ErrorCode::unavailable,
                           "no gateway runs here: its start reads the configuration"};
    }

private:
    const config::Config& config_;
    const std::string file_;
};

net::Task<void> nothing_here(http::Exchange& exchange) {
    auto sent = co_await exchange.respond(exchange.path_known() ? 405 : 404,
                                          "text/plain; charset=utf-8", "nothing is here\n");
    (void)sent;
}

class ProcessAdministration final : public commands::Administration {
public:
    explicit ProcessAdministration(ProcessAdministrationOptions options)
        : options_(std::move(options)), configuration_(options_.config, options_.file) {}
    ~ProcessAdministration() override { stop(); }
    ProcessAdministration(const ProcessAdministration&) = delete;
    ProcessAdministration& operator=(const ProcessAdministration&) = delete;

    base::Result<void> start();

    base::Result<commands::AdminReply> call(std::string_view method, const std::string& target,
                                            std::string_view body) override {
        return asked_->call(method, target, body);
    }
    base::Result<commands::AdminReply> stream(const std::string& target, const Use& use) override {
        return asked_->stream(target, use);
    }
    const std::string& url() const override { return options_.shown_url; }

private:
    base::Result<void> open_store();
    base::Result<void> build();
    base::Result<void> serve();
    void on_loop(const std::function<void()>& work);
    void stop();

    const ProcessAdministrationOptions options_;
    Offline offline_;
    StillConfiguration configuration_;
    std::string master_key_;
    std::shared_ptr<const policy::InstallationKey> installation_;
    std::shared_ptr<policy::KeyVault> vault_;
    std::optional<ProviderCalls> provider_calls_;
    std::unique_ptr<store::Db> db_;
    shared_state::InProcess state_;
    std::shared_ptr<const gateway::Snapshot> snapshot_;
    std::shared_ptr<const gateway::Directory> directory_;
    std::unordered_map<std::string, policy::LiveBudgetPointer> budgets_;
    std::optional<admin::Services> services_;
    net::Loop loop_;
    http::Router router_;
    std::optional<http::Server> server_;
    std::thread thread_;
    std::unique_ptr<commands::Administration> asked_;
};

base::Result<void> ProcessAdministration::start() {
    TRY_VOID(offline_.ready());
    master_key_ = options_.key.empty() ? "sk-tg-" + crypto::random_base62(key_characters)
                                       : options_.master_key;
    TRY_VOID(open_store());
    TRY_VOID(build());
    return serve();
}

base::Result<void> ProcessAdministration::open_store() {
    TRY(db_, open_database(options_.config.stores, options_.data_dir));
    TRY(const auto applied, store::migrate(*db_));
    (void)applied;  // as a start of the gateway would do it
    const std::string given =
        offline_.environment().lookup("TOLLGATE_INSTALLATION_KEY").value_or("");
    TRY(policy::InstallationKey key, policy::InstallationKey::open(options_.data_dir, given));
    installation_ = std::make_shared<const policy::InstallationKey>(std::move(key));
    TRY_VOID(check_installation(*db_, *installation_));
    const std::string list = offline_.environment().lookup("BYOK_ENCRYPTION_KEY").value_or("");
    TRY(policy::KeyVault vault, policy::KeyVault::open(options_.data_dir, list));
    vault_ = std::make_shared<policy::KeyVault>(std::move(vault));
    return check_vault(*db_, *vault_);
}

// What the gateway would know: the files' tenants are written to the database, then everybody who
// may ask and every budget is read from it.
base::Result<void> ProcessAdministration::build() {
    assembly::BuildResult built = offline_.build(options_.config);
    if (built.snapshot == nullptr) return problems_error(built.problems);
    snapshot_ = std::move(built.snapshot);
    std::vector<config::Problem> problems;
    const assembly::DirectoryRows files =
        assembly::rows_of_files(options_.config, installation_.get(), problems);
    const auto sync = [&](store::Session& session) {
        return assembly::sync_files(session, files, options_.config, problems);
    };
    TRY_VOID(db_->write(store::Access::everything(), sync));
    if (has_errors(problems)) return problems_error(problems);
    assembly::DirectoryRows rows;
    const auto read = [&](store::Session& session) -> base::Result<void> {
        TRY(rows, assembly::load_rows(session));
        return {};
    };
    TRY_VOID(db_->read(store::Access::everything(), read));
    assembly::DirectoryInput input{.rows = rows,
                                   .config = options_.config,
                                   .snapshot = *snapshot_,
                                   .master_key = master_key_};
    input.installation = installation_;
    input.state = &state_;
    SpentMemory spent = spent_memory(*db_);
    input.spent = [&spent](const domain::Budget& budget, domain::UnixMicros from,
                           domain::UnixMicros until) {
        return spent.spent(budget, from, until, store::now_micros());
    };
    assembly::DirectoryResult result = assembly::build_directory(input);
    if (result.directory == nullptr) return problems_error(result.problems);
    directory_ = std::move(result.directory);
    for (const policy::LiveBudgetPointer& budget : result.budgets) {
        budgets_.emplace(budget->budget().id, budget);
    }
    return {};
}

base::Result<void> ProcessAdministration::serve() {
    const auto who = [this](const http::Headers& headers, const std::string& address,
                            const std::string& path) -> base::Result<domain::Principal> {
        TRY(const domain::Principal* found, policy::authenticate(directory_->keys, headers));
        TRY_VOID(gateway::check_caller(*directory_, *found, address, path));
        return *found;
    };
    const auto live_budget = [this](const std::string& id) {
        const auto found = budgets_.find(id);
        return found == budgets_.end() ? policy::LiveBudgetPointer() : found->second;
    };
    const auto health = [this] {
        return std::vector<admin::ServiceHealth>{{"database", db_->trouble()}};
    };
    services_.emplace(admin::Services{
        *db_, *installation_, who, live_budget, [this] { return snapshot_; },
        [this] { return directory_; }, health, configuration_,
        options_.config.precedence != "database"});
    provider_calls_.emplace(offline_.provider_calls(options_.config));
    services_->vault = vault_;
    services_->providers = &*provider_calls_;
    admin::add_routes(router_, *services_);
    router_.set_fallback(nothing_here);
    TRY(const net::Address address, net::parse_address("127.0.0.1:0"));
    TRY(const int fd, net::listen(address, backlog, net::PortUse::exclusive));
    server_.emplace(loop_, router_, http::ServerLimits{});
    const std::string url = "http://127.0.0.1:" + std::to_string(net::bound_port(fd));
    server_->serve(fd, nullptr);
    thread_ = std::thread([this] { loop_.run(); });
    commands::RemoteOptions remote;
    remote.url = url;
    remote.key = options_.key.empty() ? master_key_ : options_.key;
    TRY(asked_, commands::remote_administration(remote));
    return {};
}

void ProcessAdministration::on_loop(const std::function<void()>& work) {
    std::atomic<bool> done{false};
    loop_.post([&] {
        work();
        done = true;
        done.notify_one();
    });
    done.wait(false);
}

void ProcessAdministration::stop() {
    if (!thread_.joinable()) return;
    on_loop([this] { server_->stop_accepting(); });
    for (int i = 0; i < close_rounds; ++i) {
        std::size_t open = 0;
        on_loop([&] {
            server_->cancel_all();
            server_->close_idle();
            open = server_->connections();
        });
        if (open == 0) break;
        std::this_thread::sleep_for(close_step);
    }
    loop_.stop();
    thread_.join();
}

}  // namespace

base::Result<std::unique_ptr<commands::Administration>> process_administration(
    ProcessAdministrationOptions options) {
    auto made = std::make_unique<ProcessAdministration>(std::move(options));
    TRY_VOID(made->start());
    return std::unique_ptr<commands::Administration>(std::move(made));
}

}  // namespace tollgate::app
