// Server-sent events: finds the frames of a provider's stream. Pure; one per stream.
// Frames that lie whole in the bytes fed are views of them; only incomplete ends are copied.
// Accepts CRLF, LF and CR, comments, multi-line data, a BOM, frames cut anywhere.
// Format: the event stream section of the HTML standard.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tollgate::http {

constexpr std::size_t sse_frame_bytes_max = 16 * 1024 * 1024;

// One event as it arrived. Views are valid until the parser is used again.
struct SseFrame {
    std::string_view raw;       // the frame's bytes, including the blank line that ends it
    std::string_view event;     // "" when none was named
    std::string_view data;      // lines joined by LF
    bool comment_only = false;  // no event and no data: keep-alive comments, blank lines
};

class SseParser {
public:
    // Gives the parser the next bytes; they must stay valid until next() has returned false.
    void feed(std::string_view bytes);
    // The next whole frame; false when more bytes are needed (the rest is kept inside).
    // Fails: provider when a frame is longer than sse_frame_bytes_max.
    base::Result<bool> next(SseFrame& frame);
    // The stream has ended: a last frame without its blank line counts. False: nothing was left.
    bool finish(SseFrame& frame);
    // Bytes held back (an incomplete frame).
    std::size_t pending() const;

private:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);
    std::size_t find_end(std::string_view text, std::size_t base);
    void drop_used_carry();
    bool complete_carry(std::size_t& end);
    void parse(std::string_view raw, SseFrame& frame);

    std::string carry_;       // the start of a frame whose end has not arrived
    std::string_view input_;  // unread bytes of the last feed()
    std::string joined_;      // multi-line data
    // Offsets in the frame being assembled (carry_ and then input_):
    std::size_t scanned_ = 0;     // searched for line ends up to here
    std::size_t line_begin_ = 0;  // where the line being searched begins
    bool bare_cr_ = false;        // the line before that ended in a CR without LF
    bool started_ = false;        // past a BOM
    bool carry_used_ = false;     // the last frame was a view of carry_
};

// Lines of JSON, as Ollama streams them; the same use as SseParser.
class NdjsonParser {
public:
    void feed(std::string_view bytes);
    // The next line, without its end and never empty. Fails: provider when a line is longer than
    // sse_frame_bytes_max.
    base::Result<bool> next(std::string_view& line);
    bool finish(std::string_view& line);

private:
    void drop_used_carry();

    std::string carry_;
    std::string_view input_;
    bool carry_used_ = false;
};

}  // namespace tollgate::http
