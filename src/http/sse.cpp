#include "http/sse.hpp"

#include <cstring>

#include "http/scan.hpp"

namespace tollgate::http {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
// What a parser may keep allocated between frames: a huge frame must not stay in memory for as
// long as its stream is open.
constexpr std::size_t kept_bytes_max = 32 * 1024;

void empty_out(std::string& text) {
    text.clear();
    if (text.capacity() > kept_bytes_max) text.shrink_to_fit();
}

base::Error too_long(std::string_view what) {
    return base::Error{base::ErrorCode::provider,
                       "the provider's stream holds " + std::string(what) + " of more than " +
                           std::to_string(sse_frame_bytes_max) + " bytes"};
}

// The value of `line` when its field is `name`: after the colon and one space.
bool field_value(std::string_view line, std::string_view name, std::string_view& value) {
    if (!line.starts_with(name)) return false;
    line.remove_prefix(name.size());
    if (line.empty()) {
        value = line;
        return true;
    }
    if (line.front() != ':') return false;
    line.remove_prefix(1);
    if (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    value = line;
    return true;
}

}  // namespace

void SseParser::feed(std::string_view bytes) { input_ = bytes; }

std::size_t SseParser::pending() const { return (carry_used_ ? 0 : carry_.size()) + input_.size(); }

// Where the frame ends, or none. `text` begins at offset `base` of the frame; offsets are the
// frame's.
//
// A CR at the end of the text may be half of a CRLF, so it waits for the next byte; but not when it
// makes a blank line after a line that ended in a bare CR: a stream of bare CRs would always be one
// event late. There an LF that follows is a blank line of its own, however the bytes are cut.
std::size_t SseParser::find_end(std::string_view text, std::size_t base) {
    const char* end = text.data() + text.size();
    const char* at = text.data() + (scanned_ - base);
    while (true) {
        at = find_line_end(at, end);
        std::size_t offset = base + static_cast<std::size_t>(at - text.data());
        scanned_ = offset;
        if (at == end) return none;
        bool blank = offset == line_begin_;
        bool bare_cr = *at == '\r';
        std::size_t length = 1;
        if (bare_cr && !(blank && bare_cr_)) {
            if (at + 1 == end) return none;
            if (at[1] == '\n') {
                bare_cr = false;
                length = 2;
            }
        }
        bare_cr_ = bare_cr;
        if (blank) {
            scanned_ = line_begin_ = 0;
            return offset + length;
        }
        scanned_ = line_begin_ = offset + length;
        at += length;
    }
}

void SseParser::drop_used_carry() {
    if (!carry_used_) return;
    empty_out(carry_);
    carry_used_ = false;
}

// Moves bytes from the input to the carry until the frame there is whole (`end` is its length) or
// nothing is left to decide in it: a CR at its end may be waiting for its LF.
bool SseParser::complete_carry(std::size_t& end) {
    while (scanned_ < carry_.size() && !input_.empty()) {
        std::size_t before = carry_.size();
        carry_ += input_.front();
        std::string_view undecided = std::string_view(carry_).substr(scanned_);
        end = find_end(undecided, scanned_);
        std::size_t taken = end == none ? 1 : end - before;
        input_.remove_prefix(taken);
        if (end == none) continue;
        carry_.resize(end);
        return true;
    }
    return false;
}

base::Result<bool> SseParser::next(SseFrame& frame) {
    drop_used_carry();
    if (input_.empty()) return false;
    std::size_t held = carry_.size();
    std::size_t end = none;
    if (held > 0 && complete_carry(end)) {
        carry_used_ = true;
        parse(carry_, frame);
        return true;
    }
    held = carry_.size();
    if (!input_.empty()) end = find_end(input_, held);
    std::size_t taken = end == none ? input_.size() : end - held;
    if (held + taken > sse_frame_bytes_max) return too_long("an event");
    std::string_view raw = input_.substr(0, taken);
    if (held > 0 || end == none) {
        carry_.append(raw);
        raw = carry_;
    }
    input_.remove_prefix(taken);
    if (end == none) return false;
    carry_used_ = held > 0;
    parse(raw, frame);
    return true;
}

bool SseParser::finish(SseFrame& frame) {
    drop_used_carry();
    carry_.append(input_);
    input_ = {};
    scanned_ = line_begin_ = 0;
    if (carry_.empty()) return false;
    carry_used_ = true;
    parse(carry_, frame);
    return true;
}

void SseParser::parse(std::string_view raw, SseFrame& frame) {
    frame = SseFrame{};
    frame.raw = raw;
    if (!started_ && raw.starts_with(byte_order_mark)) raw.remove_prefix(byte_order_mark.size());
    started_ = true;
    int data_lines = 0;
    const char* at = raw.data();
    const char* end = at + raw.size();
    while (at != end) {
        const char* line_end = find_line_end(at, end);
        std::string_view line(at, static_cast<std::size_t>(line_end - at));
        // A CRLF is read as two line ends: the empty line between them says nothing.
        at = line_end == end ? end : line_end + 1;
        std::string_view value;
        if (field_value(line, "data", value)) {
            if (++data_lines == 1) {
                frame.data = value;
                continue;
            }
            if (data_lines == 2) {
                empty_out(joined_);
                joined_.append(frame.data);
            }
            joined_ += '\n';
            joined_.append(value);
        } else if (field_value(line, "event", value)) {
            frame.event = value;
        }
    }
    if (data_lines > 1) frame.data = joined_;
    frame.comment_only = frame.event.empty() && frame.data.empty();
}

void NdjsonParser::feed(std::string_view bytes) { input_ = bytes; }

void NdjsonParser::drop_used_carry() {
    if (!carry_used_) return;
    empty_out(carry_);
    carry_used_ = false;
}

base::Result<bool> NdjsonParser::next(std::string_view& line) {
    while (!input_.empty()) {
        drop_used_carry();
        std::size_t end = input_.find('\n');
        std::size_t taken = std::min(end, input_.size());
        if (carry_.size() + taken > sse_frame_bytes_max) return too_long("a line");
        line = input_.substr(0, taken);
        if (!carry_.empty() || end == std::string_view::npos) {
            carry_.append(line);
            line = carry_;
        }
        if (end == std::string_view::npos) {
            input_ = {};
            return false;
        }
        input_.remove_prefix(taken + 1);
        carry_used_ = !carry_.empty();
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!line.empty()) return true;
    }
    drop_used_carry();
    return false;
}

bool NdjsonParser::finish(std::string_view& line) {
    drop_used_carry();
    carry_.append(input_);
    input_ = {};
    line = carry_;
    carry_used_ = true;
    if (line.ends_with('\r')) line.remove_suffix(1);
    return !line.empty();
}

}  // namespace tollgate::http
