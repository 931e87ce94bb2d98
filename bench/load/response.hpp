// Reads one HTTP answer: JSON by its length, or a stream of events whose stamps it collects.
// Pure, reusable after reset(). Keeps no body, but the beginning (for messages) and the end.
#pragma once

#include "common/chunked.hpp"
#include "common/http_head.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

class Response {
public:
    enum class State { head, body, complete, broken };

    void reset();
    // `now_ns` is when the bytes were read.
    State feed(std::string_view data, std::uint64_t now_ns);
    // The peer closed; completes answers without a length.
    State end_of_input();

    int status() const { return status_; }
    bool streamed() const { return chunked_ || streamed_; }
    bool closes() const { return close_; }
    bool any_byte() const { return any_byte_; }
    std::uint32_t events() const { return events_; }
    std::uint64_t first_event_ns() const { return first_event_ns_; }
    std::uint64_t first_body_ns() const { return first_body_ns_; }
    // Send times found since the last call, one for each content event.
    std::vector<std::uint64_t>& stamps() { return stamps_; }
    // Whether the stream said that it is complete (message_stop or [DONE]).
    bool ended_properly() const;
    const std::string& beginning() const { return beginning_; }

private:
    void on_body(std::string_view span, std::uint64_t now_ns);
    void scan_stamps(std::string_view span, std::uint64_t now_ns);
    State read_head_from(std::string_view data, std::uint64_t now_ns);
    State read_body(std::string_view data, std::uint64_t now_ns);

    State state_ = State::head;
    std::string head_;  // used only when the head arrives in pieces
    ChunkedDecoder decoder_;
    std::optional<std::size_t> left_;
    std::string beginning_;
    std::string tail_;
    std::vector<std::uint64_t> stamps_;
    std::uint64_t first_event_ns_ = 0, first_body_ns_ = 0, stamp_ = 0;
    std::uint32_t events_ = 0;
    int status_ = 0;
    int stamp_step_ = 0;  // 0 searching, 1 after "~", 2..17 digits of the stamp
    bool chunked_ = false, streamed_ = false, close_ = false, any_byte_ = false;
};

}  // namespace bench
