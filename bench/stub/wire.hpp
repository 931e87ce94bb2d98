// What the protocols that the stub speaks look like: whole answers, and the parts of a stream.
// Pure. Shapes are those of the public interfaces of the providers.
#pragma once

#include "stub/answers.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

// A stream's bytes, not yet cut into HTTP chunks. `event` holds the stamp's place once.
struct WireStream {
    std::string_view content_type = "text/event-stream; charset=utf-8";
    std::string start, event, ending;
};

// REQUIRES: a dialect other than anthropic and openai_chat, which answers.cpp speaks itself.
// `text` stands in the answer, respectively in each event; it needs no escapes.
std::string wire_reply(Dialect dialect, const std::string& text);
WireStream wire_stream(Dialect dialect, const std::string& text);

// The checksum at the end of a message of an AWS event stream (CRC-32 as in zlib).
std::uint32_t crc32_of(std::string_view bytes);
// One such message: `type` is its ":event-type".
std::string aws_message(std::string_view type, std::string_view payload);

}  // namespace bench
