// Wall-clock time as text and as Unix seconds. Any thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace tollgate::base {

std::int64_t unix_seconds();
// "2026-11-21T05:00:00.123Z".
std::string rfc3339(std::chrono::system_clock::time_point when);
std::string rfc3339_now();
// The same of Unix microseconds, for any year up to 9999: the system clock's nanoseconds end in
// 2262, and people write 9999-12-31 for never.
std::string rfc3339_of_micros(std::int64_t unix_micros);

}  // namespace tollgate::base
