// Times of administration: Unix microseconds and RFC 3339, and LiteLLM's durations. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "domain/tenancy.hpp"

namespace tollgate::admin {

constexpr std::int64_t micros_per_second = 1'000'000;
constexpr std::int64_t micros_per_day = 86'400 * micros_per_second;

// "2026-11-21T05:00:00.123Z".
std::string rfc3339(domain::UnixMicros at);
// A time with its zone ("Z" or an offset), or a date alone: its midnight UTC.
std::optional<domain::UnixMicros> parse_time(std::string_view text);

// "30s", "15m", "12h", "7d", "2w", "1mo" (30 days).
struct Duration {
    std::int64_t count = 0;
    std::string unit;  // s, m, h, d, w, mo
    std::int64_t seconds() const;
};
std::optional<Duration> parse_duration(std::string_view text);

}  // namespace tollgate::admin
