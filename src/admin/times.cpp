#include "admin/times.hpp"

#include <charconv>
#include <chrono>

#include "base/clock.hpp"

namespace tollgate::admin {
namespace {

// Takes `digits` digits off the front.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, char letter) {
    if (text.empty() || text.front() != letter) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<domain::UnixMicros> take_date(std::string_view& text) {
    const auto year = take_number(text, 4);
    if (!year || !take(text, '-')) return std::nullopt;
    const auto month = take_number(text, 2);
    if (!month || !take(text, '-')) return std::nullopt;
    const auto day = take_number(text, 2);
    if (!day) return std::nullopt;
    const std::chrono::year_month_day date{
        std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
        std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date).time_since_epoch().count() * micros_per_day;
}

// ".123456" as microseconds; finer digits are dropped.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
    if (!take(text, '.')) return 0;
    std::int64_t micros = 0;
    std::int64_t unit = micros_per_second / 10;
    std::size_t digits = 0;
    for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; ++digits) {
        micros += unit * (text.front() - '0');
        unit /= 10;
        text.remove_prefix(1);
    }
    if (digits == 0) return std::nullopt;
    return micros;
}

std::optional<std::int64_t> take_zone(std::string_view& text) {
    if (take(text, 'Z') || take(text, 'z')) return 0;
    // A query's "+" may have become a space.
    const bool east = !text.empty() && (text.front() == '+' || text.front() == ' ');
    if (!take(text, '+') && !take(text, '-') && !take(text, ' ')) return std::nullopt;
    const auto hours = take_number(text, 2);
    if (!hours || *hours > 23 || !take(text, ':')) return std::nullopt;
    const auto minutes = take_number(text, 2);
    if (!minutes || *minutes > 59) return std::nullopt;
    const std::int64_t micros = (*hours * 3600 + *minutes * 60) * micros_per_second;
    return east ? micros : -micros;
}

}  // namespace

std::string rfc3339(domain::UnixMicros at) { return base::rfc3339_of_micros(at); }

std::optional<domain::UnixMicros> parse_time(std::string_view text) {
    const auto date = take_date(text);
    if (!date || text.empty()) return date;
    if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
    const auto hours = take_number(text, 2);
    if (!hours || *hours > 23 || !take(text, ':')) return std::nullopt;
    const auto minutes = take_number(text, 2);
    if (!minutes || *minutes > 59 || !take(text, ':')) return std::nullopt;
    const auto seconds = take_number(text, 2);
    if (!seconds || *seconds > 60) return std::nullopt;
    const auto fraction = take_fraction(text);
    if (!fraction) return std::nullopt;
    const auto zone = take_zone(text);
    if (!zone || !text.empty()) return std::nullopt;
    return *date + (*hours * 3600 + *minutes * 60 + *seconds) * micros_per_second + *fraction -
           *zone;
}

std::int64_t Duration::seconds() const {
    if (unit == "s") return count;
    if (unit == "m") return count * 60;
    if (unit == "h") return count * 3600;
    if (unit == "d") return count * 86'400;
    if (unit == "w") return count * 7 * 86'400;
    return count * 30 * 86'400;
}

std::optional<Duration> parse_duration(std::string_view text) {
    Duration duration;
    constexpr std::int64_t count_max = 1'000'000;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), duration.count);
    if (error != std::errc() || duration.count <= 0 || duration.count > count_max) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    for (const std::string_view unit : {"s", "m", "h", "d", "w", "mo"}) {
        if (text == unit) duration.unit = unit;
    }
    if (duration.unit.empty()) return std::nullopt;
    return duration;
}

}  // namespace tollgate::admin
