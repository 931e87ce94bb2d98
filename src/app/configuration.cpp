#include "app/configuration.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "config/zero_config.hpp"
#include "crypto/digest.hpp"
#include "secret_sources/environment.hpp"
#include "secret_sources/files.hpp"

extern "C" {
extern const char tollgate_data_models[], tollgate_data_models_end[];
extern const char tollgate_data_providers[], tollgate_data_providers_end[];
extern const char tollgate_data_betas[], tollgate_data_betas_end[];
extern const char tollgate_data_tasks[], tollgate_data_tasks_end[];
extern const char tollgate_data_figures[], tollgate_data_figures_end[];
}

namespace tollgate::app {
namespace {

std::string_view between(const char* begin, const char* end) {
    return {begin, static_cast<std::size_t>(end - begin)};
}

void log_problem(const config::Problem& problem) {
    const auto level = problem.severity == config::Severity::error     ? base::LogLevel::error
                       : problem.severity == config::Severity::warning ? base::LogLevel::warn
                                                                       : base::LogLevel::info;
    base::log().write(level, "configuration_problem", {{"problem", problem.text()}});
}

}  // namespace

config::CatalogTexts embedded_catalog() {
    return {between(tollgate_data_providers, tollgate_data_providers_end),
            between(tollgate_data_models, tollgate_data_models_end),
            between(tollgate_data_betas, tollgate_data_betas_end),
            between(tollgate_data_tasks, tollgate_data_tasks_end),
            between(tollgate_data_figures, tollgate_data_figures_end)};
}

config::Environment process_environment() {
    config::Environment environment;
    environment.variables = secret_sources::process_environment();
    environment.read_secret_file = secret_sources::read_secret_file;
    return environment;
}

Configuration::Configuration(ServeOptions options, const providers::Dialects& dialects,
                             gateway::RequestMetrics& metrics)
    : options_(std::move(options)), dialects_(dialects), metrics_(metrics) {
    file_ = options_.config_file.empty() ? config::default_path() : options_.config_file;
}

base::Result<void> Configuration::load_catalog() {
    if (catalog_ != nullptr) return {};
    TRY(config::Catalog catalog, config::load_catalog(embedded_catalog()));
    std::vector<providers::BetaRule> rules;
    for (const config::BetaRule& rule : catalog.betas) {
        rules.push_back({rule.target, rule.header_deny, rule.field_deny, rule.deny_all,
                         rule.output_fields, rule.tool_fields, rule.tool_types, rule.cache_fields,
                         rule.hosts, rule.rename, rule.in_body});
    }
    registry_ = std::make_shared<providers::Registry>(dialects_,
                                                      providers::BetaFilter(std::move(rules)));
    catalog_ = std::make_shared<const config::Catalog>(std::move(catalog));
    return {};
}

// A gateway is never open: without a configured master key one is made and kept.
base::Result<std::string> Configuration::stored_master_key() {
    const std::string path = data_dir_ + "/master_key";
    auto stored = secret_sources::read_secret_file(path);
    if (stored.ok()) return stored;
    if (mkdir(data_dir_.c_str(), 0700) != 0 && errno != EEXIST) {
        return base::Error{
            base::ErrorCode::unavailable,
            "cannot make the data directory " + data_dir_ + ": " + std::strerror(errno)};
    }
    const std::string key = "sk-tg-" + crypto::random_base62(43);
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const std::string line = key + "\n";
    const bool written =
        fd >= 0 && write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    const int why = errno;
    if (fd >= 0) close(fd);
    if (!written) {
        return base::Error{base::ErrorCode::unavailable,
                           "cannot keep the master key in " + path + ": " + std::strerror(why) +
                               " (set general_settings.master_key, or --data-dir)"};
    }
    master_key_generated_ = true;
    return key;
}

base::Result<std::shared_ptr<const gateway::Snapshot>> Configuration::load() {
    TRY_VOID(load_catalog());
    const config::Environment environment = process_environment();
    config::LoadResult loaded;
    if (file_.empty()) {
        loaded.config = config::zero_config(environment, *catalog_);
    } else {
        loaded = config::load(file_, environment);
    }
    for (const config::Problem& problem : loaded.problems) log_problem(problem);
    if (!loaded.ok()) return base::invalid("the configuration has errors:\n" + loaded.report());
    data_dir_ = !options_.data_dir.empty() ? options_.data_dir : loaded.config.server.data_dir;
    if (data_dir_.empty()) data_dir_ = "./tollgate-data";
    std::string key = loaded.config.general_settings.master_key.value;
    if (key.empty()) key = master_key_;
    if (key.empty()) {
        TRY(key, stored_master_key());
    }
    if (!options_.listen.empty()) loaded.config.server.listen = options_.listen;
    assembly::BuildInput input{loaded.config, catalog_,  environment, registry_, shared_,
                               &metrics_,     key,       version_ + 1};
    input.unix_now = base::unix_seconds();
    assembly::BuildResult built = assembly::build_snapshot(input);
    std::string report;
    for (const config::Problem& problem : built.problems) {
        log_problem(problem);
        if (problem.severity == config::Severity::error) report += problem.text() + "\n";
    }
    if (built.snapshot == nullptr) {
        return base::invalid("the configuration has errors:\n" + report);
    }
    ++version_;
    held_ = std::make_shared<const config::Config>(std::move(loaded.config));
    config_.store(held_);
    master_key_ = key;
    return std::move(built.snapshot);
}

base::Result<std::shared_ptr<const gateway::Snapshot>> Configuration::with_models(
    const config::Config& config, const assembly::ModelRows& rows, const policy::KeyVault& vault,
    const std::string& master_key) {
    const config::Environment environment = process_environment();
    std::vector<config::Problem> problems;
    const config::Config merged = assembly::with_rows(config, rows, vault, problems);
    assembly::BuildInput input{merged,    catalog_,  environment, registry_,
                               shared_,   &metrics_, master_key,  version_ + 1};
    if (!rows.empty()) input.stored_rows = rows.fingerprint();
    input.unix_now = base::unix_seconds();
    assembly::BuildResult built = assembly::build_snapshot(input);
    // What the file alone has to say was said when it was read.
    std::string report;
    for (const config::Problem& problem : problems) log_problem(problem);
    for (const config::Problem& problem : built.problems) {
        if (problem.file == "database") log_problem(problem);
        if (problem.severity == config::Severity::error) report += problem.text() + "\n";
    }
    if (built.snapshot == nullptr) {
        return base::invalid("the models of the database have errors:\n" + report);
    }
    ++version_;
    return std::move(built.snapshot);
}

ProviderCalls Configuration::provider_calls() {
    return ProviderCalls({catalog_, registry_, shared_, [this] { return current(); }});
}

}  // namespace tollgate::app
