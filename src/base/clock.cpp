#include "base/clock.hpp"

#include <cstdio>
#include <ctime>

namespace tollgate::base {

std::int64_t unix_seconds() { return coarse_unix_micros() / 1'000'000; }

std::int64_t coarse_unix_micros() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000;
}

std::string rfc3339(std::chrono::system_clock::time_point when) {
    return rfc3339_of_micros(
        std::chrono::floor<std::chrono::microseconds>(when.time_since_epoch()).count());
}

std::string rfc3339_of_micros(std::int64_t unix_micros) {
    using std::chrono::floor;
    const std::chrono::microseconds whole(unix_micros);
    const auto millisecond = floor<std::chrono::milliseconds>(whole);
    const auto second = floor<std::chrono::seconds>(millisecond);
    const auto seconds = static_cast<std::time_t>(second.count());
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[48];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                  parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                  static_cast<int>((millisecond - second).count()));
    return text;
}

std::string rfc3339_now() {
    // The part up to the second is made once a second per thread.
    thread_local std::int64_t made_for = -1;
    thread_local std::string text;
    const std::int64_t milliseconds = coarse_unix_micros() / 1'000;
    if (milliseconds / 1000 != made_for) {
        made_for = milliseconds / 1000;
        text =
            rfc3339(std::chrono::system_clock::time_point(std::chrono::milliseconds(milliseconds)));
    }
    const auto part = static_cast<int>(milliseconds % 1000);
    text[20] = static_cast<char>('0' + part / 100);
    text[21] = static_cast<char>('0' + part / 10 % 10);
    text[22] = static_cast<char>('0' + part % 10);
    return text;
}

}  // namespace tollgate::base
