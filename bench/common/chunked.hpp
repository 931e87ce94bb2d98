// Decodes a chunked HTTP body in place of arrival: hands on spans of payload, keeps no copy.
// Pure state machine, reusable after reset().
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace bench {

class ChunkedDecoder {
public:
    enum class State { size, extension, size_newline, data, data_return, data_newline, trailer,
                       trailer_line, trailer_newline, done, broken };

    void reset() { *this = ChunkedDecoder(); }
    bool done() const { return state_ == State::done; }
    bool broken() const { return state_ == State::broken; }

    // Calls sink(std::string_view) for each span of payload; returns how many bytes were used.
    template <class Sink>
    std::size_t feed(std::string_view input, Sink&& sink) {
        std::size_t at = 0;
        while (at < input.size() && state_ != State::done && state_ != State::broken) {
            if (state_ == State::data) {
                const auto take = std::min(left_, input.size() - at);
                sink(input.substr(at, take));
                at += take;
                left_ -= take;
                if (left_ == 0) state_ = State::data_return;
            } else {
                step(input[at++]);
            }
        }
        return at;
    }

private:
    static int hex_value(char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    }

    void step_size(char c) {
        const int digit = hex_value(c);
        if (digit >= 0 && digits_ < 15) {
            left_ = left_ * 16 + static_cast<std::size_t>(digit);
            ++digits_;
        } else if (c == '\r' && digits_ > 0) {
            state_ = State::size_newline;
        } else if ((c == ';' || c == ' ') && digits_ > 0) {
            state_ = State::extension;
        } else {
            state_ = State::broken;
        }
    }

    void step(char c) {
        switch (state_) {
            case State::size: step_size(c); break;
            case State::extension:
                if (c == '\r') state_ = State::size_newline;
                break;
            case State::size_newline:
                digits_ = 0;
                state_ = c != '\n' ? State::broken : left_ == 0 ? State::trailer : State::data;
                break;
            case State::data_return:
                state_ = c == '\r' ? State::data_newline : State::broken;
                break;
            case State::data_newline: state_ = c == '\n' ? State::size : State::broken; break;
            case State::trailer:
                state_ = c == '\r' ? State::trailer_newline : State::trailer_line;
                break;
            case State::trailer_line:
                if (c == '\n') state_ = State::trailer;
                break;
            case State::trailer_newline: state_ = c == '\n' ? State::done : State::broken; break;
            default: break;
        }
    }

    State state_ = State::size;
    std::size_t left_ = 0;
    int digits_ = 0;
};

}  // namespace bench
