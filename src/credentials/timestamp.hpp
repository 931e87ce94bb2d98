// Points in time as token services write them. Pure, any thread.
#pragma once
#include <chrono>
#include <optional>
#include <string_view>

namespace tollgate::credentials {

// RFC 3339: "2026-11-21T05:00:00Z", with a fraction or an offset ("+00:00") too. What lies before
// 1970 or after 2200 is taken for these ends.
std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text);

}  // namespace tollgate::credentials
