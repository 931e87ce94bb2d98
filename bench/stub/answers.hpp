// What the stub says, prepared once per set of options: bytes with places for stamp and hash.
// Pure. Event shapes are those of the providers' public interfaces.
#pragma once

#include "stub/options.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace bench {

enum class Dialect { anthropic, openai_chat, responses, gemini, converse, cohere, ollama };

// A prepared answer. `hash_at` is where 16 digits of the body's hash go in `head`; `stamp_at` where
// 16 digits of CLOCK_MONOTONIC nanoseconds go in each `event`, after the marker "~t".
struct Answer {
    bool streamed = false;
    std::string head;         // head of the message; for JSON answers the body too
    std::size_t hash_at = 0;
    std::string event;        // one content event, framed as an HTTP chunk
    std::size_t stamp_at = 0;
    std::size_t crc_from = 0, crc_at = 0;  // where an AWS message begins and has its checksum
    std::size_t split_at = 0; // cut each event here into two writes; 0: do not
    std::string ending;       // the events after the last content event, and the last chunk
};

// `with_usage` asks for the usage chunk of OpenAI streams; Anthropic streams always carry usage.
Answer prepare_answer(Dialect dialect, bool streamed, bool with_usage,
                      const AnswerOptions& options);

// A complete small answer with the given status and JSON body, for the stub's own paths.
std::string plain_answer(std::uint32_t status, const std::string& body);

}  // namespace bench
