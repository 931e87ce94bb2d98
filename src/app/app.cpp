#include "app/app.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "accounting/byte_pairs.hpp"
#include "app/active_checks.hpp"
#include "app/administration.hpp"
#include "app/budget_watch.hpp"
#include "app/circuit_share.hpp"
#include "app/configuration.hpp"
#include "app/database.hpp"
#include "app/dialects.hpp"
#include "app/directory_keeper.hpp"
#include "app/model_sync_job.hpp"
#include "app/start_memory.hpp"
#include "app/stores.hpp"
#include "app/watcher.hpp"
#include "app/worker_thread.hpp"
#include "base/log.hpp"
#include "commands/snippet.hpp"
#include "gateway/shared_affinity.hpp"
#include "net/connect.hpp"

namespace tollgate::app {
namespace {

using std::chrono::milliseconds;

constexpr int listen_backlog = 4096;
constexpr milliseconds drain_poll{20};
constexpr milliseconds ship_at_end{10'000};   // of usage records; the rest stays in the journal
constexpr milliseconds cancelled_grace{2'000};  // for handlers to end after a cancellation

void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    constexpr rlim_t comfortable = 8192;
    if (limit.rlim_max < comfortable) {
        base::log().warn("few_descriptors", {{"limit", static_cast<std::int64_t>(limit.rlim_max)},
                                             {"hint", "raise LimitNOFILE (ulimit -n)"}});
    }
}

// Credentials are in memory: a crash leaves no core file, whatever limits say, and nobody but root
// looks into the process.
void keep_memory_private() {
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0) return;
    base::log().warn("memory_not_private", {{"hint", "a crash may leave a core file with keys"}});
}

sigset_t handled_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
    return set;
}

void configure_log(const config::LoggingConfig& logging) {
    const auto level = logging.level == "debug"  ? base::LogLevel::debug
                       : logging.level == "warn" ? base::LogLevel::warn
                       : logging.level == "error" ? base::LogLevel::error
                                                  : base::LogLevel::info;
    const bool human = logging.format == "human" || (logging.format == "auto" && isatty(2) != 0);
    base::log().configure(level, human ? base::LogFormat::human : base::LogFormat::json);
}

// The limit on connections is the process's: each worker has its share.
http::ServerLimits limits_of(const config::ServerConfig& server, std::size_t workers) {
    http::ServerLimits limits;
    limits.body_bytes_max = static_cast<std::size_t>(server.limits.body.count);
    limits.head_bytes_max = static_cast<std::size_t>(server.limits.head.count);
    limits.connections_max = std::max<std::size_t>(
        1, static_cast<std::size_t>(server.limits.connections) / std::max<std::size_t>(workers, 1));
    limits.idle_timeout = server.limits.idle_timeout;
    limits.head_timeout = server.limits.head_timeout;
    limits.body_timeout = server.limits.body_timeout;
    limits.send_timeout = server.limits.write_timeout;
    return limits;
}

// The folder's own times tell of a tenant's file that comes or goes.
std::vector<std::string> watched(const config::Config& config) {
    std::vector<std::string> paths = config.files;
    if (!config.tenants_dir.empty()) paths.push_back(config.tenants_dir);
    return paths;
}

// Token vocabularies that somebody has put into the data directory.
std::shared_ptr<const accounting::VocabularyFolder> load_vocabularies(const std::string& data_dir) {
    std::vector<std::string> problems;
    auto found = accounting::VocabularyFolder::load(data_dir + "/vocab", problems);
    for (const std::string& problem : problems) {
        base::log().warn("vocabulary_not_read", {{"problem", problem}});
    }
    if (found.size() == 0) return nullptr;
    base::log().info("vocabularies_read", {{"count", static_cast<std::int64_t>(found.size())}});
    return std::make_shared<const accounting::VocabularyFolder>(std::move(found));
}

class App {
public:
    explicit App(const ServeOptions& options)
        : gateway_(metrics_, dialects_.clients()),
          configuration_(options, dialects_.sides(), gateway_.metrics()) {}

