// AWS event streams (application/vnd.amazon.eventstream): finds the messages of a provider's
// binary stream. Pure; one per stream. Messages that lie whole in the bytes fed are views of them;
// only incomplete ends are copied. Both checksums of every message are verified.
// Format: the vnd.amazon.event-stream page of the Smithy specification.
#pragma once
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace tollgate::http {

constexpr std::size_t event_stream_payload_bytes_max = 16 * 1024 * 1024;
constexpr std::size_t event_stream_headers_bytes_max = 128 * 1024;

// One message. Views are valid until the parser is used again.
struct EventStreamFrame {
    // :message-type is event: false. exception or error: true.
    bool failed = false;
    // :event-type; for failures :exception-type or :error-code.
    std::string_view type;
    std::string_view payload;  // for `error` messages the text of :error-message
};

class EventStreamParser {
public:
    // Gives the parser the next bytes; they must stay valid until next() has returned false.
    void feed(std::string_view bytes);
    // The next whole message; false when more bytes are needed (the rest is kept inside).
    // Fails: provider when a length, a checksum or a header is wrong: the stream is over then.
    base::Result<bool> next(EventStreamFrame& frame);
    // Bytes held back (an incomplete message): at the stream's end anything but 0 was a cut.
    std::size_t pending() const;

private:
    void drop_used_carry();

    std::string carry_;       // the start of a message whose end has not arrived
    std::string_view input_;  // unread bytes of the last feed()
    std::size_t carry_used_ = 0;  // bytes of carry_ that the last message took
};

// Appends one message with string headers.
// REQUIRES: names of 1 to 255 bytes, values and payload within the format's limits.
using EventStreamHeader = std::pair<std::string_view, std::string_view>;
void append_event_stream_message(std::string& out,
                                 std::initializer_list<EventStreamHeader> headers,
                                 std::string_view payload);

}  // namespace tollgate::http
