// Command line of bench_load. Pure.
#pragma once

#include "common/net.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

enum class Mode {
    closed,  // N connections, each sends the next request when its answer is complete
    open,    // a fixed rate; latency counts from the time the request was due
    hold     // N streams are opened and held while a few small requests are timed
};

struct LoadOptions {
    Mode mode = Mode::closed;
    Address target;
    std::string path = "/v1/messages";
    std::vector<std::string> headers;  // "name: value"
    std::string body = "small-anthropic";  // a built-in body, or @FILE
    std::string probe_path;                // hold: path and body of the timed small requests
    std::string probe_body;
    std::string probe_model;
    std::string model = "bench-model";
    std::size_t body_bytes = 0;  // size of a large built-in body; 0 for 103,000
    bool stream = false;
    std::uint32_t connections = 32;
    double rate_per_s = 1000;
    double warmup_s = 0.5;
    double seconds = 5;
    double settle_s = 0;          // watch memory for so long after the window
    std::uint64_t requests = 0;   // closed: end after exactly so many instead of after `seconds`
    std::uint32_t expect_events = 0;  // content events a complete stream must have
    double timeout_s = 30;
    std::vector<int> pids;        // processes whose CPU time and memory are measured
    bool print_body = false;
};

// Exits with a message that names the option and its remedy when something is wrong.
LoadOptions parse_load_options(int argc, char** argv);

}  // namespace bench