    int run() {
        keep_memory_private();
        const sigset_t signals = handled_signals();
        pthread_sigmask(SIG_BLOCK, &signals, nullptr);
        signal(SIGPIPE, SIG_IGN);
        auto loaded = configuration_.load();
        configure_log(configuration_.config().logging);
        if (!loaded.ok()) return fail(loaded.error().message);
        gateway_.publish(*loaded);
        auto opened = open_stores();
        if (!opened.ok()) return fail(opened.error().message);
        gateway_.vocabularies = load_vocabularies(configuration_.data_dir());
        raise_descriptor_limit();
        auto started = start_workers();
        if (!started.ok()) {
            if (budget_watch_ != nullptr) budget_watch_->end();
            if (model_sync_) model_sync_->end();
            if (active_checks_) active_checks_->end();
            return fail(started.error().message);
        }
        watcher_.watch(watched(configuration_.config()));
        announce();
        give_back_start_memory(*stores_);
        wait_for_the_end(signals);
        drain(signals);
        workers_.clear();
        if (circuits_) circuits_->stop();
        stores_->ship_the_rest(ship_at_end);
        base::log().info("stopped", {});
        base::log().flush();
        return 0;
    }

private:
    int fail(const std::string& message) {
        base::log().flush();
        std::fprintf(stderr, "tollgate: %s\n", message.c_str());
        return 1;
    }
    base::Result<void> open_stores();
    base::Result<void> open_vault(const config::Environment& environment);
    base::Result<void> start_workers();
    base::Result<void> start_metrics_listener();
    void add_gauges();
    void announce();
    void wait_for_the_end(const sigset_t& signals);
    base::Result<admin::ConfigurationService::Reload> reload(const char* why);
    void drain(const sigset_t& signals);
    std::size_t in_flight();

