#include "routing/rate_limit_headers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

namespace tollgate::routing {
namespace {

using std::chrono::milliseconds;
using Wall = std::chrono::system_clock::time_point;

constexpr std::size_t name_bytes_max = 64;
constexpr double unix_seconds_from = 1e9;       // larger than any duration in seconds
constexpr double unix_milliseconds_from = 1e12;
constexpr std::int64_t utilization_units = 10'000;

// The windows that are told apart while reading; the first is of requests, the others of tokens,
// then those of a subscription.
enum Slot : std::size_t { requests, tokens, input_tokens, output_tokens, five_hours, seven_days };
constexpr std::size_t slots = 6;

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}
bool take_suffix(std::string_view& text, std::string_view suffix) {
    if (!text.ends_with(suffix)) return false;
    text.remove_suffix(suffix.size());
    return true;
}

std::optional<double> whole_number(std::string_view text) {
    double value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value,
                                                std::chars_format::fixed);
    if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (!std::isfinite(value) || value < 0) return std::nullopt;
    return value;
}

std::optional<int> digits(std::string_view text) {
    int value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size() || value < 0) {
        return std::nullopt;
    }
    return value;
}

// "2026-11-21T05:00:00.5Z", or with +02:00 behind.
std::optional<Wall> parse_timestamp(std::string_view text) {
    constexpr std::size_t seconds_end = 19;
    if (text.size() <= seconds_end || text[4] != '-' || text[7] != '-' || text[13] != ':' ||
        text[16] != ':' || (text[10] != 'T' && text[10] != 't' && text[10] != ' ')) {
        return std::nullopt;
    }
    const auto year = digits(text.substr(0, 4)), month = digits(text.substr(5, 2)),
               day = digits(text.substr(8, 2)), hour = digits(text.substr(11, 2)),
               minute = digits(text.substr(14, 2)), second = digits(text.substr(17, 2));
    if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    Wall at = std::chrono::sys_days(date) + std::chrono::hours(*hour) +
              std::chrono::minutes(*minute) + std::chrono::seconds(*second);
    auto rest = text.substr(seconds_end);
    if (rest.front() == '.') {
        const auto end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
        const auto fraction = whole_number(std::string("0").append(rest.substr(0, end)));
        if (!fraction) return std::nullopt;
        at += milliseconds(static_cast<std::int64_t>(*fraction * 1000));
        rest.remove_prefix(end);
    }
    if (rest == "Z" || rest == "z") return at;
    if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-')) return std::nullopt;
    const auto hours = digits(rest.substr(1, 2)), minutes = digits(rest.substr(4, 2));
    if (!hours || !minutes || rest[3] != ':') return std::nullopt;
    const auto offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
    return rest[0] == '+' ? at - offset : at + offset;
}

std::optional<milliseconds> until(Wall when, Wall now) {
    const auto left = std::chrono::duration_cast<milliseconds>(when - now);
    return std::clamp(left, milliseconds(0), milliseconds(providers::retry_after_max));
}

std::optional<milliseconds> parse_reset(std::string_view text, Wall now) {
    if (const auto number = whole_number(text); number && *number >= unix_seconds_from) {
        const auto in_ms = *number >= unix_milliseconds_from ? *number : *number * 1000;
        if (in_ms > 1e15) return std::nullopt;
        return until(Wall(milliseconds(static_cast<std::int64_t>(in_ms))), now);
    }
    if (const auto duration = providers::parse_duration(text)) return duration;
    if (const auto when = parse_timestamp(text)) return until(*when, now);
    return std::nullopt;
}

class Reading {
public:
    explicit Reading(Wall now) : now_(now) {}

    void read(std::string_view name, std::string_view value) {
        if (take_prefix(name, "anthropic-ratelimit-")) {
            read_anthropic(name, value);
        } else if (take_prefix(name, "x-ratelimit-") || take_prefix(name, "ratelimit-")) {
            read_common(name, value);
        }
    }

    RateLimits result() const {
        RateLimits out;
        out.requests = tightest({requests, five_hours, seven_days});
        out.tokens = tightest({tokens, input_tokens, output_tokens});
        return out;
    }

private:
    void set(Slot slot, std::string_view field, std::string_view value) {
        auto& window = windows_[slot];
        if (field == "reset") {
            window.reset_in = parse_reset(value, now_);
            return;
        }
        const auto number = whole_number(value);
        if (!number || *number > 1e15) return;
        const auto whole = static_cast<std::int64_t>(*number);
        if (field == "limit") window.limit = whole;
        if (field == "remaining") window.remaining = whole;
    }

    void read_anthropic(std::string_view name, std::string_view value) {
        for (const auto& [prefix, slot] :
             {std::pair<std::string_view, Slot>{"requests-", requests}, {"tokens-", tokens},
              {"input-tokens-", input_tokens}, {"output-tokens-", output_tokens}}) {
            if (take_prefix(name, prefix)) return set(slot, name, value);
        }
        if (!take_prefix(name, "unified-")) return;
        const bool hours = take_prefix(name, "5h-");
        if (!hours && !take_prefix(name, "7d-")) return;
        const auto slot = hours ? five_hours : seven_days;
        if (name != "utilization") return set(slot, name, value);
        const auto used = whole_number(value);
        if (!used) return;
        auto& window = windows_[slot];
        window.limit = utilization_units;
        window.remaining =
            std::llround((1 - std::min(*used, 1.0)) * static_cast<double>(utilization_units));
    }

    void read_common(std::string_view name, std::string_view value) {
        if (!take_suffix(name, "-minute")) take_suffix(name, "-day");
        const bool of_tokens = take_suffix(name, "-tokens");
        if (!of_tokens) take_suffix(name, "-requests");
        set(of_tokens ? tokens : requests, name, value);
    }

    LimitWindow tightest(std::initializer_list<Slot> candidates) const {
        LimitWindow out;
        for (const auto slot : candidates) {
            const auto& window = windows_[slot];
            if (!window.stated()) continue;
            if (!out.stated() || window.use() > out.use()) out = window;
        }
        return out;
    }

    Wall now_;
    std::array<LimitWindow, slots> windows_;
};

}  // namespace

double LimitWindow::use() const {
    if (limit <= 0 || remaining < 0) return -1;
    return std::clamp(1 - static_cast<double>(remaining) / static_cast<double>(limit), 0.0, 1.0);
}

RateLimits read_rate_limits(const http::Headers& headers, Wall now) {
    std::optional<Reading> reading;
    for (const auto& header : headers) {
        // Few names begin like those that count: the rest is not looked at.
        const auto first = static_cast<char>(header.name.empty() ? 0 : header.name[0] | 0x20);
        if (first != 'x' && first != 'a' && first != 'r') continue;
        constexpr std::string_view shortest = "ratelimit-";
        if (header.name.size() <= shortest.size() || header.name.size() > name_bytes_max) continue;
        std::array<char, name_bytes_max> lower{};
        std::transform(header.name.begin(), header.name.end(), lower.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        const std::string_view name(lower.data(), header.name.size());
        if (name.find(shortest) == std::string_view::npos) continue;
        if (!reading) {
            const auto date = providers::parse_http_date(headers.get("date"));
            reading.emplace(date ? Wall(*date) : now);
        }
        reading->read(name, header.value);
    }
    return reading ? reading->result() : RateLimits();
}

}  // namespace tollgate::routing
