// The provider stub: accepts, reads and checks whole bodies, answers as its options say, counts.
// Threading: one thread, run() returns when stop() was called from a signal handler.
#pragma once

#include "common/json_scan.hpp"
#include "stub/connection.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace bench {

struct ListenerOptions {
    Address address;
    AnswerOptions answer;
    bool tls = false;
};

class Server {
public:
    // `tls` may be null when no listener wants it; it is borrowed.
    explicit Server(SSL_CTX* tls);
    // Returns an empty string, or what failed.
    std::string listen(const ListenerOptions& options);
    void run();
    void stop() { stopping_.store(true); }

private:
    struct Listener {
        Fd fd;
        AnswerOptions answer;
        bool tls;
    };
    struct Timer {
        std::uint64_t due_ns;
        int descriptor;
        std::uint64_t generation;
        bool operator>(const Timer& other) const { return due_ns > other.due_ns; }
    };
    struct Counters {
        std::uint64_t requests = 0, messages = 0, chat = 0, body_bytes = 0, invalid = 0;
        std::uint64_t streams_finished = 0, events = 0, accepted = 0, aborted = 0;
    };
    using AnswerKey = std::tuple<const AnswerOptions*, Dialect, bool, bool>;

    void accept_all(std::size_t listener);
    void on_ready(int descriptor, std::uint32_t events);
    bool on_readable(Connection& connection);
    // Both return false when the connection is to be closed.
    bool handle_input(Connection& connection);
    bool handle_request(Connection& connection, std::string_view start_line,
                        std::string_view x_stub, std::string_view body);
    bool handle_own_path(Connection& connection, std::string_view start_line);
    bool start_answer(Connection& connection);
    bool go_on(Connection& connection);
    bool send_events(Connection& connection);
    bool finish(Connection& connection);
    bool after_send(Connection& connection, Sent sent);
    void watch(Connection& connection, bool writable);
    void wait_until(Connection& connection, std::uint64_t due_ns);
    void queue(Connection& connection);
    void fire_timers();
    void run_queue();
    void close(int descriptor);
    std::uint64_t next_wait_ns() const;
    const BodyFacts& facts_of(std::string_view body, std::uint64_t hash);
    const AnswerOptions* options_for(const Connection& connection, std::string_view x_stub,
                                     std::string& problem);
    Answer& answer_for(const AnswerOptions* options, Dialect dialect, bool streamed,
                       bool usage_asked);
    std::string stats() const;

    SSL_CTX* tls_;
    Fd epoll_;
    std::vector<Listener> listeners_;
    std::vector<std::unique_ptr<Connection>> connections_;  // by descriptor
    std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
    std::vector<int> queue_;
    std::unordered_map<std::uint64_t, BodyFacts> facts_;
    std::map<std::string, AnswerOptions, std::less<>> header_options_;
    std::map<AnswerKey, std::unique_ptr<Answer>> answers_;
    std::string scratch_;
    Counters counters_;
    std::uint64_t last_hash_ = 0;
    std::uint64_t generation_ = 0;  // of answers, over all connections: descriptors are reused
    std::atomic<bool> stopping_ = false;
};

}  // namespace bench
