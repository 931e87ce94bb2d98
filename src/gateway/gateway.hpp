// The gateway as its parts share it: the current snapshot, the codecs, the counters. One per
// process; thread-safe. A Worker is what one loop thread has of it.
#pragma once
#include <atomic>
#include <memory>
#include <string>

#include "base/json.hpp"
#include "base/metrics.hpp"
#include "dialect/dialect.hpp"
#include "gateway/snapshot.hpp"
#include "http/client.hpp"
#include "net/loop.hpp"

namespace tollgate::accounting {
class VocabularyFolder;
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

// The families that requests count into; names are contracts (operations, section 3).
struct RequestMetrics {
    explicit RequestMetrics(base::Registry& registry);
    base::Family<base::Counter>& requests;         // provider, model, power_level, status
    base::Family<base::Histogram>& duration;       // provider, model
    base::Family<base::Counter>& tokens;           // provider, model, type
    base::Family<base::Counter>& fallbacks;        // primary_provider, fallback_provider, reason
    base::Family<base::Gauge>& provider_health;    // provider
    base::Family<base::Histogram>& first_token;    // provider, model
    base::Family<base::Histogram>& overhead;       // phase
    base::Family<base::Counter>& refused;          // reason: authentication, overload, ...
    base::Histogram& overhead_before;              // our own time until the provider is called
    EndpointMetrics of(const std::string& provider, const std::string& model);
};

class Gateway {
public:
    Gateway(base::Registry& registry, Codecs codecs);

    std::shared_ptr<const Snapshot> current() const { return snapshot_.load(); }
    void publish(std::shared_ptr<const Snapshot> snapshot) { snapshot_.store(std::move(snapshot)); }
    const Codecs& codecs() const { return codecs_; }
    RequestMetrics& metrics() { return metrics_; }

    std::atomic<std::int64_t> in_flight{0};
    std::atomic<bool> draining{false};
    // For exact token counts; null: none are installed. Set before the threads start.
    std::shared_ptr<const accounting::VocabularyFolder> vocabularies;

private:
    Codecs codecs_;
    RequestMetrics metrics_;
    std::atomic<std::shared_ptr<const Snapshot>> snapshot_;
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
};

}  // namespace tollgate::gateway