    base::Registry metrics_;
    const Dialects dialects_;
    gateway::Gateway gateway_;
    Configuration configuration_;
    Watcher watcher_;
    std::unique_ptr<Stores> stores_;
    std::shared_ptr<policy::KeyVault> vault_;        // null: nothing is stored
    std::optional<ProviderCalls> provider_calls_;
    std::shared_ptr<CircuitShare> circuits_;         // null: nothing is stored
    std::unique_ptr<DirectoryKeeper> keeper_;
    ReloadDesk desk_{configuration_};
    std::optional<admin::Services> administration_;
    std::vector<std::unique_ptr<WorkerThread>> workers_;
    std::unique_ptr<BudgetWatch> budget_watch_;  // null: nothing is governed
    std::optional<ModelSyncJob> model_sync_;
    std::optional<ActiveChecks> active_checks_;
    std::uint16_t port_ = 0;
    std::string host_;
};

base::Result<void> App::open_stores() {
    const config::Config& config = configuration_.config();
    const auto environment = process_environment();
    TRY(stores_, Stores::open(config, configuration_.data_dir(),
                              environment.lookup("TOLLGATE_INSTALLATION_KEY").value_or(""),
                              metrics_));
    keeper_ = std::make_unique<DirectoryKeeper>(gateway_, *stores_);
    if (stores_->active()) TRY_VOID(open_vault(environment));
    TRY_VOID(keeper_->take_files(configuration_.current(), gateway_.current(),
                                 configuration_.master_key()));
    if (stores_->active()) {
        gateway_.shared = stores_->shared();
        circuits_ = std::make_shared<CircuitShare>(gateway_, stores_->db(), gateway_.shared);
        circuits_->begin();
        stores_->listen([this, circuits = circuits_](std::string_view text, milliseconds age) {
            if (!gateway::hear_news(gateway_, text)) circuits->heard(text, age);
        });
    }
    keeper_->start([circuits = circuits_](std::string_view text) {
        if (circuits) circuits->heard(text);
    });
    const domain::AffinitySettings& affinity = gateway_.current()->routing.affinity;
    gateway_.conversations = std::make_unique<routing::AffinityTable>(
        static_cast<std::size_t>(std::max<std::int64_t>(affinity.sessions_max, 1)),
        std::max<std::int64_t>(affinity.idle.count(), 1));
    if (!stores_->active()) return {};
    gateway_.governor = &stores_->governor();
    gateway_.own_key_audit = &stores_->own_key_audit();
    gateway_.stores_trouble = [this] { return stores_->trouble(); };
    administration_.emplace(admin_services(gateway_, *stores_, *keeper_, desk_,
                                           config.precedence != "database"));
    administration_->vault = vault_;
    administration_->providers = &*provider_calls_;
    return {};
}

// Credentials of the database can be opened from here on, and its models served.
base::Result<void> App::open_vault(const config::Environment& environment) {
    TRY(policy::KeyVault vault,
        policy::KeyVault::open(configuration_.data_dir(),
                               environment.lookup("BYOK_ENCRYPTION_KEY").value_or("")));
    vault_ = std::make_shared<policy::KeyVault>(std::move(vault));
    TRY_VOID(check_vault(stores_->db(), *vault_));
    provider_calls_.emplace(configuration_.provider_calls());
    keeper_->serve_database(
        [this](const config::Config& config, const assembly::ModelRows& rows,
               const std::string& master_key) {
            return configuration_.with_models(config, rows, *vault_, master_key);
        },
        vault_);
    return {};
}

base::Result<void> App::start_workers() {
    const config::ServerConfig& server = configuration_.config().server;
    std::shared_ptr<net::TlsServerContext> tls;
    if (server.tls.enabled()) {
        TRY(tls, net::TlsServerContext::make(server.tls.certificate, server.tls.key));
    }
    TRY(net::Address address, net::parse_address(server.listen));
    const std::size_t count = worker_count(server);
    std::vector<int> listening;
    for (std::size_t i = 0; i < count; ++i) {
        TRY(const int fd, net::listen(address, listen_backlog));
        if (i == 0) {
            // All share the port that the first one got.
            port_ = net::bound_port(fd);
            const std::string text = address.text();
            host_ = text.substr(0, text.rfind(':'));
            TRY(address, net::parse_address(host_ + ":" + std::to_string(port_)));
        }
        workers_.push_back(std::make_unique<WorkerThread>(
            gateway_, metrics_, limits_of(server, count), server.metrics_listen == "main",
            administration_ ? &*administration_ : nullptr, workers_));
        if (stores_->active()) workers_.back()->keep_usage(stores_->usage_sink());
        listening.push_back(fd);
    }
    add_gauges();
    // Nobody is accepted before it is known how many instances share the limits.
    workers_.front()->start();
    stores_->begin_sharing(workers_.front()->loop());
    if (stores_->active()) {
        TRY(auto trusting, configuration_.tls());
        budget_watch_ = BudgetWatch::make(*stores_, *keeper_, workers_.front()->loop(),
                                          workers_.front()->client(), std::move(trusting),
                                          configuration_.config().alerts);
        budget_watch_->begin();
        model_sync_.emplace(*administration_, workers_.front()->loop());
        model_sync_->begin();
    }
    ActiveChecks::Parts checks{gateway_, workers_.front()->loop(), metrics_};
    if (stores_->active()) {
        checks.db = &stores_->db();
        checks.state = &stores_->state();
        checks.shared = stores_->shared();
    }
    active_checks_.emplace(std::move(checks));
    active_checks_->begin();
    TRY_VOID(start_metrics_listener());  // before traffic: who finds it ready finds them too
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        if (i > 0) workers_[i]->start();
        workers_[i]->run_on_loop([&] {
            stores_->connect_shared();
            workers_[i]->serve(listening[i], tls);
        });
    }
    return {};
}

base::Result<void> App::start_metrics_listener() {
    const std::string& listen = configuration_.config().server.metrics_listen;
    if (listen == "main" || listen == "off" || listen.empty()) return {};
    TRY(const net::Address address, net::parse_address(listen));
    auto fd = net::listen(address, listen_backlog, net::PortUse::exclusive);
    if (!fd.ok()) {
        // Metrics are no reason to refuse traffic.
        base::log().warn(
            "metrics_not_served",
            {{"why", fd.error().message}, {"hint", "server.metrics_listen sets the address"}});
        return {};
    }
    workers_.front()->run_on_loop([&] { workers_.front()->serve_metrics(*fd); });
    return {};
}

