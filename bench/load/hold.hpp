// Opens N streams, holds them, times a few small requests meanwhile, and watches memory.
// Threading: one thread, blocking until done.
#pragma once

#include "load/connection.hpp"
#include "load/report.hpp"

#include <string>
#include <vector>

namespace bench {

class Hold {
public:
    // `probe_request` may be empty: then nothing is timed.
    Hold(const LoadOptions& options, std::string request, std::string probe_request);
    Findings run();

private:
    void open_streams();
    void turn(int wait_ms);
    void handle_stream(std::uint32_t index, std::uint32_t events);
    void handle_probe(std::uint32_t events);
    void start_probe();
    void lose(std::uint32_t index, const std::string& kind, const std::string& detail);

    const LoadOptions& options_;
    std::string request_, probe_request_;
    Fd epoll_;
    std::vector<LoadConnection> streams_;
    std::vector<char> started_;  // whether the first content event has come
    LoadConnection probe_;
    Findings findings_;
    std::uint32_t opened_ = 0, pending_ = 0;
    std::uint64_t probe_due_ns_ = 0;
    bool holding_ = false;
};

}  // namespace bench
