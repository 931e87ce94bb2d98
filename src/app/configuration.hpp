// Loads everything a snapshot is built from and builds it: at start, at reload, the same way.
// Blocking file I/O; call it on the main thread. Not thread-safe.
#pragma once
#include <atomic>
#include <memory>
#include <string>

#include "app/app.hpp"
#include "app/provider_calls.hpp"
#include "assembly/build_snapshot.hpp"
#include "assembly/database_models.hpp"
#include "config/catalog.hpp"
#include "config/load.hpp"
#include "credentials/machine.hpp"
#include "gateway/gateway.hpp"
#include "providers/registry.hpp"

namespace tollgate::app {

// The catalog texts inside the binary.
config::CatalogTexts embedded_catalog();
// The environment with secret files, as configuration sees it.
config::Environment process_environment();

class Configuration {
public:
    // `dialects` must outlive this.
    Configuration(ServeOptions options, const providers::Dialects& dialects,
                  gateway::RequestMetrics& metrics);

    // Reads, checks, builds. Every problem is logged; an error leaves what was there before.
    // Fails with the report.
    base::Result<std::shared_ptr<const gateway::Snapshot>> load();

    // The same configuration with what the database adds to it. Any thread, after load().
    // Problems are logged. Fails with the errors.
    base::Result<std::shared_ptr<const gateway::Snapshot>> with_models(
        const config::Config& config, const assembly::ModelRows& rows,
        const policy::KeyVault& vault, const std::string& master_key);
    // Trusts the certificates of the system; the providers' own where one is reached by it. Fails:
    // invalid_request when they cannot be read.
    base::Result<std::shared_ptr<net::TlsClientContext>> tls() { return shared_.tls(true, ""); }
    // For calls that administration makes. After load(); outlived by this.
    ProviderCalls provider_calls();

    // Main thread.
    const config::Config& config() const { return *held_; }
    // Any thread.
    std::shared_ptr<const config::Config> current() const { return config_.load(); }
    const config::Catalog& catalog() const { return *catalog_; }
    const std::string& data_dir() const { return data_dir_; }
    // The master key in force and where it came from, for the start message.
    const std::string& master_key() const { return master_key_; }
    bool master_key_generated() const { return master_key_generated_; }
    const std::string& file() const { return file_; }  // "" : none

private:
    base::Result<void> load_catalog();
    base::Result<std::string> stored_master_key();

    ServeOptions options_;
    providers::Dialects dialects_;
    gateway::RequestMetrics& metrics_;
    assembly::Shared shared_{credentials::read_machine()};
    std::shared_ptr<const config::Catalog> catalog_;
    std::shared_ptr<const providers::Registry> registry_;
    std::shared_ptr<const config::Config> held_ = std::make_shared<config::Config>();
    std::atomic<std::shared_ptr<const config::Config>> config_{held_};
    std::string file_;
    std::string data_dir_;
    std::string master_key_;
    bool master_key_generated_ = false;
    std::atomic<std::uint64_t> version_{0};
};

}  // namespace tollgate::app