void App::add_gauges() {
    metrics_.gauge_callback("tollgate_build_info", "The running version",
                            {{"version", TOLLGATE_VERSION}}, [] { return 1.0; });
    metrics_.gauge_callback("tollgate_requests_in_flight", "Model requests being answered", {},
                            [this] { return static_cast<double>(gateway_.admission.running()); });
    metrics_.gauge_callback("tollgate_admission_waiting", "Requests that wait for a place", {},
                            [this] { return static_cast<double>(gateway_.admission.waiting()); });
    metrics_.counter_callback("tollgate_log_lines_dropped_total", "Log lines that found no room",
                              {}, [] { return static_cast<double>(base::log().dropped()); });
    const auto sum = [this](auto member) {
        return [this, member] {
            double total = 0;
            for (const auto& worker : workers_) {
                total += static_cast<double>((worker->gauges().*member).load());
            }
            return total;
        };
    };
    metrics_.gauge_callback("tollgate_connections", "Client connections", {},
                            sum(&WorkerGauges::connections));
    metrics_.gauge_callback("tollgate_provider_connections", "Connections to providers",
                            {{"state", "idle"}}, sum(&WorkerGauges::provider_idle));
    metrics_.gauge_callback("tollgate_provider_connections", "Connections to providers",
                            {{"state", "active"}}, sum(&WorkerGauges::provider_active));
    metrics_.counter_callback("tollgate_connections_accepted_total", "Client connections accepted",
                              {}, sum(&WorkerGauges::accepted));
    metrics_.counter_callback("tollgate_connections_refused_total",
                              "Client connections over server.limits.connections", {},
                              sum(&WorkerGauges::refused));
    metrics_.counter_callback("tollgate_bad_http_total", "Request heads that were no HTTP", {},
                              sum(&WorkerGauges::bad_requests));
    metrics_.counter_callback("tollgate_provider_connects_total", "New connections to providers",
                              {}, sum(&WorkerGauges::provider_connects));
    metrics_.counter_callback("tollgate_stale_retries_total",
                              "Requests sent again because a kept connection had closed", {},
                              sum(&WorkerGauges::stale_retries));
}

void App::announce() {
    const config::Config& config = configuration_.config();
    std::string host = host_ == "0.0.0.0" || host_ == "[::]" ? "127.0.0.1" : host_;
    const std::string url = std::string(config.server.tls.enabled() ? "https" : "http") + "://" +
                            host + ":" + std::to_string(port_);
    base::log().info("started", {{"version", TOLLGATE_VERSION},
                                 {"listen", url},
                                 {"workers", workers_.size()},
                                 {"configuration", configuration_.file().empty()
                                                       ? (config.demo ? "none: demo mode"
                                                                      : "none: provider variables")
                                                       : configuration_.file()}});
    const bool may_show = config.general_settings.master_key.empty() &&
                          (configuration_.master_key_generated() || isatty(1) != 0);
    // A key that is not shown is named in a way that a shell understands.
    const std::string key = may_show ? configuration_.master_key() : "YOUR_KEY";
    commands::SnippetArgs args{"claude-code", url, key, "", nullptr};
    const auto opus = gateway_.current()->names.resolve("opus");
    if (opus.found() && !opus.candidates.front().is_direct()) {
        const auto& endpoints =
            gateway_.current()->groups[opus.candidates.front().group]->endpoints;
        if (!endpoints.empty()) args.target = &endpoints.front()->deployment.model;
    }
    const auto snippet = commands::client_snippet(args);
    std::string text = snippet.ok() ? snippet.value() : "";
    const std::size_t at = text.find(key);
    if (!may_show && config.general_settings.master_key.empty() && at != std::string::npos) {
        text.replace(at, key.size(), "\"$(cat '" + configuration_.data_dir() + "/master_key')\"");
    }
    std::printf("Tollgate %s listens on %s%s\n\n%s\n", TOLLGATE_VERSION, url.c_str(),
                config.demo ? " (demo mode: the echo provider answers)" : "",
                text.c_str());
    std::fflush(stdout);
}

