// How requests are routed, as it is configured, stored and shown: strategies, power levels, rules
// and experiments. Plain values. Money in USD as floating point: these figures rank, they never
// bill. Durations of 0 mean the default.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/event.hpp"

namespace tollgate::domain {

enum class PowerLevel : std::uint8_t { none, eco, balanced, precision };
constexpr std::size_t power_levels_count = 4;
std::string_view to_string(PowerLevel level);
// eco, balanced, precision, none; any case.
std::optional<PowerLevel> power_level_of(std::string_view text);

enum class Strategy : std::uint8_t {
    priority, weighted, round_robin, least_busy, latency, usage, cost, balanced, custom,
};
constexpr std::size_t strategies_count = 9;
std::string_view to_string(Strategy strategy);
// Our names and LiteLLM's: simple-shuffle is weighted, usage-based-routing(-v2) usage,
// latency-based-routing latency, cost-based-routing cost, least-busy least_busy. `-` is `_`; any
// case.
std::optional<Strategy> strategy_of(std::string_view text);

// Parts of the composite score; they sum to 1.
struct ScoreWeights {
    double cost = 0.4, latency = 0.4, quality = 0.2;
    friend bool operator==(const ScoreWeights&, const ScoreWeights&) = default;
};
// True when none is negative and the sum is 1 (to 0.001).
bool sound(const ScoreWeights& weights);

struct LevelSettings {
    double ceiling_usd_per_1k = 0;  // what 1K tokens of this request may cost; 0: no ceiling
    ScoreWeights weights;
    // Provider types or accounts, `local` (zone local), `free` (prices of nought) or `premium`
    // (catalog quality of 0.9 or more), and pairs of both: `openrouter:free`, `openrouter:premium`.
    std::vector<std::string> preferred, fallback;
    friend bool operator==(const LevelSettings&, const LevelSettings&) = default;
};
// The settings that ship; of PowerLevel::none those of balanced without ceiling and preferences.
const LevelSettings& built_in_level(PowerLevel level);

// By level; the element of `none` is for requests without a level.
using LevelTable = std::array<LevelSettings, power_levels_count>;
LevelTable built_in_levels();

// A pattern over text, case-folded.
struct TextPattern {
    enum class Kind : std::uint8_t { glob, expression };  // expression: RE2
    Kind kind = Kind::glob;
    std::string text;
    friend bool operator==(const TextPattern&, const TextPattern&) = default;
};

// Both ends belong to the range; absent: open.
struct TokenRange {
    std::optional<std::int64_t> at_least, at_most;
    friend bool operator==(const TokenRange&, const TokenRange&) = default;
};
struct PercentRange {
    std::optional<double> at_least, at_most;
    friend bool operator==(const PercentRange&, const PercentRange&) = default;
};

// Hours of a week. `to` is excluded; to <= from runs past midnight and belongs to the day of
// `from`. Equal ends: the whole day.
struct TimeWindow {
    static constexpr std::uint8_t every_day = 0x7f;
    std::uint8_t days = every_day;  // bit 0: Monday
    std::int32_t from_minute = 0, to_minute = 0;
    std::string zone;               // "" : UTC
    friend bool operator==(const TimeWindow&, const TimeWindow&) = default;
};

struct HeaderMatch {
    std::string name;   // lower case
    std::string value;  // glob; "*": any value, but the header must be there
    friend bool operator==(const HeaderMatch&, const HeaderMatch&) = default;
};

// All that is given must hold; of a list one element suffices; empty or absent is not given.
struct RoutingMatch {
    std::vector<std::string> models;  // globs over the requested and the renamed name
    std::vector<std::string> tasks;   // code_generation, reasoning, ..., or a custom name
    std::vector<TextPattern> prompts; // over the last user text
    std::vector<TokenRange> tokens;   // of the estimated input
    std::optional<bool> thinking, has_images, has_tools;
    std::vector<std::string> tenants, teams, users, tags;  // names or ids; tags are globs
    std::vector<HeaderMatch> headers;                      // all of these
    std::vector<TimeWindow> times;
    std::optional<PercentRange> budget_used;
    std::vector<PowerLevel> power_levels;
    friend bool operator==(const RoutingMatch&, const RoutingMatch&) = default;
};

// A share of the requests is copied to `model`; the answer is discarded, cost and latency kept.
struct ShadowUse {
    std::string model;
    double share = 0;  // 0..1
    friend bool operator==(const ShadowUse&, const ShadowUse&) = default;
};

// What follows instead of `fallback` after a failure of this class.
struct FallbackOn {
    ErrorClass error_class = ErrorClass::none;
    std::vector<std::string> models;
    friend bool operator==(const FallbackOn&, const FallbackOn&) = default;
};

struct RoutingUse {
    std::vector<std::string> models;    // in order unless there is a strategy; empty: as asked
    std::optional<Strategy> strategy;   // how `models`, or what the name leads to, are ordered
    std::optional<ScoreWeights> weights;  // of Strategy::custom
    std::optional<PowerLevel> power_level;
    std::vector<std::string> fallback;  // after `models`
    std::vector<FallbackOn> fallback_on;
    std::optional<ShadowUse> shadow;
    std::string experiment;             // by name; its arms are the models then
    // Candidates whose quality is at most this much below the best's give way to the cheapest.
    std::optional<double> quality_margin;
    friend bool operator==(const RoutingUse&, const RoutingUse&) = default;
};

struct DeadlineSettings {
    std::chrono::milliseconds connect{0}, headers{0}, first_event{0}, idle{0}, total{0};
    friend bool operator==(const DeadlineSettings&, const DeadlineSettings&) = default;
};

struct AttemptSettings {
    std::int64_t max_attempts = 0, attempts_per_candidate = 0;  // 0: the default
    std::chrono::milliseconds first_backoff{0}, backoff_max{0};
    friend bool operator==(const AttemptSettings&, const AttemptSettings&) = default;
};

struct RoutingRule {
    std::string id;      // UUID of what the interface made, else the name
    std::string name;    // unique within its tenant; what x-tollgate-route and traces say
    std::string tenant;  // "" : of the platform; rules of a tenant come first
    bool enabled = true;
    RoutingMatch match;
    RoutingUse use;
    DeadlineSettings deadlines;
    AttemptSettings attempts;
    std::optional<double> cost_max_usd;          // a candidate's worst case for one request
    std::optional<std::int64_t> output_tokens_max;  // clamps what the client asks for
    std::optional<bool> hedge, resume_streams;
    std::string origin;  // where it is written, for people: "tollgate.yaml:12", "database"
    friend bool operator==(const RoutingRule&, const RoutingRule&) = default;
};

// When a deployment is left alone, and for how long.
struct CircuitSettings {
    std::int64_t failures_in_a_row = 5;
    double error_rate = 0.5;           // opens above this ...
    std::int64_t requests_min = 10;    // ... over at least so many requests ...
    std::chrono::milliseconds window{30'000};  // ... of this window
    std::chrono::milliseconds cooldown{5'000}, cooldown_max{300'000};
    friend bool operator==(const CircuitSettings&, const CircuitSettings&) = default;
};

struct AffinitySettings {
    bool enabled = true;
    std::chrono::seconds idle{3'600};  // an assignment lives this long after its last use
    std::int64_t sessions_max = 100'000;  // of one process
    friend bool operator==(const AffinitySettings&, const AffinitySettings&) = default;
};

// What a tenant has set for its own requests, besides its rules.
struct TenantRouting {
    std::string tenant;
    std::optional<Strategy> strategy;  // nullopt: the platform's
    ScoreWeights weights;              // of Strategy::custom
    std::vector<std::string> fallback_providers;
    std::vector<std::pair<std::string, std::string>> aliases;  // name, target
    std::int64_t max_attempts = 0;                             // 0: the platform's; also below
    std::chrono::milliseconds first_backoff{0}, headers{0};
    friend bool operator==(const TenantRouting&, const TenantRouting&) = default;
};

enum class Sticky : std::uint8_t { user, session, request };
std::string_view to_string(Sticky sticky);
std::optional<Sticky> sticky_of(std::string_view text);

enum class Metric : std::uint8_t {
    cost, latency, first_token, error_rate, refusal_rate, output_tokens, tool_success, feedback,
};
constexpr std::size_t metrics_count = 8;
std::string_view to_string(Metric metric);
std::optional<Metric> metric_of(std::string_view text);

struct ExperimentArm {
    std::string name, model;
    double share = 0;  // in proportion to the sum of all arms
    friend bool operator==(const ExperimentArm&, const ExperimentArm&) = default;
};

// An A/B test. It applies to the aliases in `models`, and to rules whose `use` names it.
struct ExperimentSpec {
    std::string id, name, tenant;      // tenant "" : of the platform
    bool enabled = true;
    std::vector<std::string> models;   // globs over the requested name; may be empty
    std::vector<ExperimentArm> arms;   // two or more; the first is what others are compared with
    Sticky sticky = Sticky::session;
    Metric metric = Metric::cost;      // what the verdict is about
    double confidence = 0.95;
    std::int64_t samples_min = 100;    // of each arm before any verdict
    std::int64_t started = 0, ends = 0;  // Unix seconds; 0: at once, never
    std::string origin;
    friend bool operator==(const ExperimentSpec&, const ExperimentSpec&) = default;
};

}  // namespace tollgate::domain
