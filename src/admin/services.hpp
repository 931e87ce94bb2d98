// What administration needs of the process: made by app, borrowed by every route, outlives them.
// Everything here may be used from any thread.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "admin/provider_service.hpp"
#include "config/load.hpp"
#include "domain/principal.hpp"
#include "domain/tenancy.hpp"
#include "gateway/directory.hpp"
#include "gateway/snapshot.hpp"
#include "http/exchange.hpp"
#include "policy/installation_key.hpp"
#include "policy/key_vault.hpp"
#include "policy/live_budget.hpp"
#include "store/db.hpp"

namespace tollgate::admin {

// The running configuration. Blocking.
class ConfigurationService {
public:
    virtual ~ConfigurationService() = default;
    // The effective configuration as YAML, secrets masked.
    virtual std::string show() = 0;
    // Where it was read from, "" : no file.
    virtual std::string file() = 0;
    struct Check {
        bool valid = false;
        std::vector<config::Problem> problems;
    };
    // Reads and assembles a text as if it were the file, and publishes nothing.
    virtual Check check(std::string_view yaml) = 0;
    struct Reload {
        std::uint64_t version = 0;
        std::string needs_restart;  // settings that a reload cannot change, comma separated
    };
    // Fails with every problem; what was in force stays so.
    virtual base::Result<Reload> reload() = 0;
};

// Is something outside there? For /health/services.
struct ServiceHealth {
    std::string name;     // "database", "redis", "journal"
    std::string trouble;  // "" : it answers
};

struct Services {
    store::Db& db;
    const policy::InstallationKey& installation;
    // Who a request's headers stand for, on that path (without its query), from that address.
    // Fails: authentication; permission (the key's allowed_addresses or allowed_routes).
    std::function<base::Result<domain::Principal>(
        const http::Headers& headers, const std::string& address, const std::string& path)>
        authenticate;
    // The budget's live state; null: not in the directory (made a moment ago, or disabled).
    std::function<policy::LiveBudgetPointer(const std::string& budget_id)> live_budget;
    // What is served, and who may use it; never null once the gateway answers.
    std::function<std::shared_ptr<const gateway::Snapshot>()> snapshot;
    std::function<std::shared_ptr<const gateway::Directory>()> directory;
    std::function<std::vector<ServiceHealth>()> health;
    ConfigurationService& configuration;
    // config.precedence: database: what files define may be changed here all the same.
    bool files_are_read_only = true;
    // The decision of routing for a request body, as JSON; see gateway/explain.hpp. Loop thread;
    // both outlive the call.
    std::function<net::Task<base::Result<std::string>>(const gateway::KeyPolicy& policy,
                                                       std::string_view body)>
        explain = {};
    // Comes back when what was committed before the call is in force in this process, or that takes
    // too long. Empty: nothing is served here.
    std::function<net::Task<void>(net::Loop& loop)> in_force = {};
    // Hides stored credentials, and calls providers. Null: neither can be done here.
    std::shared_ptr<policy::KeyVault> vault = {};
    ProviderService* providers = nullptr;
};

}  // namespace tollgate::admin
