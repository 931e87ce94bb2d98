// The gateway as its parts share it: the current snapshot, the codecs, the counters. One per
// process; thread-safe. A Worker is what one loop thread has of it.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/json.hpp"
#include "base/metrics.hpp"
#include "accounting/usage_sink.hpp"
#include "dialect/dialect.hpp"
#include "gateway/admission.hpp"
#include "gateway/directory.hpp"
#include "gateway/response_cache.hpp"
#include "gateway/snapshot.hpp"
#include "http/client.hpp"
#include "net/loop.hpp"
#include "routing/affinity_table.hpp"

namespace tollgate::accounting {
class VocabularyFolder;
}
namespace tollgate::policy {
class OwnKeyAudit;
}
namespace tollgate::shared_state {
class SharedValues;
}

namespace tollgate::gateway {

// The wire formats that clients speak; borrowed, they outlive the gateway.
struct Codecs {
    const dialect::ClientDialect* anthropic = nullptr;
    const dialect::ClientDialect* openai_chat = nullptr;
    const dialect::ClientDialect* openai_completions = nullptr;
    const dialect::ClientDialect* openai_responses = nullptr;
    const dialect::ClientDialect* gemini = nullptr;
    const dialect::ClientDialect* bedrock_converse = nullptr;
    const dialect::ClientDialect& client(domain::Protocol protocol) const {
        if (protocol == domain::Protocol::openai_responses) return *openai_responses;
        if (protocol == domain::Protocol::openai_completions) return *openai_completions;
        if (protocol == domain::Protocol::gemini) return *gemini;
        if (protocol == domain::Protocol::bedrock_converse) return *bedrock_converse;
        return protocol == domain::Protocol::anthropic ? *anthropic : *openai_chat;
    }
};

// The families that requests count into; names are contracts (docs/reference/metrics.md).
struct RequestMetrics {
    explicit RequestMetrics(base::Registry& registry);
    base::Family<base::Counter>& requests;         // provider, model, power_level, status
    base::Family<base::Histogram>& duration;       // provider, model
    base::Family<base::Counter>& tokens;           // provider, model, type
    base::Family<base::Counter>& fallbacks;        // primary_provider, fallback_provider, reason
    base::Family<base::Gauge>& provider_health;    // provider
    base::Family<base::Gauge>& circuits;           // provider, model; 1: open
    base::Family<base::Counter>& streams_resumed;  // provider that goes on
    base::Family<base::Counter>& hedges;           // winner: first, second, none
    base::Family<base::Counter>& shadows;          // provider, model, result: answered, failed
    base::Family<base::Histogram>& first_token;    // provider, model
    base::Family<base::Histogram>& overhead;       // phase
    base::Family<base::Counter>& refused;          // reason: authentication, overload, ...
    base::Family<base::Counter>& cost;             // provider, model, power_level; nano-dollars
    base::Family<base::Counter>& tenant_requests;  // tenant
    base::Family<base::Counter>& tenant_tokens;    // tenant, type
    base::Family<base::Counter>& tenant_cost;      // tenant; nano-dollars
    base::Counter& unpriced;                       // requests whose model has no price
    base::Family<base::Counter>& cache;            // result: hit, miss, kept
    base::Counter& cache_hits;
    base::Counter& cache_misses;
    base::Counter& cache_kept;
    base::Histogram& overhead_before;              // our own time until the provider is called
    EndpointMetrics of(const std::string& provider, const std::string& model);
    TenantMetrics of_tenant(const std::string& tenant);
};

class Gateway {
public:
    Gateway(base::Registry& registry, Codecs codecs);

    std::shared_ptr<const Snapshot> current() const { return snapshot_.load(); }
    void publish(std::shared_ptr<const Snapshot> snapshot) {
        admission.configure(snapshot->admission);
        const CacheSettings& cache = snapshot->cache;
        response_cache.configure({cache.bytes, cache.entry_bytes, cache.entries});
        snapshot_.store(std::move(snapshot));
    }
    std::shared_ptr<const Directory> directory() const { return directory_.load(); }
    void publish(std::shared_ptr<const Directory> directory) {
        directory_.store(std::move(directory));
    }
    const Codecs& codecs() const { return codecs_; }
    RequestMetrics& metrics() { return metrics_; }

    AdmissionQueue admission;
    ResponseCache response_cache;
    const std::uint64_t cache_seed;  // of its keys
    std::atomic<bool> draining{false};
    // For exact token counts; null: none are installed. Set before the threads start.
    std::shared_ptr<const accounting::VocabularyFolder> vocabularies;
    // Takes limits and budgets; null: nothing is governed. Set before the threads start.
    policy::Governor* governor = nullptr;
    // Told of users' own keys being used; null: nothing is audited. Set before the threads start.
    policy::OwnKeyAudit* own_key_audit = nullptr;
    // Where conversations are; null: they move as they like. Set before the threads start.
    std::unique_ptr<routing::AffinityTable> conversations;
    // What the instances share through Redis beside limits: where conversations are, and answers.
    // Null: there is no Redis. Set before the threads start.
    shared_state::SharedValues* shared = nullptr;
    // A circuit has opened or closed here: tells the other instances. Any thread; empty: there are
    // none. Set before the threads start.
    std::function<void(const Endpoint&, const routing::CircuitChange&)> circuit_changed;
    // What of the stores does not answer, in words, "" : all do. Any thread; empty: there are none.
    std::function<std::string()> stores_trouble;

private:
    Codecs codecs_;
    RequestMetrics metrics_;
    std::atomic<std::shared_ptr<const Snapshot>> snapshot_;
    std::atomic<std::shared_ptr<const Directory>> directory_;
};

// Parsed documents kept for the next request: their memory is grown once.
class DocumentPool {
public:
    std::unique_ptr<json::Document> take();
    void give_back(std::unique_ptr<json::Document> document);

private:
    static constexpr std::size_t kept_max = 16;
    std::vector<std::unique_ptr<json::Document>> kept_;
};

// One loop thread's view. Loop thread only.
struct Worker {
    Gateway& gateway;
    net::Loop& loop;
    http::Client& client;
    DocumentPool documents = {};
    // Where usage records go; null: nowhere (no store). Set before the loop runs.
    std::unique_ptr<accounting::UsageSink> usage = nullptr;
    // Cancelled when the worker stops; null: never.
    net::CancelScope* life = nullptr;
    std::size_t shadows_open = 0;
};

}  // namespace tollgate::gateway
