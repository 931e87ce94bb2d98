// How the stub answers: set per listener (--listen 127.0.0.1:9000,pace=2ms,chunks=200) and
// overridden per request by the header `x-stub: status=429,delay=50ms`. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

enum class UsageReport { when_asked, always, never };

struct AnswerOptions {
    std::uint64_t delay_us = 0;      // delay=: before the first byte of the answer
    std::uint64_t pace_us = 0;       // pace=: between events; 0 sends as fast as the peer reads
    std::uint32_t chunks = 20;       // chunks=: content events in a stream
    std::uint32_t size = 32;         // size=: characters of text in an event, at least 32
    std::uint32_t burst = 1;         // burst=: events in one write
    std::uint32_t reply = 64;        // reply=: characters of text in a JSON answer
    std::uint32_t status = 200;      // status=: anything but 200 answers an error of that status
    std::uint32_t retry_after_s = 1; // retry_after=: sent with 429, 503 and 529
    std::uint32_t split = 0;         // split=: each event leaves in two writes, cut at this byte
    std::int64_t stall_after = -1;   // stall=: silence after so many events, until the peer goes
    std::int64_t cut_after = -1;     // cut=: the connection ends in the middle of the event after
    bool error_first = false;        // error_first: an error event inside a 200 stream
    bool utf8 = false;  // utf8: text of four-byte characters, each event cut inside one
    UsageReport usage = UsageReport::when_asked;  // usage=asked|always|never (OpenAI streams)
};

// Applies `text` ("name=value,name,...") to `options`. Times take us, ms or s (plain: us).
// Returns an empty string, or what is wrong and how to write it.
std::string apply_options(std::string_view text, AnswerOptions& options);

}  // namespace bench
