// Wall-clock time as text and as Unix seconds. Any thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace tollgate::base {

std::int64_t unix_seconds();
// Unix microseconds as of the kernel's last tick, up to 10 ms ago: a quarter of an exact reading's
// cost, for decisions that a request needs one of and that nobody times.
std::int64_t coarse_unix_micros();
// "2026-11-21T05:00:00.123Z".
std::string rfc3339(std::chrono::system_clock::time_point when);
std::string rfc3339_now();
// The same of Unix microseconds, for any year up to 9999: the system clock's nanoseconds end in
// 2262, and people write 9999-12-31 for never.
std::string rfc3339_of_micros(std::int64_t unix_micros);

}  // namespace tollgate::base
