// Wall-clock time as text and as Unix seconds, and the steady time of a stretch of work. Any
// thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace tollgate::base {

std::int64_t unix_seconds();
// Unix microseconds as of the kernel's last tick, up to 10 ms ago: a quarter of an exact reading's
// cost, for decisions that a request needs one of and that nobody times.
std::int64_t coarse_unix_micros();
// The steady clock, read at most once in a stretch of work: what a loop does for one event, some
// microseconds. A dozen meters ask for the time in one, and each reading costs as much as they do.
// Out of a loop, and until one has said that a stretch begins, every call reads the clock.
class StretchClock {
public:
    using Instant = std::chrono::steady_clock::time_point;
    static Instant now() {
        Stretch& here = stretch;
        if (here.known) return here.at;
        here.at = std::chrono::steady_clock::now();
        here.known = here.within;
        return here.at;
    }
    // Reads the clock, also on behalf of later calls of now(): where a time is written down.
    static Instant read() {
        stretch.known = false;
        return now();
    }
    // For loops: before each event, and when the turn is over.
    static void begin() { stretch = {{}, true, false}; }
    static void end() { stretch = {{}, false, false}; }

private:
    struct Stretch {
        Instant at;
        bool within, known;
    };
    static constinit inline thread_local Stretch stretch{{}, false, false};
};
// "2026-11-21T05:00:00.123Z".
std::string rfc3339(std::chrono::system_clock::time_point when);
std::string rfc3339_now();
// The same of Unix microseconds, for any year up to 9999: the system clock's nanoseconds end in
// 2262, and people write 9999-12-31 for never.
std::string rfc3339_of_micros(std::int64_t unix_micros);

}  // namespace tollgate::base
