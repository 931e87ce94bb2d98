// What the echo provider decides to answer, before it is written in a wire format. Pure.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/conversation.hpp"
#include "domain/usage.hpp"

namespace tollgate::providers {

constexpr std::size_t echo_words_max = 2'000;            // of a prompt sent back
constexpr std::int64_t echo_words_asked_max = 100'000;   // by "echo: words N"
constexpr std::chrono::milliseconds echo_delay_max{60'000};

struct EchoToolCall {
    std::string name;
    std::string input;  // a JSON object
};

enum class EchoBreak : std::uint8_t { none, error_event, cut };

struct EchoPlan {
    int status = 200;  // otherwise nothing below but delay counts
    std::chrono::milliseconds delay{0};
    std::chrono::milliseconds word_delay{0};
    EchoBreak mid_stream = EchoBreak::none;
    std::vector<std::string> words;  // with the white space that follows each
    std::vector<EchoToolCall> calls;
    std::string stop_reason = "end_turn";
    std::string stop_sequence;
    domain::Usage usage;  // estimated from bytes
};

EchoPlan plan_echo(const domain::Request& request);

// The smallest JSON value that fits `schema`; strings without other rules are `text`.
std::string smallest_value(json::Raw schema, std::string_view text);

}  // namespace tollgate::providers
