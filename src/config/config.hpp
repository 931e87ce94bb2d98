// The configuration as plain values with units and defaults: what the files, the tenants folder and
// the environment say after references are resolved and LiteLLM's sections are merged.
// Made by config/load.hpp; immutable afterwards and then safe to share between threads.
// Every field's key, kind and description stand once more in config/fields.hpp, from which the
// loader, `config show`, `config schema` and the reference page are made.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/prices.hpp"
#include "domain/routing.hpp"
#include "domain/task_data.hpp"
#include "domain/tenancy.hpp"

namespace tollgate::config {

using Duration = std::chrono::milliseconds;
using std::chrono::seconds;

struct Bytes {
    std::int64_t count = 0;
    friend bool operator==(const Bytes&, const Bytes&) = default;
};

// Where a value came from. Lines and columns count from 1; 0: unknown.
struct Origin {
    enum class Kind : std::uint8_t { defaulted, file, environment };
    Kind kind = Kind::defaulted;
    std::string file;      // path of the file, or the variable's name
    std::size_t line = 0;
    std::size_t column = 0;
    // "tollgate.yaml:3:5", "environment OPENAI_API_KEY" or "default".
    std::string text() const;
};

// A credential. `reference` is what may be printed: "environment NAME", "file:/path" or "literal".
struct Secret {
    std::string value;      // "" : not set; never printed
    std::string reference;
    bool empty() const { return value.empty(); }
    std::string masked() const;  // "****" and the last four of a long one, "" when not set
};

// A YAML value of free shape as JSON text (extra_body, metadata).
struct JsonText {
    std::string text;  // "" : not set
};
using StringMap = std::vector<std::pair<std::string, std::string>>;  // in the file's order
using JsonMap = std::vector<std::pair<std::string, std::string>>;    // values are JSON text

// --- server ----------------------------------------------------------------------------------
struct TlsFiles {
    std::string certificate;  // PEM file, the chain; "" : plain HTTP
    std::string key;          // PEM file
    bool enabled() const { return !certificate.empty(); }
};
struct ServerLimits {
    Bytes body{32 * 1024 * 1024};
    Bytes head{64 * 1024};
    std::int64_t connections = 20'000;
    std::int64_t in_flight = 10'000;       // requests being answered
    std::int64_t queue = 2'000;            // requests that wait to be among those
    std::int64_t queue_per_tenant = 500;
    Duration queue_timeout = seconds(10);
    Duration head_timeout = seconds(10);   // first to last byte of a head
    Duration body_timeout = seconds(60);   // without progress of a body
    Duration idle_timeout = seconds(120);  // keep-alive between requests
    Duration write_timeout = seconds(60);  // a client that takes nothing
};
struct Drain {
    Duration delay = seconds(0);       // readiness is 503, listeners still accept
    Duration timeout = seconds(3600);  // for running streams
    Duration plain_timeout = seconds(30);  // for requests that do not stream
};
struct ServerConfig {
    std::string listen = "127.0.0.1:4000";
    TlsFiles tls;
    std::int64_t workers = 0;  // event loops; 0: one per core
    ServerLimits limits;
    Drain drain;
    std::string metrics_listen = "127.0.0.1:9464";  // "main": on the main listener; "off"
    std::string data_dir;      // "" : the --data-dir option, else the platform's place
};

// --- logging, telemetry ------------------------------------------------------------------------
struct LoggingConfig {
    std::string level = "info";   // debug, info, warn, error
    std::string format = "auto";  // auto (human on a terminal), json, human
    bool access = true;           // one line per request
};
struct TelemetryConfig {
    std::string otlp_endpoint;  // accepted, used by a later part
};

// --- stores ------------------------------------------------------------------------------------
struct JournalConfig {
    std::string directory;               // "" : journal in the data directory
    Bytes segment{16 * 1024 * 1024};     // of one file
    Bytes max{4LL * 1024 * 1024 * 1024};  // of all files: more is full
    Duration sync{50};                   // between syncs to the disk; 0: with each record
    std::string on_full = "refuse";      // or drop: traffic goes on, records are lost and counted
};
struct StoresConfig {
    // "" or sqlite: a file in the data directory; sqlite:PATH; postgres://...; none: no store, and
    // with it no limits, budgets or usage records.
    Secret database;
    std::int64_t pool = 4;               // connections to PostgreSQL
    Secret redis;                        // redis:// or rediss://; "" : each instance by itself
    JournalConfig journal;
};

// --- money, limits -----------------------------------------------------------------------------
struct BillingConfig {
    std::string unknown_price = "allow";  // or deny: a model without a price is refused
    std::string budget_status = "auto";  // 402, 429, or auto: 429 on Anthropic paths, else 402
    std::optional<double> byok_fee_percent;  // of the list price; unset: 10
    std::string baseline_model;              // of savings; "" : the Claude asked for
    std::optional<std::int64_t> output_tokens_clamp;  // of max_tokens, for requests under a budget
    bool client_caps = true;              // anthropic-ratelimit-unified-* of the caller's own cap
    std::vector<domain::BudgetThreshold> thresholds;  // of budgets that name none
};
// How alerts leave; their channels are made over the administration.
struct AlertsConfig {
    std::string smtp_host;                // "" : no mail
    std::int64_t smtp_port = 587;
    std::string smtp_security = "starttls";  // or tls, none
    std::string smtp_user;                // "" : no sign-in
    Secret smtp_password;
    std::string smtp_from;                // "tollgate@example.com"
    bool private_targets = false;         // tenants' channels may lead into private networks
};
// What the audit says of things that happen with every request.
struct AuditConfig {
    // Uses of users' own provider keys: the share of them, beside the first in an hour of each key.
    double byok_key_accessed = 0.01;      // 0: none; 1: every one
};
// Answers kept for exact repeats of their requests. LiteLLM's cache settings are merged in here.
struct CacheConfig {
    bool enabled = false;                     // tenants' features.response_cache goes before it
    Duration ttl = seconds(600);
    Bytes max_bytes{256LL * 1024 * 1024};     // of all answers, per instance
    Bytes max_entry_bytes{1024 * 1024};       // of one
    std::int64_t max_entries = 100'000;
    bool shared = true;                       // kept in Redis too, where there is one
};
// Active checks of providers.
struct HealthCheckConfig {
    bool enabled = false;                     // of accounts that do not say it themselves
    Duration interval = seconds(300);
    Duration timeout = seconds(10);
    bool completion = false;                  // where there is no list of models
    std::vector<std::string> checks;          // of other gateways' files
};
// A tier of limits: keys, users and tenants name it.
struct LimitTier {
    std::string name;
    domain::Limits limits;
    std::optional<double> monthly_cap;    // US dollars
    std::vector<std::string> allowed_models;
    Origin origin;
};
// What a tenant's file says of money; US dollars.
struct TenantBudget {
    std::optional<double> daily_limit, weekly_limit, monthly_limit, total_limit;
    std::optional<double> alert_threshold;  // per cent
    std::string currency;                   // only USD
    std::optional<bool> hard;               // unset: hard
};

// --- clouds ------------------------------------------------------------------------------------
// Where a model is in a cloud and how one signs in there; LiteLLM's names. Of Bedrock, Vertex AI
// and Azure; what is not set comes from the account, then from the environment.
struct CloudSettings {
    std::string aws_region_name, aws_profile_name, aws_role_name, aws_session_name, aws_external_id;
    std::string aws_web_identity_token;  // a path
    std::string aws_sts_endpoint, aws_bedrock_runtime_endpoint;
    Secret aws_access_key_id, aws_secret_access_key, aws_session_token;
    std::optional<bool> aws_use_fips_endpoint;
    std::string model_id;                // Bedrock: an ARN that stands in the path
    std::string vertex_project, vertex_location;
    Secret vertex_credentials;           // path of a key file, or its JSON
    Secret azure_ad_token, client_secret;
    std::string tenant_id, client_id, azure_scope;
};

// --- providers ---------------------------------------------------------------------------------
// An account at a provider: `NAME/model` goes there. A name equal to a provider type of
// data/providers.yaml sets that provider's account.
struct ProviderAccount {
    std::string name;
    std::string type;       // of data/providers.yaml; openai or anthropic for a custom URL
    std::string api_base;
    Secret api_key;
    std::string api_version;
    StringMap headers;
    Duration timeout{0};    // until the headers; 0: the default of routing
    CloudSettings cloud;
    bool drop_params = false;
    bool verify_tls = true;
    std::string ca_file;
    std::string health_check;  // off, models, completion; "" : as the section health_check says
    std::string tenant;     // whose requests alone may use it, "" : everybody's; of the database
    std::int64_t priority = 0;  // higher is preferred where all else is equal
    Origin origin;
};

// --- models ------------------------------------------------------------------------------------
struct ModelInfo {
    std::string id;          // "" : made from the entry
    std::string mode;        // "" or chat, completion, responses, embedding, ...
    std::string base_model;  // catalog entry for limits and prices
    std::optional<std::int64_t> max_tokens, max_input_tokens, max_output_tokens;
    std::optional<bool> supports_vision, supports_function_calling, supports_reasoning;
    std::optional<bool> supports_pdf_input, supports_response_schema, supports_system_messages;
    std::vector<std::string> access_groups;
    std::optional<double> quality_score;            // 0..1
    std::optional<std::int64_t> avg_latency_ms;     // to the first token, until it is measured
    PriceOverrides prices;
};
// One entry of model_list: one deployment of the group `model_name`.
struct ModelEntry {
    std::string model_name;  // the public name; may hold `*`
    std::string model;       // provider/model; may hold `*`
    Secret api_key;
    std::string api_base;
    std::string api_version;
    std::string custom_llm_provider;
    std::string organization;
    StringMap extra_headers;
    JsonMap extra_body;      // set always, above what the client sent
    JsonMap default_body;    // temperature, top_p, ... and unknown keys of litellm_params
    std::optional<std::int64_t> rpm, tpm, max_parallel_requests;
    std::optional<std::int64_t> weight;
    std::int64_t order = 0;
    Duration timeout{0};         // until the headers; 0: inherited
    Duration stream_timeout{0};  // the same for streams; 0: as timeout
    std::optional<std::int64_t> max_tokens;         // default when the client names none
    std::optional<std::int64_t> max_output_tokens;  // cap
    std::optional<double> temperature;              // default; in default_body as well
    std::int64_t num_ctx = 0;
    CloudSettings cloud;
    std::optional<bool> drop_params;
    std::vector<std::string> tags;
    PriceOverrides prices;       // of litellm_params; model_info's where those say nothing
    ModelInfo info;
    Origin origin;
    bool chat() const;           // mode is "", chat, completion or responses
};

// --- names, fallbacks, routing -------------------------------------------------------------------
struct NamedChain {
    std::string name;
    std::vector<std::string> members;
    Origin origin;
};
struct FallbackRule {
    std::string model;  // a group, or "*" for every group
    std::vector<std::string> to;
    Origin origin;
};
struct Alias {
    std::string name;
    std::string target;
    bool hidden = false;  // not listed by /v1/models
    Origin origin;
};
// Claude's tiers; "" : not mapped.
struct Tiers {
    std::string opus, sonnet, haiku, fable, fallback;  // fallback is the key `default`
};
struct RouterSettings {
    std::string routing_strategy = "simple-shuffle";
    std::vector<FallbackRule> fallbacks;
    std::vector<std::string> default_fallbacks;
    std::vector<FallbackRule> context_window_fallbacks;
    std::vector<FallbackRule> content_policy_fallbacks;
    std::vector<Alias> model_group_alias;
    std::optional<std::int64_t> num_retries;
    std::int64_t max_fallbacks = 5;
    Duration timeout{0};
    Duration stream_timeout{0};
    Duration request_timeout{0};
    Duration retry_after{0};  // minimum wait before a retry
    std::optional<std::int64_t> allowed_fails;  // merged into routing.circuit, as are these two
    std::optional<Duration> cooldown_time;
    bool disable_cooldowns = false;
    std::optional<bool> enable_caching;  // merged into cache, as is the next
    Duration cache_ttl{0};
    std::optional<std::int64_t> max_parallel_requests;  // per instance
    Secret redis_url;
    std::string redis_host, redis_port, redis_db;
    Secret redis_password;
};
// How candidates are chosen and tried. LiteLLM's routing_strategy, allowed_fails, cooldown_time,
// num_retries, timeout and request_timeout are already merged in here.
struct RoutingConfig {
    std::optional<domain::Strategy> strategy;       // unset: deployments of a group take turns
    domain::ScoreWeights weights;                   // of Strategy::custom
    // Of requests that name none; unset: those for `auto` are balanced, others are not scored.
    std::optional<domain::PowerLevel> power_level;
    std::string power_level_scope = "model";        // or any: all models of the same class
    domain::LevelTable power_levels = domain::built_in_levels();
    bool task_table = false;                        // for every name, not only for `auto`
    bool note_tasks = false;                        // detected and recorded where no rule asks too
    bool hedge = false;
    bool resume_streams = false;
    std::string cache_marks = "auto";               // or on, off
    domain::CircuitSettings circuit;                // cooldown 0: never opens
    domain::AffinitySettings affinity;
    std::vector<domain::RoutingRule> rules;         // of the platform, in order
    std::vector<domain::ExperimentSpec> experiments;
    // Slugs or types of providers, tried in this order when all candidates have failed. Not of a
    // file: what the interface has set, as the tenants' settings are.
    std::vector<std::string> fallback_providers;
    std::vector<domain::TenantRouting> tenants;
    std::vector<domain::TaskKind> tasks;            // besides those of data/tasks.yaml, or instead
    std::int64_t max_attempts = 3;
    std::int64_t attempts_per_candidate = 0;  // 0: 1, and 2 for an only candidate
    Duration backoff_first{250};
    Duration backoff_max = seconds(8);
    Duration connect_timeout = seconds(5);
    Duration headers_timeout = seconds(60);
    Duration headers_timeout_last = seconds(300);   // on the last candidate
    Duration headers_timeout_local = seconds(600);  // in zone local
    Duration first_event_timeout = seconds(300);    // after the headers
    Duration idle_timeout = seconds(120);           // between bytes
    Duration total_timeout = seconds(600);
    Duration stream_total_timeout = seconds(3600);
    bool drop_params = false;                       // remove what a target cannot carry, say so
    bool expose_provider_limits = false;
};

// --- keys, tenants -------------------------------------------------------------------------------
struct GeneralSettings {
    Secret master_key;
    Secret database_url;  // as stores.database
    Secret redis_url;     // as stores.redis
    std::optional<bool> cache_enabled;  // merged into cache, as is the next
    Duration cache_ttl{0};
    std::optional<bool> background_health_checks;  // merged into health_check, as is the next
    Duration health_check_interval{0};
};
struct TenantModel {
    std::string alias;
    std::string provider;  // provider/model or a group
    std::optional<std::int64_t> max_tokens;
};
struct TenantConfig {
    std::string id;
    std::string name;
    std::vector<Secret> api_keys;
    std::vector<std::string> allowed_models;  // names and globs; empty: all
    std::vector<TenantModel> models;
    bool enabled = true;
    std::string tier, time_zone, baseline_model;
    std::int64_t retention_days = 0;          // of usage; 0: for ever
    domain::Limits limits;                    // `rate_limits`
    TenantBudget budget;
    JsonText settings, features, metadata;
    std::vector<domain::RoutingRule> routing;  // before the platform's
    Origin origin;
};

struct Config {
    ServerConfig server;
    LoggingConfig logging;
    TelemetryConfig telemetry;
    std::vector<ProviderAccount> providers;
    std::vector<ModelEntry> model_list;
    std::vector<NamedChain> fallback_models;
    Tiers tiers;
    std::vector<LimitTier> limit_tiers;  // of the section `tiers` too
    StoresConfig stores;
    BillingConfig billing;
    AlertsConfig alerts;
    AuditConfig audit;
    CacheConfig cache;
    HealthCheckConfig health_check;
    domain::Limits rate_limits;          // of every key that has no limits of its own
    // LiteLLM's max_budget of the whole proxy; US dollars.
    std::optional<double> max_budget;
    std::string budget_duration;         // "30d"; "" : for ever
    std::string precedence = "file";     // config.precedence: file or database
    RouterSettings router_settings;
    RoutingConfig routing;
    GeneralSettings general_settings;
    std::vector<TenantConfig> tenants;
    bool demo = false;  // zero configuration found no provider: echo answers

    std::vector<std::string> files;  // every file read, for watching: main, includes, tenants, .env
    std::string tenants_dir;         // watched too; "" : none
    // Key path ("server.limits.body", "model_list[0].litellm_params.model") to where it was set;
    // a path that is missing here has its default.
    std::map<std::string, Origin, std::less<>> origins;
};

}  // namespace tollgate::config
