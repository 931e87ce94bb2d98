// What a run found, and its JSON. Pure.
#pragma once

#include "common/histogram.hpp"
#include "load/options.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace bench {

struct Findings {
    std::uint64_t requests = 0;  // completed and right, inside the window
    std::uint64_t events = 0;    // content events inside the window
    std::map<std::string, std::uint64_t> failures;  // by what went wrong
    std::string first_failure;                      // with the beginning of the answer
    double window_s = 0;
    double cpu_s = 0;      // of the measured processes, inside the window
    double own_cpu_s = 0;  // of the load generator itself
    std::uint64_t rss_start = 0, rss_peak = 0, rss_end = 0, rss_settled = 0;
    std::uint64_t held = 0;  // hold: streams open at the same time
    Histogram latency, first_event, event_delay, probe;

    std::uint64_t failed() const;
    void add_failure(const std::string& kind, std::string_view detail);
};

std::string to_json(const LoadOptions& options, const Findings& findings, std::string_view body);

}  // namespace bench
