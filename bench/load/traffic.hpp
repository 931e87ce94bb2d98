// Closed-loop and open-loop traffic over keep-alive connections, measured in one window.
// Threading: one thread. Open loop is safe against coordinated omission: each request has a time at
// which it is due, waits for a free connection if need be, and its latency counts from that time.
#pragma once

#include "load/connection.hpp"
#include "load/report.hpp"

#include <deque>
#include <string>
#include <vector>

namespace bench {

class Traffic {
public:
    Traffic(const LoadOptions& options, std::string request);
    Findings run();

private:
    void start_window();
    void end_window();
    void turn(int wait_ms);
    void handle(std::uint32_t index, std::uint32_t events);
    void begin(std::uint32_t index, std::uint64_t due_ns);
    void release_due();
    void on_complete(LoadConnection& connection);
    void on_progress(LoadConnection& connection);
    void on_failed(std::uint32_t index);
    void next(std::uint32_t index);
    void reopen(std::uint32_t index);
    void watch_memory_and_timeouts();
    bool wants_more() const;
    bool in_window() const { return window_start_ns_ != 0 && window_end_ns_ == 0; }

    const LoadOptions& options_;
    std::string request_;
    Fd epoll_;
    std::vector<LoadConnection> connections_;
    std::vector<std::uint32_t> idle_;     // open loop: connections without work
    std::deque<std::uint64_t> overdue_;   // open loop: due times without a connection
    std::vector<std::uint32_t> to_reopen_;
    Findings findings_;
    std::uint64_t start_ns_ = 0, window_start_ns_ = 0, window_end_ns_ = 0, next_due_ns_ = 0;
    std::uint64_t next_check_ns_ = 0, begun_ = 0, finished_ = 0;
    double cpu_at_start_ = 0, own_cpu_at_start_ = 0;
    bool draining_ = false;
};

}  // namespace bench
