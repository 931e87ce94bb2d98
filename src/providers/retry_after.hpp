// When a provider says it may be asked again. Pure: dates are read against the answer's own Date
// header, so a wrong clock on this machine cannot turn seconds into hours.
#pragma once
#include <chrono>
#include <optional>
#include <string_view>

#include "http/message.hpp"

namespace tollgate::providers {

constexpr std::chrono::milliseconds retry_after_max = std::chrono::hours(24 * 31);

// In this order: retry-after-ms (milliseconds, may have a fraction), retry-after in seconds (may
// have a fraction), retry-after as an HTTP date with a Date header beside it; for a 429 without
// those, the x-ratelimit-reset-{requests,tokens} (durations such as 2m59.56s) whose `remaining` is
// nought. -1: not stated, or not understood. Never more than retry_after_max.
std::chrono::milliseconds retry_after(int status, const http::Headers& headers);

// "Sun, 06 Nov 1994 08:49:37 GMT" and the two older forms of RFC 9110, as Unix seconds.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text);

// "2m59.56s", "1h", "120ms", "7.66s", and a bare number of seconds.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace tollgate::providers
