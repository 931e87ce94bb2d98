#include "routing/affinity.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace tollgate::routing {
namespace {

constexpr double pico = 1e-12;
constexpr std::string_view version = "1";
constexpr std::int64_t number_max = std::int64_t{1} << 53;

double usd(std::int64_t tokens, domain::PicoUsd rate) {
    return static_cast<double>(tokens) * static_cast<double>(rate) * pico;
}
bool has_cache(const domain::TokenRates& rates) { return rates.cache_read >= 0; }
// What a token costs that is read and kept; providers with automatic caching take nothing for it.
domain::PicoUsd write_rate(const domain::TokenRates& rates) {
    return has_cache(rates) && rates.cache_write_5m >= 0 ? rates.cache_write_5m : rates.input;
}
bool priced(const domain::TokenRates& rates) { return rates.input >= 0 && rates.output >= 0; }

std::string_view take_word(std::string_view& text, char end_mark) {
    const auto end = text.find(end_mark);
    const auto word = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return word;
}

}  // namespace

std::int64_t tokens_cached(const Assignment& assignment, std::int64_t now) {
    return now - assignment.cached_at < assignment.cache_seconds ? assignment.cached_tokens : 0;
}

double cached_saving_usd(std::int64_t tokens, const domain::TokenRates& rates) {
    if (rates.input < 0 || !has_cache(rates)) return 0;
    return std::max(usd(tokens, rates.input) - usd(tokens, rates.cache_read), 0.0);
}

double turn_cost_usd(const TurnShape& turn, const domain::TokenRates& rates) {
    if (!priced(rates)) return -1;
    const auto prefix = has_cache(rates) ? usd(turn.prefix_tokens, rates.cache_read)
                                         : usd(turn.prefix_tokens, rates.input);
    return prefix + usd(turn.new_tokens, write_rate(rates)) +
           usd(turn.output_tokens, rates.output);
}

double cold_start_usd(const TurnShape& turn, const domain::TokenRates& rates) {
    if (!has_cache(rates)) return 0;
    return std::max(
        usd(turn.prefix_tokens, write_rate(rates)) - usd(turn.prefix_tokens, rates.cache_read),
        0.0);
}

std::int64_t remaining_turns(std::int64_t turns) {
    return std::clamp(turns, remaining_turns_min, remaining_turns_max);
}

MoveVerdict moving_pays(const Assignment& assignment, const TurnShape& turn,
                        const domain::TokenRates& here, const domain::TokenRates& there,
                        std::int64_t now) {
    MoveVerdict out;
    out.turns = remaining_turns(assignment.turns);
    const auto cost_here = turn_cost_usd(turn, here), cost_there = turn_cost_usd(turn, there);
    if (cost_here < 0 || cost_there < 0) return out;
    out.saving_usd = static_cast<double>(out.turns) * (cost_here - cost_there);
    const bool cold_here = tokens_cached(assignment, now) == 0;
    out.lost_cache_usd = std::max(
        cold_start_usd(turn, there) - (cold_here ? cold_start_usd(turn, here) : 0), 0.0);
    out.pays = out.saving_usd > out.lost_cache_usd;
    return out;
}

std::string_view to_string(AffinityEnd end) {
    switch (end) {
        case AffinityEnd::holds: return "holds";
        case AffinityEnd::not_a_candidate: return "not_a_candidate";
        case AffinityEnd::unhealthy: return "unhealthy";
        case AffinityEnd::rule_changed: return "rule_changed";
        case AffinityEnd::moving_pays: return "moving_pays";
    }
    return "unknown";
}

AffinityEnd judge_affinity(const Assignment& assignment, const AffinityScene& scene) {
    if (!scene.candidate) return AffinityEnd::not_a_candidate;
    if (scene.circuit == CircuitState::open) return AffinityEnd::unhealthy;
    if (assignment.bound) return AffinityEnd::holds;
    if (assignment.rule != scene.rule) return AffinityEnd::rule_changed;
    return scene.move.pays ? AffinityEnd::moving_pays : AffinityEnd::holds;
}

std::optional<Assignment> after_turn(const Assignment* known, const AnsweredTurn& turn,
                                     std::int64_t now) {
    const bool here = known != nullptr && known->deployment == turn.deployment;
    if (!here && turn.cached_tokens == 0 && !turn.binds) return std::nullopt;
    Assignment next;
    if (here) next = *known;
    next.deployment = turn.deployment;
    next.rule = turn.rule;
    next.turns += 1;
    next.bound = next.bound || turn.binds;
    if (turn.cached_tokens > 0) {
        next.cached_tokens = turn.cached_tokens;
        next.cached_at = now;
        next.cache_seconds = std::max(next.cache_seconds, turn.cache_seconds);
    }
    return next;
}

std::string encode(const Assignment& assignment) {
    std::string out(version);
    for (const auto number :
         {assignment.last_used, assignment.cached_at, assignment.cache_seconds,
          assignment.cached_tokens, assignment.turns, std::int64_t{assignment.bound ? 1 : 0}}) {
        out += ' ';
        out += std::to_string(number);
    }
    return out + ' ' + assignment.rule + '\t' + assignment.deployment;
}

base::Result<Assignment> decode_assignment(std::string_view text) {
    const auto wrong = [](const char* part) {
        return base::invalid(std::string("an assignment has a wrong ") + part, part);
    };
    if (take_word(text, ' ') != version) return wrong("version");
    std::array<std::int64_t, 6> numbers{};
    for (auto& number : numbers) {
        const auto word = take_word(text, ' ');
        const auto [end, problem] =
            std::from_chars(word.data(), word.data() + word.size(), number);
        if (problem != std::errc() || end != word.data() + word.size() || number < 0 ||
            number > number_max) {
            return wrong("number");
        }
    }
    Assignment out;
    out.last_used = numbers[0];
    out.cached_at = numbers[1];
    out.cache_seconds = numbers[2];
    out.cached_tokens = numbers[3];
    out.turns = numbers[4];
    out.bound = numbers[5] != 0;
    const auto tab = text.find('\t');
    if (tab == std::string_view::npos || tab + 1 == text.size()) return wrong("deployment");
    out.rule = std::string(text.substr(0, tab));
    out.deployment = std::string(text.substr(tab + 1));
    return out;
}

}  // namespace tollgate::routing
