// One client connection of the load generator: connects, sends the request, reads the answer.
// Threading: the generator's only thread. The request's bytes are borrowed and must outlive it.
#pragma once

#include "common/net.hpp"
#include "load/response.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

enum class Outcome { nothing, connected, progress, complete, failed };

class LoadConnection {
public:
    // Registers with `epoll` under `tag`. False when no socket could be had.
    bool open(int epoll, Address target, std::uint32_t tag);
    void close();
    bool is_open() const { return static_cast<bool>(fd_); }
    bool is_connected() const { return connected_; }
    bool is_idle() const { return connected_ && !busy_; }
    bool is_busy() const { return busy_; }

    // REQUIRES: is_idle(). Latency counts from `due_ns`. `failed` when the peer is gone.
    Outcome send_request(std::string_view request, std::uint64_t due_ns);
    // Handles readiness; at most one answer ends in a call.
    Outcome on_ready(std::uint32_t events);

    const Response& response() const { return response_; }
    Response& response() { return response_; }
    std::uint64_t due_ns() const { return due_ns_; }
    std::uint64_t last_read_ns() const { return last_read_ns_; }
    const std::string& problem() const { return problem_; }

private:
    Outcome fail(std::string problem);
    Outcome write_rest();
    Outcome read_some();
    void watch(bool writable);

    Fd fd_;
    Response response_;
    std::string_view unsent_;
    std::string problem_;
    std::uint64_t due_ns_ = 0, last_read_ns_ = 0;
    int epoll_ = -1;
    std::uint32_t tag_ = 0;
    bool connected_ = false, busy_ = false, watching_writable_ = false;
};

}  // namespace bench
