#include "load/response.hpp"

#include <algorithm>
#include <cstring>

namespace bench {
namespace {

constexpr std::size_t beginning_bytes = 160;
constexpr std::size_t tail_bytes = 96;
constexpr std::size_t head_bytes_max = 64 * 1024;
constexpr int stamp_digits = 16;

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

}  // namespace

void Response::reset() {
    state_ = State::head;
    head_.clear();
    decoder_.reset();
    left_.reset();
    beginning_.clear();
    tail_.clear();
    stamps_.clear();
    first_event_ns_ = first_body_ns_ = stamp_ = 0;
    events_ = 0;
    status_ = stamp_step_ = 0;
    chunked_ = streamed_ = close_ = any_byte_ = false;
}

Response::State Response::feed(std::string_view data, std::uint64_t now_ns) {
    if (data.empty()) return state_;
    any_byte_ = true;
    if (state_ == State::head) return read_head_from(data, now_ns);
    if (state_ == State::body) return read_body(data, now_ns);
    return state_ = State::broken;  // bytes after the end of an answer
}

Response::State Response::read_head_from(std::string_view data, std::uint64_t now_ns) {
    if (!head_.empty()) {
        head_ += data;
        data = head_;
    }
    const auto head = read_head(data);
    if (!head) {
        if (head_.empty()) head_ = data;
        return head_.size() > head_bytes_max ? state_ = State::broken : state_;
    }
    const auto line = head->start_line;
    if (!line.starts_with("HTTP/1.") || line.size() < 12) return state_ = State::broken;
    status_ = static_cast<int>(parse_size(line.substr(9, 3)).value_or(0));
    chunked_ = head->chunked;
    close_ = head->close;
    left_ = head->content_length;
    streamed_ = !chunked_ && !left_;
    state_ = State::body;
    return read_body(data.substr(head->bytes), now_ns);
}

Response::State Response::read_body(std::string_view data, std::uint64_t now_ns) {
    if (chunked_) {
        const auto used = decoder_.feed(
            data, [this, now_ns](std::string_view span) { on_body(span, now_ns); });
        if (decoder_.broken() || used != data.size()) return state_ = State::broken;
        if (decoder_.done()) state_ = State::complete;
        return state_;
    }
    if (left_) {
        if (data.size() > *left_) return state_ = State::broken;
        *left_ -= data.size();
    }
    if (!data.empty()) on_body(data, now_ns);
    if (left_ && *left_ == 0) state_ = State::complete;
    return state_;
}

Response::State Response::end_of_input() {
    const bool until_close = state_ == State::body && !chunked_ && !left_;
    return state_ = until_close ? State::complete : State::broken;
}

void Response::on_body(std::string_view span, std::uint64_t now_ns) {
    if (first_body_ns_ == 0) first_body_ns_ = now_ns;
    if (beginning_.size() < beginning_bytes) {
        beginning_ += span.substr(0, beginning_bytes - beginning_.size());
    }
    if (!chunked_ && !streamed_) return;
    if (span.size() >= tail_bytes) {
        tail_.assign(span.substr(span.size() - tail_bytes));
    } else {
        tail_ += span;
        if (tail_.size() > tail_bytes) tail_.erase(0, tail_.size() - tail_bytes);
    }
    scan_stamps(span, now_ns);
}

// Finds "~t" and 16 digits, wherever the reads and chunks cut them.
void Response::scan_stamps(std::string_view span, std::uint64_t now_ns) {
    std::size_t at = 0;
    while (at < span.size()) {
        if (stamp_step_ == 0) {
            const auto* found = std::memchr(span.data() + at, '~', span.size() - at);
            if (found == nullptr) return;
            at = static_cast<std::size_t>(static_cast<const char*>(found) - span.data()) + 1;
            stamp_step_ = 1;
        } else if (stamp_step_ == 1) {
            stamp_step_ = span[at++] == 't' ? 2 : 0;
            stamp_ = 0;
        } else {
            const int digit = hex_digit(span[at++]);
            stamp_ = stamp_ * 16 + static_cast<std::uint64_t>(std::max(digit, 0));
            stamp_step_ = digit < 0 ? 0 : stamp_step_ + 1;
            if (stamp_step_ == 2 + stamp_digits) {
                stamps_.push_back(stamp_);
                if (events_++ == 0) first_event_ns_ = now_ns;
                stamp_step_ = 0;
            }
        }
    }
}

bool Response::ended_properly() const {
    return tail_.find("message_stop") != std::string::npos ||
           tail_.find("[DONE]") != std::string::npos;
}

}  // namespace bench
