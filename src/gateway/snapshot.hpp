// What a request needs to know of models and providers, built at once from configuration, then
// immutable: names, deployments, deadlines. Keys and what they may do are the directory's. A
// request pins one snapshot from its first byte to its end; a reload publishes another. Made by
// assembly/; shared between threads as const.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/metrics.hpp"
#include "credentials/source.hpp"
#include "domain/target.hpp"
#include "gateway/admission.hpp"
#include "http/client.hpp"
#include "gateway/routing_tables.hpp"
#include "providers/registry.hpp"
#include "routing/health.hpp"
#include "routing/names.hpp"

namespace tollgate::gateway {

// What is known of a deployment's health, for /health and the metrics. Thread-safe; shared by the
// snapshots that serve the same deployment, so that a reload forgets nothing.
struct EndpointHealth {
    std::atomic<bool> healthy{true};
    std::atomic<std::int64_t> checked_unix{0};  // 0: never used
    std::mutex mutex;
    std::string last_error;  // guarded by mutex
    routing::DeploymentHealth live;  // its circuit, how fast it answers, its rate limits
};

// The counters that a served request touches, looked up once. Null members: not counted (tests).
struct EndpointMetrics {
    // The label of the model: what a key holder makes up is counted together.
    std::string model;
    base::Counter* served = nullptr;  // status 200
    base::Histogram* duration = nullptr;
    base::Histogram* first_token = nullptr;
    base::Counter* input = nullptr;
    base::Counter* output = nullptr;
    base::Counter* cache_read = nullptr;
    base::Counter* cache_write = nullptr;
    base::Counter* reasoning = nullptr;
    base::Counter* cost = nullptr;    // nano-dollars
};

// A deployment ready to be called.
struct Endpoint {
    domain::Deployment deployment;
    const providers::Provider* provider = nullptr;
    credentials::SourcePointer credential;  // null: deployment.api_key, if anything
    http::Origin origin;
    // The platform has no credential there: only who brings his own key is served.
    bool needs_own_key = false;
    // The id of the user's own key that deployment.api_key is, "" : it is the platform's.
    std::string own_key = {};
    std::shared_ptr<EndpointHealth> health;
    // What it is, alike in every snapshot and on every instance: for circuits and conversations.
    std::string key;
    EndpointMetrics metrics;
};
using EndpointPointer = std::shared_ptr<const Endpoint>;

// The deployments of one public name.
struct Group {
    std::string name;
    bool chat = true;
    std::vector<EndpointPointer> endpoints;
    mutable std::atomic<std::uint32_t> turn{0};  // round robin
    Group() = default;
    Group(const Group&) = delete;
};

// Times and counts of the attempts loop.
struct AttemptSettings {
    std::int64_t max_attempts = 3;
    std::int64_t attempts_per_candidate = 0;  // 0: 1, and 2 for an only candidate
    std::chrono::milliseconds backoff_first{250};
    std::chrono::milliseconds backoff_max{8'000};
    std::chrono::milliseconds connect{5'000};
    std::chrono::milliseconds headers{60'000};
    std::chrono::milliseconds headers_last{300'000};
    std::chrono::milliseconds headers_local{600'000};
    std::chrono::milliseconds first_event{300'000};
    std::chrono::milliseconds idle{120'000};
    std::chrono::milliseconds total{600'000};
    std::chrono::milliseconds stream_total{3'600'000};
};

// How money is treated.
struct BillingSettings {
    bool deny_unknown_price = false;
    int budget_status = 0;                  // of a spent budget; 0: 429 to Anthropic's, else 402
    std::string baseline_model;             // of savings; "" : the Claude that was asked for
    std::int64_t output_tokens_clamp = 0;   // of requests under a budget; 0: none
    // Of the list price, for requests with a user's own key.
    double byok_fee_percent = 10;
    bool client_caps = true;                // anthropic-ratelimit-unified-*
};

// Of the response cache.
struct CacheSettings {
    bool enabled = false;  // for tenants that do not say it themselves
    std::chrono::milliseconds ttl{600'000};
    std::size_t bytes = 256 * 1024 * 1024;
    std::size_t entry_bytes = 1024 * 1024;
    std::size_t entries = 100'000;
    bool shared = true;    // kept in Redis too, where there is one
};

// Calls that only see whether providers answer.
struct HealthCheckSettings {
    bool enabled = false;                        // of accounts that do not say it themselves
    bool completion = false;                     // where there is no list of models to ask for
    std::chrono::milliseconds interval{300'000};
    std::chrono::milliseconds timeout{10'000};
};

// Whether marks for prompt caches are added where the client set none: never; where they may pay
// and the client does not see to it by itself; always.
enum class CacheMarks : std::uint8_t { off, automatic, always };

struct ListedModel {
    std::string id;
    std::string display_name;
    std::string owner;           // provider type
    std::string tenant;          // whose alone it is, "" : everybody's
    std::int64_t context_tokens = 0;
    std::int64_t output_tokens_max = 0;
};

struct Snapshot {
    std::uint64_t version = 0;
    // Of what decides answers in configuration and database: alike on instances that serve alike.
    std::string fingerprint;
    routing::Names names;
    std::vector<std::unique_ptr<Group>> groups;   // by routing::Candidate::group
    std::vector<EndpointPointer> endpoints;       // all of the groups', each once
    std::vector<ListedModel> listed;
    RoutingTables routing;
    AttemptSettings attempts;
    BillingSettings billing;
    CacheSettings cache;
    CacheMarks cache_marks = CacheMarks::automatic;
    HealthCheckSettings health_checks;
    double audited_own_key_uses = 0.01;           // share, as OwnKeyAudit::samples()
    AdmissionSettings admission;                  // per process
    bool access_log = true;
    bool expose_provider_limits = false;
    bool metrics_on_main = false;
    std::shared_ptr<const providers::Registry> registry;
    std::string listen;                           // for messages
    std::vector<std::string> files;               // to watch

    // The catalog's prices of a model by any of its names; null: none are known. Thread-safe.
    std::function<const domain::ModelTraits*(std::string_view)> priced_model;
    // Makes the endpoints of a wildcard, or the one of `provider/model`; thread-safe, remembers
    // what it made. Never empty; fails with the reason when the provider cannot be used so.
    std::function<base::Result<std::vector<EndpointPointer>>(const routing::Candidate&)>
        make_endpoints;
    // The endpoint of a provider type for who has a key of his own there, whether the platform has
    // one or not; thread-safe. Empty: there are none.
    std::function<base::Result<EndpointPointer>(const std::string& type, const std::string& model)>
        make_for_own_key;
};

// Whether the provider had switched the model off at that time, by what the catalog says.
bool has_retired(const domain::ModelTraits& model, std::int64_t unix_seconds);

// "openai/gpt-5.4", for logs and headers.
std::string endpoint_name(const Endpoint& endpoint);

}  // namespace tollgate::gateway
