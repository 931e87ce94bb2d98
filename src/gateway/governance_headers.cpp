// What the head of an answer tells of the caller's limits, budgets and costs.
#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/clock.hpp"
#include "gateway/conclude.hpp"
#include "http/codec.hpp"

namespace tollgate::gateway {
namespace {

// Writes the lines where the answer's head will take them from: every governed answer has a dozen.
class Lines {
public:
    // Room for all of them: names of at most 56 bytes, and values of 24.
    static constexpr std::size_t bytes_max = 14 * 84;
    explicit Lines(http::HeadWriter writer) : writer_(std::move(writer)) {}

    void add(std::string_view name, std::string_view value) { writer_.put_header(name, value); }
    // REQUIRES: not negative.
    void add(std::string_view name, std::int64_t value, std::string_view unit = "") {
        begin(name);
        writer_.put_number(static_cast<std::uint64_t>(value));
        writer_.put_text(unit);
        writer_.put("\r\n");
    }
    // A part of a whole, with four digits behind the point.
    void add_share(std::string_view name, double share) {
        constexpr std::uint64_t whole = 10'000;
        const auto all = static_cast<std::uint64_t>(std::llround(std::max(share, 0.0) * whole));
        begin(name);
        writer_.put_number(all / whole);
        char digits[] = {'.', '0', '0', '0', '0'};
        std::uint64_t rest = all % whole;
        for (char* at = std::end(digits); rest > 0; rest /= 10) {
            *--at = static_cast<char>('0' + rest % 10);
        }
        writer_.put_text({digits, std::size(digits)});
        writer_.put("\r\n");
    }

private:
    void begin(std::string_view name) {
        writer_.put_text(name);
        writer_.put(": ");
    }
    http::HeadWriter writer_;
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
    lines.add(names.limit, std::max<std::int64_t>(remaining->limit, 0));
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
    Lines lines(generation.exchange.own_headers(Lines::bytes_max));
    if (generation.concluded && generation.record.cost.priced) {
        lines.add("x-tollgate-cost", domain::dollars(generation.record.cost.billed));
    }
    if (!generation.concluded) generation.bounds = standing_bounds(generation.ticket);
    add_remaining(lines, request_names, generation.bounds.requests);
    add_remaining(lines, token_names, generation.bounds.tokens);
    const bool anthropic = generation.protocol() == domain::Protocol::anthropic;
    if (anthropic && generation.snapshot->billing.client_caps && generation.bounds.cap) {
        add_unified(lines, *generation.bounds.cap);
    }
}

}  // namespace tollgate::gateway
