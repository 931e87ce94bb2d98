// What the head of an answer tells of the caller's limits, budgets and costs.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

#include "base/clock.hpp"
#include "gateway/conclude.hpp"

namespace tollgate::gateway {
namespace {

// The lines, and the numbers among them, without memory of their own: every governed answer has a
// dozen.
class Lines {
public:
    void add(std::string_view name, std::string_view value) { lines_[count_++] = {name, value}; }
    void add(std::string_view name, std::int64_t value, std::string_view unit = "") {
        char* const begin = next_;
        next_ = std::to_chars(begin, begin + number_bytes, value).ptr;
        next_ = std::copy(unit.begin(), unit.end(), next_);
        add(name, {begin, static_cast<std::size_t>(next_ - begin)});
    }
    // A part of a whole, with four digits behind the point.
    void add_share(std::string_view name, double share) {
        char* const begin = next_;
        const auto all = static_cast<std::uint64_t>(std::llround(std::max(share, 0.0) * 10'000));
        next_ = std::to_chars(begin, begin + number_bytes, all / 10'000).ptr;
        *next_++ = '.';
        for (std::uint64_t digit = 1'000; digit > 0; digit /= 10) {
            *next_++ = static_cast<char>('0' + all / digit % 10);
        }
        add(name, {begin, static_cast<std::size_t>(next_ - begin)});
    }
    std::span<const http::Header> all() const { return {lines_.data(), count_}; }

private:
    static constexpr std::size_t lines_max = 16, number_bytes = 24;
    std::array<http::Header, lines_max> lines_;
    std::size_t count_ = 0;
    std::array<char, lines_max * (number_bytes + 8)> text_;
    char* next_ = text_.data();
};

struct LimitNames {
    std::string_view limit, remaining, reset;
};
constexpr LimitNames request_names = {"x-ratelimit-limit-requests",
                                      "x-ratelimit-remaining-requests",
                                      "x-ratelimit-reset-requests"};
constexpr LimitNames token_names = {"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens",
                                    "x-ratelimit-reset-tokens"};

void add_remaining(Lines& lines, const LimitNames& names,
                   const std::optional<policy::Remaining>& remaining) {
    if (!remaining) return;
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(remaining->reset);
    lines.add(names.limit, remaining->limit);
    lines.add(names.remaining, std::max<std::int64_t>(remaining->remaining, 0));
    lines.add(names.reset, seconds.count(), "s");
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
void add_unified(Lines& lines, const policy::CapState& cap) {
    constexpr std::int64_t short_window_seconds = 6 * 3600;
    constexpr double warn_at = 0.75, strong_at = 0.95;
    const double used = cap.utilization();
    const bool is_short = cap.reset_unix > 0 &&
                          cap.reset_unix - base::unix_seconds() <= short_window_seconds;
    const CapNames& names = is_short ? short_cap : long_cap;
    const bool warning = used >= warn_at;
    const std::string_view status = warning ? "allowed_warning" : "allowed";
    lines.add("anthropic-ratelimit-unified-status", status);
    lines.add("anthropic-ratelimit-unified-representative-claim", names.claim);
    lines.add_share(names.utilization, used);
    lines.add(names.status, status);
    if (cap.reset_unix > 0) {
        lines.add("anthropic-ratelimit-unified-reset", cap.reset_unix);
        lines.add(names.reset, cap.reset_unix);
    }
    if (warning) lines.add(names.surpassed, used >= strong_at ? "0.95" : "0.75");
}

}  // namespace

Generation::Bounds standing_bounds(const policy::Ticket& ticket) {
    return {ticket.requests(), ticket.tokens(), ticket.cap()};
}

void add_governance_headers(Generation& generation) {
    Lines lines;
    std::string cost;
    if (generation.concluded && generation.record.cost.priced) {
        cost = domain::dollars(generation.record.cost.billed);
        lines.add("x-tollgate-cost", cost);
    }
    if (!generation.concluded) generation.bounds = standing_bounds(generation.ticket);
    add_remaining(lines, request_names, generation.bounds.requests);
    add_remaining(lines, token_names, generation.bounds.tokens);
    const bool anthropic = generation.protocol() == domain::Protocol::anthropic;
    if (anthropic && generation.snapshot->billing.client_caps && generation.bounds.cap) {
        add_unified(lines, *generation.bounds.cap);
    }
    generation.exchange.add_own_headers(lines.all());
}

}  // namespace tollgate::gateway
