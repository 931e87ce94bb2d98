// From configuration to a snapshot, or to a list of what is wrong with its meaning: config/ has
// checked the syntax, this checks that providers exist, names lead somewhere and keys are sound.
// Used at start, at reload and by `config check`.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "config/catalog.hpp"
#include "config/load.hpp"
#include "credentials/machine.hpp"
#include "credentials/source.hpp"
#include "gateway/gateway.hpp"
#include "gateway/snapshot.hpp"

namespace tollgate::assembly {

// What outlives snapshots: TLS contexts (their sessions, and the CA bundle read once), what is
// known of deployments' health, and sources of credentials with what they hold. Thread-safe.
class Shared {
public:
    // Who may wait for an answer: a build may, a request's loop may not.
    enum class Waiting : std::uint8_t { here, aside };

    // `machine`: whose metadata server may be asked; unknown means nobody's.
    explicit Shared(credentials::Machine machine = credentials::Machine::unknown)
        : machine_(machine) {}
    ~Shared();  // waits for what is asked aside: machine_place_time at most
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    base::Result<std::shared_ptr<net::TlsClientContext>> tls(bool verify,
                                                             const std::string& ca_file);
    std::shared_ptr<gateway::EndpointHealth> health(const std::string& deployment_key);
    // The source that was made for `key`, as long as a snapshot holds it, or what `make` gives.
    credentials::SourcePointer source(const std::string& key,
                                      const std::function<credentials::SourcePointer()>& make);
    credentials::Machine machine() const { return machine_; }
    // What `ask` says of where this machine is, kept once it is known; a silence is kept for half a
    // minute, so that one build asks once. `aside`: what is not known yet is asked on a thread of
    // its own, which keeps `ask`, and "" is the answer until it is known.
    std::string place(const std::string& key, std::function<std::string()> ask, Waiting waiting);

private:
    const credentials::Machine machine_;
    std::mutex mutex_;
    std::map<std::pair<bool, std::string>, std::shared_ptr<net::TlsClientContext>> tls_;
    std::map<std::string, std::shared_ptr<gateway::EndpointHealth>> health_;
    std::map<std::string, std::weak_ptr<credentials::Source>> sources_;
    struct Place {
        std::string text;
        net::Instant asked;
        std::thread asker;    // joinable while one asks aside, and until the next one does
        bool asking = false;
    };
    static void keep(Place& place, std::string text);
    std::map<std::string, Place> places_;
};

struct BuildInput {
    const config::Config& config;
    std::shared_ptr<const config::Catalog> catalog;
    const config::Environment& environment;
    std::shared_ptr<const providers::Registry> registry;
    Shared& shared;
    gateway::RequestMetrics* metrics = nullptr;  // null: nothing is counted (config check)
    std::string generated_master_key;            // in force when the configuration names none
    std::uint64_t version = 1;
    std::vector<domain::RoutingRule> stored_rules = {};  // of the database, in order
    std::string stored_rows = {};  // ModelRows::fingerprint(), "" : the database adds nothing
    std::int64_t unix_now = 0;     // whose models have ended by then is told; 0: nobody asks
};

struct BuildResult {
    std::shared_ptr<const gateway::Snapshot> snapshot;  // null when there are errors
    std::vector<config::Problem> problems;
};

BuildResult build_snapshot(const BuildInput& input);

}  // namespace tollgate::assembly
