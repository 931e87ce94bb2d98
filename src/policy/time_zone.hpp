// Time zones by name, from the system's zone files (TZif, RFC 8536), for budgets that follow a
// tenant's calendar. Immutable once loaded; any thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tollgate::policy {

// A rule of a POSIX TZ text, which holds after the last listed change:
// "CET-1CEST,M3.5.0,M10.5.0/3".
struct ZoneRule {
    struct Change {
        enum class Kind : std::uint8_t { month_week_day, day_from_1_without_leap, day_from_0 };
        Kind kind = Kind::month_week_day;
        unsigned month = 0, week = 0, weekday = 0;  // week 5: the last
        int day = 0;                                // of the year
        std::int64_t seconds = 2 * 3600;            // after local midnight; may be negative
    };
    std::int64_t standard = 0, summer = 0;  // seconds east of UTC
    bool has_summer = false;
    Change starts, ends;  // of summer time
    std::int64_t offset_at(std::int64_t unix_seconds) const;
};
// Fails: invalid_request.
base::Result<ZoneRule> parse_zone_rule(std::string_view text);

class TimeZone {
public:
    // "" and "UTC" need no file; "Europe/Berlin" is read from `directory`. Blocking.
    // Fails: invalid_request when there is no such zone (or no zone files: install tzdata).
    static base::Result<std::shared_ptr<const TimeZone>> load(
        std::string_view name, const std::string& directory = "/usr/share/zoneinfo");
    static std::shared_ptr<const TimeZone> utc();

    const std::string& name() const { return name_; }
    // Seconds east of UTC at that moment.
    std::int64_t offset_at(std::int64_t unix_seconds) const;
    std::chrono::year_month_day date_at(std::int64_t unix_seconds) const;
    // The first moment of that date, in Unix seconds: midnight, its first occurrence where the
    // clock passes it twice, and the moment of change where it skips it.
    std::int64_t start_of(std::chrono::year_month_day date) const;
    // "2026-12-01T00:00:00+01:00".
    std::string text_at(std::int64_t unix_seconds) const;

private:
    struct Change {
        std::int64_t at;
        std::int64_t offset;
    };
    base::Result<void> parse(std::string_view file);
    std::string name_ = "UTC";
    std::int64_t first_offset_ = 0;  // before the first change
    std::vector<Change> changes_;    // ascending
    bool has_rule_ = false;          // after the last change
    ZoneRule rule_;
};

}  // namespace tollgate::policy
