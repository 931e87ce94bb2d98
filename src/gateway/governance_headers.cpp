// What the head of an answer tells of the caller's limits, budgets and costs.
#include <algorithm>
#include <charconv>

#include "base/clock.hpp"
#include "gateway/conclude.hpp"

namespace tollgate::gateway {
namespace {

// Without memory of their own: every governed answer has ten of them.
void add_integer(http::Exchange& exchange, std::string_view name, std::int64_t value,
                 std::string_view unit = "") {
    char text[24];
    char* end = std::to_chars(text, text + 20, value).ptr;
    end = std::copy(unit.begin(), unit.end(), end);
    exchange.add_header(name, {text, static_cast<std::size_t>(end - text)});
}

struct LimitNames {
    std::string_view limit, remaining, reset;
};
constexpr LimitNames request_names = {"x-ratelimit-limit-requests",
                                      "x-ratelimit-remaining-requests",
                                      "x-ratelimit-reset-requests"};
constexpr LimitNames token_names = {"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens",
                                    "x-ratelimit-reset-tokens"};

void add_remaining(http::Exchange& exchange, const LimitNames& names,
                   const std::optional<policy::Remaining>& remaining) {
    if (!remaining) return;
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(remaining->reset);
    add_integer(exchange, names.limit, remaining->limit);
    add_integer(exchange, names.remaining, std::max<std::int64_t>(remaining->remaining, 0));
    add_integer(exchange, names.reset, seconds.count(), "s");
}

struct CapNames {
    std::string_view claim, utilization, status, reset, surpassed;
};
constexpr CapNames short_cap = {"five_hour", "anthropic-ratelimit-unified-5h-utilization",
                                "anthropic-ratelimit-unified-5h-status",
                                "anthropic-ratelimit-unified-5h-reset",
                                "anthropic-ratelimit-unified-5h-surpassed-threshold"};
constexpr CapNames long_cap = {"seven_day", "anthropic-ratelimit-unified-7d-utilization",
                               "anthropic-ratelimit-unified-7d-status",
                               "anthropic-ratelimit-unified-7d-reset",
                               "anthropic-ratelimit-unified-7d-surpassed-threshold"};

// Claude Code's words for a subscription's windows, told of the caller's own cap: what ends within
// six hours counts as its five-hour window, the rest as its seven-day one.
void add_unified(http::Exchange& exchange, const policy::CapState& cap) {
    constexpr std::int64_t short_window_seconds = 6 * 3600;
    constexpr double warn_at = 0.75, strong_at = 0.95;
    const double used = cap.utilization();
    const bool is_short = cap.reset_unix > 0 &&
                          cap.reset_unix - base::unix_seconds() <= short_window_seconds;
    const CapNames& names = is_short ? short_cap : long_cap;
    char number[32];
    const auto end = std::to_chars(number, number + sizeof number, used,
                                   std::chars_format::fixed, 4).ptr;
    const bool warning = used >= warn_at;
    const std::string_view status = warning ? "allowed_warning" : "allowed";
    exchange.add_header("anthropic-ratelimit-unified-status", status);
    exchange.add_header("anthropic-ratelimit-unified-representative-claim", names.claim);
    exchange.add_header(names.utilization, {number, static_cast<std::size_t>(end - number)});
    exchange.add_header(names.status, status);
    if (cap.reset_unix > 0) {
        add_integer(exchange, "anthropic-ratelimit-unified-reset", cap.reset_unix);
        add_integer(exchange, names.reset, cap.reset_unix);
    }
    if (warning) exchange.add_header(names.surpassed, used >= strong_at ? "0.95" : "0.75");
}

}  // namespace

Generation::Bounds standing_bounds(const policy::Ticket& ticket) {
    return {ticket.requests(), ticket.tokens(), ticket.cap()};
}

void add_governance_headers(Generation& generation) {
    http::Exchange& exchange = generation.exchange;
    if (generation.concluded && generation.record.cost.priced) {
        exchange.add_header("x-tollgate-cost", domain::dollars(generation.record.cost.billed));
    }
    if (!generation.concluded) generation.bounds = standing_bounds(generation.ticket);
    add_remaining(exchange, request_names, generation.bounds.requests);
    add_remaining(exchange, token_names, generation.bounds.tokens);
    const bool anthropic = generation.protocol() == domain::Protocol::anthropic;
    if (!anthropic || !generation.snapshot->billing.client_caps) return;
    if (generation.bounds.cap) add_unified(exchange, *generation.bounds.cap);
}

}  // namespace tollgate::gateway
