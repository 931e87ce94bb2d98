// The rule at the end of a zone file: POSIX TZ texts with RFC 8536's extension (hours to 167).
#include <array>
#include <cctype>
#include <optional>

#include "policy/time_zone.hpp"

namespace tollgate::policy {
namespace {

using std::chrono::day;
using std::chrono::days;
using std::chrono::month;
using std::chrono::sys_days;
using std::chrono::year;

constexpr std::int64_t seconds_per_hour = 3600, seconds_per_day = 86'400;

// Reads from the front of a text.
struct Reader {
    std::string_view left;

    bool take(char c) {
        if (left.empty() || left.front() != c) return false;
        left.remove_prefix(1);
        return true;
    }
    std::optional<int> number() {
        std::size_t size = 0;
        int value = 0;
        for (; size < left.size() && size < 4 && std::isdigit(left[size]) != 0; ++size) {
            value = value * 10 + (left[size] - '0');
        }
        if (size == 0) return std::nullopt;
        left.remove_prefix(size);
        return value;
    }
    // "CET" or "<+03>".
    bool name() {
        std::size_t size = 0;
        if (take('<')) {
            const std::size_t end = left.find('>');
            if (end == std::string_view::npos) return false;
            left.remove_prefix(end + 1);
            return true;
        }
        while (size < left.size() && std::isalpha(left[size]) != 0) ++size;
        left.remove_prefix(size);
        return size >= 3;
    }
    // "-1", "5:30", "+167:00:00".
    std::optional<std::int64_t> time() {
        const bool negative = take('-');
        if (!negative) take('+');
        std::int64_t seconds = 0, unit = seconds_per_hour;
        for (int part = 0; part < 3; ++part, unit /= 60) {
            const auto value = number();
            if (!value) return std::nullopt;
            seconds += *value * unit;
            if (!take(':')) break;
        }
        return negative ? -seconds : seconds;
    }
    std::optional<ZoneRule::Change> change() {
        ZoneRule::Change change;
        using Kind = ZoneRule::Change::Kind;
        if (take('M')) {
            const auto in_month = number();
            const bool first = take('.');
            const auto week = number();
            const bool second = take('.');
            const auto weekday = number();
            if (!in_month || !week || !weekday || !first || !second || *in_month < 1 ||
                *in_month > 12 || *week < 1 || *week > 5 || *weekday > 6) {
                return std::nullopt;
            }
            change.month = static_cast<unsigned>(*in_month);
            change.week = static_cast<unsigned>(*week);
            change.weekday = static_cast<unsigned>(*weekday);
        } else {
            change.kind = take('J') ? Kind::day_from_1_without_leap : Kind::day_from_0;
            const auto day_of_year = number();
            if (!day_of_year || *day_of_year > 365) return std::nullopt;
            change.day = *day_of_year;
        }
        if (take('/')) {
            const auto at = time();
            if (!at) return std::nullopt;
            change.seconds = *at;
        }
        return change;
    }
};

sys_days date_of(const ZoneRule::Change& change, year in) {
    using Kind = ZoneRule::Change::Kind;
    const sys_days new_year = sys_days(in / 1 / 1);
    switch (change.kind) {
        case Kind::day_from_0: return new_year + days(change.day);
        case Kind::day_from_1_without_leap: {
            const bool after_february = change.day >= 60 && in.is_leap();
            return new_year + days(change.day - (after_february ? 0 : 1));
        }
        case Kind::month_week_day: break;
    }
    const std::chrono::weekday weekday(change.weekday);
    if (change.week == 5) return sys_days(in / month(change.month) / weekday[std::chrono::last]);
    return sys_days(in / month(change.month) / weekday[change.week]);
}

std::int64_t seconds_of(sys_days date) { return date.time_since_epoch().count() * seconds_per_day; }

}  // namespace

base::Result<ZoneRule> parse_zone_rule(std::string_view text) {
    const base::Error bad = base::invalid("'" + std::string(text) + "' is no time zone rule");
    Reader reader{text};
    ZoneRule rule;
    if (!reader.name()) return bad;
    const auto standard = reader.time();
    if (!standard) return bad;
    rule.standard = -*standard;  // POSIX counts westwards
    if (reader.left.empty()) return rule;
    if (!reader.name()) return bad;
    rule.has_summer = true;
    rule.summer = rule.standard + seconds_per_hour;
    if (!reader.left.empty() && reader.left.front() != ',') {
        const auto summer = reader.time();
        if (!summer) return bad;
        rule.summer = -*summer;
    }
    if (!reader.take(',')) return bad;
    const auto starts = reader.change();
    if (!starts || !reader.take(',')) return bad;
    const auto ends = reader.change();
    if (!ends || !reader.left.empty()) return bad;
    rule.starts = *starts;
    rule.ends = *ends;
    return rule;
}

std::int64_t ZoneRule::offset_at(std::int64_t unix_seconds) const {
    if (!has_summer) return standard;
    const auto local = std::chrono::sys_seconds(std::chrono::seconds(unix_seconds + standard));
    const year in = std::chrono::year_month_day(std::chrono::floor<days>(local)).year();
    const std::int64_t start = seconds_of(date_of(starts, in)) + starts.seconds - standard;
    const std::int64_t end = seconds_of(date_of(ends, in)) + ends.seconds - summer;
    // South of the equator summer spans the new year.
    const bool is_summer = start < end ? unix_seconds >= start && unix_seconds < end
                                       : unix_seconds >= start || unix_seconds < end;
    return is_summer ? summer : standard;
}

}  // namespace tollgate::policy
