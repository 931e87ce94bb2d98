#include "domain/routing.hpp"

#include <algorithm>
#include <cmath>

namespace tollgate::domain {
namespace {

// The words of an enumeration, in its order.
constexpr std::array<std::string_view, power_levels_count> level_words{"none", "eco", "balanced",
                                                                       "precision"};
constexpr std::array<std::string_view, strategies_count> strategy_words{
    "priority", "weighted", "round_robin", "least_busy", "latency",
    "usage",    "cost",     "balanced",    "custom"};
constexpr std::array<std::string_view, 3> sticky_words{"user", "session", "request"};
constexpr std::array<std::string_view, metrics_count> metric_words{
    "cost",         "latency",       "first_token",  "error_rate",
    "refusal_rate", "output_tokens", "tool_success", "feedback"};

constexpr std::array<std::pair<std::string_view, Strategy>, 5> litellm_words{{
    {"simple_shuffle", Strategy::weighted},
    {"usage_based_routing", Strategy::usage},
    {"usage_based_routing_v2", Strategy::usage},
    {"latency_based_routing", Strategy::latency},
    {"cost_based_routing", Strategy::cost},
}};

std::string folded(std::string_view text) {
    std::string out(text);
    for (auto& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == '-') c = '_';
    }
    return out;
}

template <typename Enum, std::size_t count>
std::string_view word(const std::array<std::string_view, count>& words, Enum value) {
    const auto at = static_cast<std::size_t>(value);
    return at < count ? words[at] : std::string_view("unknown");
}

template <typename Enum, std::size_t count>
std::optional<Enum> value_of(const std::array<std::string_view, count>& words,
                             std::string_view text) {
    const auto at = std::find(words.begin(), words.end(), folded(text));
    if (at == words.end()) return std::nullopt;
    return static_cast<Enum>(at - words.begin());
}

}  // namespace

std::string_view to_string(PowerLevel level) { return word(level_words, level); }
std::string_view to_string(Strategy strategy) { return word(strategy_words, strategy); }
std::string_view to_string(Sticky sticky) { return word(sticky_words, sticky); }
std::string_view to_string(Metric metric) { return word(metric_words, metric); }

std::optional<PowerLevel> power_level_of(std::string_view text) {
    return value_of<PowerLevel>(level_words, text);
}
std::optional<Sticky> sticky_of(std::string_view text) {
    return value_of<Sticky>(sticky_words, text);
}
std::optional<Metric> metric_of(std::string_view text) {
    return value_of<Metric>(metric_words, text);
}
std::optional<Strategy> strategy_of(std::string_view text) {
    if (const auto ours = value_of<Strategy>(strategy_words, text)) return ours;
    const auto name = folded(text);
    for (const auto& [theirs, strategy] : litellm_words) {
        if (theirs == name) return strategy;
    }
    return std::nullopt;
}

bool sound(const ScoreWeights& weights) {
    if (!(weights.cost >= 0 && weights.latency >= 0 && weights.quality >= 0)) return false;
    return std::abs(weights.cost + weights.latency + weights.quality - 1.0) <= 0.001;
}

LevelTable built_in_levels() {
    LevelTable table;
    table[static_cast<std::size_t>(PowerLevel::eco)] = {
        .ceiling_usd_per_1k = 0.001,
        .weights = {.cost = 0.7, .latency = 0.2, .quality = 0.1},
        .preferred = {"local", "groq", "huggingface"},
        .fallback = {"openrouter:free"}};
    table[static_cast<std::size_t>(PowerLevel::balanced)] = {
        .ceiling_usd_per_1k = 0.01,
        .weights = {.cost = 0.4, .latency = 0.4, .quality = 0.2},
        .preferred = {"openrouter", "together", "fireworks"},
        .fallback = {"groq", "local"}};
    table[static_cast<std::size_t>(PowerLevel::precision)] = {
        .ceiling_usd_per_1k = 0.10,
        .weights = {.cost = 0.1, .latency = 0.3, .quality = 0.6},
        .preferred = {"openai", "anthropic", "openrouter:premium"},
        .fallback = {"openrouter", "together"}};
    return table;
}

const LevelSettings& built_in_level(PowerLevel level) {
    static const LevelTable table = built_in_levels();
    const auto at = static_cast<std::size_t>(level);
    return table[at < power_levels_count ? at : 0];
}

}  // namespace tollgate::domain