void App::wait_for_the_end(const sigset_t& signals) {
    while (true) {
        const timespec second{1, 0};
        const int signal = sigtimedwait(&signals, nullptr, &second);
        if (signal == SIGHUP) {
            desk_.answer(reload("SIGHUP"));
        } else if (signal > 0) {
            base::log().info("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
            return;
        } else if (watcher_.changed()) {
            desk_.answer(reload("a configuration file changed"));
        }
    }
}

base::Result<admin::ConfigurationService::Reload> App::reload(const char* why) {
    const config::ServerConfig before = configuration_.config().server;
    const config::StoresConfig stores_before = configuration_.config().stores;
    auto loaded = configuration_.load();
    base::Result<void> taken;
    if (loaded.ok()) {
        taken = keeper_->take_files(configuration_.current(), *loaded,
                                    configuration_.master_key());
    } else {
        taken = loaded.error();
    }
    if (!taken.ok()) {
        base::log().error("reload_failed", {{"why", why},
                                            {"problems", taken.error().message},
                                            {"effect", "the former configuration stays in force"}});
        return taken.error();
    }
    const config::Config& config = configuration_.config();
    configure_log(config.logging);
    // With the models of the database, which the files know nothing of.
    gateway_.publish(keeper_->snapshot());
    const http::ServerLimits limits = limits_of(config.server, workers_.size());
    for (auto& worker : workers_) {
        worker->run_on_loop([&] { worker->server().set_limits(limits); });
    }
    watcher_.watch(watched(config));
    std::string restart;
    const auto differs = [&](bool is, const char* name) {
        if (is) restart += (restart.empty() ? "" : ", ") + std::string(name);
    };
    differs(before.listen != config.server.listen, "server.listen");
    differs(before.workers != config.server.workers, "server.workers");
    differs(before.metrics_listen != config.server.metrics_listen, "server.metrics_listen");
    differs(before.tls.certificate != config.server.tls.certificate ||
                before.tls.key != config.server.tls.key,
            "server.tls");
    differs(stores_before.database.value != config.stores.database.value, "stores.database");
    differs(stores_before.redis.value != config.stores.redis.value, "stores.redis");
    base::log().info("reloaded", {{"why", why},
                                  {"version", (*loaded)->version},
                                  {"models", (*loaded)->groups.size()},
                                  {"needs_restart", restart}});
    give_back_start_memory(*stores_);
    return admin::ConfigurationService::Reload{(*loaded)->version, restart};
}

std::size_t App::in_flight() {
    std::size_t total = 0;
    for (auto& worker : workers_) {
        worker->run_on_loop([&] { total += worker->server().in_flight(); });
    }
    return total;
}

void App::drain(const sigset_t& signals) {
    const config::Drain& drain = configuration_.config().server.drain;
    gateway_.draining = true;
    // Waits for `duration` or the next signal; a second signal ends the drain at once.
    bool hurried = false;
    const auto pause = [&](milliseconds duration) {
        const timespec time{duration.count() / 1000, (duration.count() % 1000) * 1'000'000};
        const int signal = sigtimedwait(&signals, nullptr, &time);
        hurried = hurried || signal == SIGTERM || signal == SIGINT;
    };
    if (drain.delay.count() > 0) pause(drain.delay);
    const auto each = [&](void (http::Server::*action)()) {
        for (auto& worker : workers_) {
            worker->run_on_loop([&] { (worker->server().*action)(); });
        }
    };
    each(&http::Server::stop_accepting);
    each(&http::Server::close_idle);
    const auto begun = net::Clock::now();
    bool plain_ended = false;
    while (in_flight() > 0 && !hurried) {
        const auto elapsed = net::Clock::now() - begun;
        if (elapsed >= drain.timeout) break;
        if (!plain_ended && elapsed >= drain.plain_timeout) {
            each(&http::Server::cancel_plain);
            plain_ended = true;
        }
        pause(drain_poll);
        each(&http::Server::close_idle);
    }
    const std::size_t left = in_flight();
    if (left > 0) base::log().warn("drain_cut_short", {{"requests", left}});
    each(&http::Server::cancel_all);
    const auto cancelled = net::Clock::now();
    while (in_flight() > 0 && net::Clock::now() - cancelled < cancelled_grace) pause(drain_poll);
    if (budget_watch_ != nullptr) budget_watch_->end();
    if (model_sync_) model_sync_->end();
    if (active_checks_) active_checks_->end();
    stores_->end_sharing(workers_.front()->loop());
    for (auto& worker : workers_) worker->stop_and_join();
}

}  // namespace

int serve(const ServeOptions& options) {
    App app(options);
    return app.run();
}

}  // namespace tollgate::app
