// The one description of every key: its place in the structs, kind, limits and meaning.
// The loader, `config show`, the JSON Schema and the reference page each visit it.
#pragma once
#include <functional>
#include <limits>
#include <optional>
#include <string_view>

#include "config/config.hpp"

namespace tollgate::config {

struct Field {
    std::string_view key;
    std::string_view text;     // for people, one sentence without a full stop
    double min = std::numeric_limits<double>::lowest();
    double max = std::numeric_limits<double>::max();
    std::string_view choices = {};  // "a|b|c": the only values
};

class FieldVisitor {
public:
    virtual ~FieldVisitor() = default;
    virtual void value(const Field& field, bool& out) = 0;
    virtual void value(const Field& field, std::optional<bool>& out) = 0;
    virtual void value(const Field& field, std::string& out) = 0;
    virtual void value(const Field& field, std::int64_t& out) = 0;
    virtual void value(const Field& field, std::optional<std::int64_t>& out) = 0;
    virtual void value(const Field& field, std::optional<double>& out) = 0;
    virtual void value(const Field& field, Duration& out) = 0;
    virtual void value(const Field& field, Bytes& out) = 0;
    virtual void value(const Field& field, Secret& out) = 0;
    virtual void value(const Field& field, JsonText& out) = 0;
    virtual void value(const Field& field, StringMap& out) = 0;
    virtual void json_map(const Field& field, JsonMap& out) = 0;
    virtual void value(const Field& field, std::vector<std::string>& out) = 0;
    // US dollars per token.
    virtual void price(const Field& field, std::optional<std::int64_t>& out) = 0;
    // A mapping with keys of its own.
    virtual void section(const Field& field, const std::function<void(FieldVisitor&)>& inner) = 0;
    // Keys that LiteLLM knows and that nothing here uses yet, separated by spaces.
    virtual void later(std::string_view keys) = 0;
};

void describe(ServerConfig& server, FieldVisitor& visit);
void describe(LoggingConfig& logging, FieldVisitor& visit);
void describe(TelemetryConfig& telemetry, FieldVisitor& visit);
void describe(ProviderAccount& account, FieldVisitor& visit);
void describe(Tiers& tiers, FieldVisitor& visit);
void describe(StoresConfig& stores, FieldVisitor& visit);
void describe(BillingConfig& billing, FieldVisitor& visit);  // the plain keys, not the thresholds
void describe(AlertsConfig& alerts, FieldVisitor& visit);
void describe(AuditConfig& audit, FieldVisitor& visit);
void describe(CacheConfig& cache, FieldVisitor& visit);
void describe(HealthCheckConfig& checks, FieldVisitor& visit);
void describe(domain::Limits& limits, FieldVisitor& visit);
void describe(LimitTier& tier, FieldVisitor& visit);
void describe(TenantBudget& budget, FieldVisitor& visit);
void describe(RoutingConfig& routing, FieldVisitor& visit);
void describe(RouterSettings& router, FieldVisitor& visit);  // the plain keys, not the lists
void describe(GeneralSettings& general, FieldVisitor& visit);
void describe(ModelInfo& info, FieldVisitor& visit);
void describe_params(ModelEntry& entry, FieldVisitor& visit);  // litellm_params
void describe(TenantModel& model, FieldVisitor& visit);

// What litellm_settings and general_settings say of things that live elsewhere in Config.
struct LitellmSettings {
    std::optional<bool> drop_params;
    Duration request_timeout{0};
    std::optional<std::int64_t> num_retries;
    std::optional<std::int64_t> max_fallbacks;
    std::optional<double> max_budget;
    std::string budget_duration;
    std::optional<bool> cache;
    std::string cache_type, cache_mode;
    Duration cache_ttl{0};
};
void describe(LitellmSettings& settings, FieldVisitor& visit);

// Top-level keys by who defines them, separated by spaces.
extern const std::string_view top_level_used;
extern const std::string_view top_level_later;  // accepted and not used yet

// Calls `use` with each word of a list separated by `separator`.
void each_word(std::string_view list, char separator,
               const std::function<void(std::string_view)>& use);

}  // namespace tollgate::config
