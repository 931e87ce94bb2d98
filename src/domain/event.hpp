// What a provider's answer consists of, streamed or not: a sequence of events.
// start, then blocks (block_start, deltas, block_end; providers may interleave them by index),
// usage at any time, one stop or one error, possibly pings. Values; views are valid only until the
// decoder that made them is fed again.
#pragma once
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "domain/hosted.hpp"
#include "domain/usage.hpp"

namespace tollgate::domain {

enum class EventKind : std::uint8_t {
    start, block_start, block_delta, block_end, usage, stop, error, ping
};
enum class BlockKind : std::uint8_t {
    text, thinking, redacted_thinking, tool_call, refusal,
    hosted,  // a step of a provider-run tool, whole at its end
};
enum class StopReason : std::uint8_t {
    end_turn, max_tokens, tool_use, stop_sequence, refusal, pause_turn, context_window,
};

// What kind of failure a provider reported; decides retries and what the client sees.
enum class ErrorClass : std::uint8_t {
    none, rate_limited, overloaded, provider_fault, timeout, credential, context_overflow,
    content_policy, bad_request,
};
std::string_view to_string(ErrorClass error_class);

struct Event {
    EventKind kind = EventKind::ping;
    BlockKind block = BlockKind::text;      // block_*
    StopReason stop = StopReason::end_turn;  // stop
    ErrorClass error_class = ErrorClass::none;
    std::uint32_t index = 0;       // block_*: as numbered by the decoder, unique in the answer
    // block_delta: text, thinking or refusal text; tool_call: a fragment of the arguments' JSON
    // text (so "{\"a\":1}" arrives as {\\"a\\":1}); redacted_thinking block_start: its data;
    // error: the provider's message.
    json::Escaped text;
    // thinking: on a delta or on block_end, "" when none; text: on block_end, where the provider
    // signs texts (Gemini), as a signature of our own making
    json::Escaped signature;
    std::string_view id;           // start: the provider's id; tool_call block_start: call id
    std::string_view name;         // tool_call block_start: tool name, mapped back to the client's
    std::string_view model;        // start: the model the provider names
    json::Escaped stop_sequence;   // stop: which one, "" when not known
    std::string_view error_type;   // error: the provider's own type or code
    // hosted blocks: the block as Anthropic spelled it, "" where another provider ran the tool
    json::Raw verbatim;
    // hosted block_end, and block_start unless it has a verbatim: the step, null where only its own
    // protocol has words for it; text block_delta: citations
    std::shared_ptr<const HostedRecord> hosted;
    Usage usage;                   // start, usage, stop
};

}  // namespace tollgate::domain
