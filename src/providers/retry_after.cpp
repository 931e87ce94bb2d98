#include "providers/retry_after.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace tollgate::providers {
namespace {

using std::chrono::milliseconds;

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

// A non-negative decimal at the front of `text`, which is moved past it.
std::optional<double> take_number(std::string_view& text) {
    double value = 0;
    auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value,
                                          std::chars_format::fixed);
    if (problem != std::errc() || !std::isfinite(value) || value < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

milliseconds clamped(double value_ms) {
    auto most = static_cast<double>(retry_after_max.count());
    if (value_ms >= most) return retry_after_max;
    // Rounded up: asking a moment too early costs a refusal, a moment too late costs nothing.
    auto whole = static_cast<std::int64_t>(value_ms);
    return milliseconds(whole + (static_cast<double>(whole) < value_ms ? 1 : 0));
}

std::optional<int> take_digits(std::string_view& text) {
    int value = 0;
    auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || value < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

bool take(std::string_view& text, char expected) {
    if (text.empty() || text.front() != expected) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<unsigned> take_month(std::string_view& text) {
    constexpr std::array<std::string_view, 12> months = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (std::size_t i = 0; i < months.size(); ++i) {
        if (!text.starts_with(months[i])) continue;
        text.remove_prefix(3);
        return static_cast<unsigned>(i + 1);
    }
    return std::nullopt;
}

std::optional<std::chrono::seconds> take_time(std::string_view& text) {
    auto hour = take_digits(text);
    if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
    auto minute = take_digits(text);
    if (!minute || *minute > 59 || !take(text, ':')) return std::nullopt;
    auto second = take_digits(text);
    if (!second || *second > 60) return std::nullopt;
    return std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second);
}

std::optional<std::chrono::sys_seconds> join(int year, unsigned month, int day,
                                             std::chrono::seconds time) {
    std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                     std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date) + time;
}

// "Sun Nov  6 08:49:37 1994", after the name of the day.
std::optional<std::chrono::sys_seconds> parse_asctime(std::string_view text) {
    auto month = take_month(text);
    while (take(text, ' ')) {}
    auto day = take_digits(text);
    if (!month || !day || !take(text, ' ')) return std::nullopt;
    auto time = take_time(text);
    if (!time || !take(text, ' ')) return std::nullopt;
    auto year = take_digits(text);
    if (!year) return std::nullopt;
    return join(*year, *month, *day, *time);
}

milliseconds rate_limit_reset(const http::Headers& headers, std::string_view what) {
    std::string name = "x-ratelimit-remaining-";
    auto remaining = headers.find(name.append(what));
    if (!remaining || trimmed(*remaining) != "0") return milliseconds(-1);
    name = "x-ratelimit-reset-";
    auto reset = parse_duration(headers.get(name.append(what)));
    return reset.value_or(milliseconds(-1));
}

}  // namespace

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) {
    text = trimmed(text);
    auto comma = text.find(',');
    if (comma == std::string_view::npos) {
        auto space = text.find(' ');
        if (space == std::string_view::npos) return std::nullopt;
        return parse_asctime(text.substr(space + 1));
    }
    text = trimmed(text.substr(comma + 1));
    auto day = take_digits(text);
    if (!day || text.empty()) return std::nullopt;
    char separator = text.front();  // ' ' of today's form, '-' of RFC 850's
    if ((separator != ' ' && separator != '-') || !take(text, separator)) return std::nullopt;
    auto month = take_month(text);
    if (!month || !take(text, separator)) return std::nullopt;
    auto year = take_digits(text);
    if (!year || !take(text, ' ')) return std::nullopt;
    if (separator == '-' && *year < 100) *year += *year < 70 ? 2000 : 1900;
    auto time = take_time(text);
    if (!time) return std::nullopt;
    return join(*year, *month, *day, *time);
}

std::optional<milliseconds> parse_duration(std::string_view text) {
    text = trimmed(text);
    if (text.empty()) return std::nullopt;
    double total_ms = 0;
    while (!text.empty()) {
        auto number = take_number(text);
        if (!number) return std::nullopt;
        auto unit_end = text.find_first_of("0123456789.");
        auto unit = text.substr(0, unit_end);
        text.remove_prefix(unit.size());
        if (unit == "ms") total_ms += *number;
        else if (unit == "s" || unit.empty()) total_ms += *number * 1'000;
        else if (unit == "m") total_ms += *number * 60'000;
        else if (unit == "h") total_ms += *number * 3'600'000;
        else if (unit == "d") total_ms += *number * 86'400'000;
        else return std::nullopt;
    }
    return clamped(total_ms);
}

milliseconds retry_after(int status, const http::Headers& headers) {
    if (auto text = trimmed(headers.get("retry-after-ms")); !text.empty()) {
        auto number = take_number(text);
        if (number && text.empty()) return clamped(*number);
    }
    if (auto text = trimmed(headers.get("retry-after")); !text.empty()) {
        auto rest = text;
        auto seconds = take_number(rest);
        if (seconds && rest.empty()) return clamped(*seconds * 1'000);
        auto then = parse_http_date(text);
        auto now = parse_http_date(headers.get("date"));
        if (then && now) {
            if (*then <= *now) return milliseconds(0);
            return clamped(static_cast<double>((*then - *now).count()) * 1'000);
        }
    }
    if (status != 429) return milliseconds(-1);
    return std::max(rate_limit_reset(headers, "requests"), rate_limit_reset(headers, "tokens"));
}

}  // namespace tollgate::providers
