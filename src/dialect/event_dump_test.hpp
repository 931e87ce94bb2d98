// Events as lines of text, for tests that compare whole answers.
#pragma once
#include <string>
#include <vector>

#include "domain/event.hpp"

namespace tollgate::dialect {

inline const char* name_of(domain::BlockKind kind) {
    switch (kind) {
        case domain::BlockKind::text: return "text";
        case domain::BlockKind::thinking: return "thinking";
        case domain::BlockKind::redacted_thinking: return "redacted_thinking";
        case domain::BlockKind::tool_call: return "tool_call";
        case domain::BlockKind::refusal: return "refusal";
        case domain::BlockKind::hosted: return "hosted";
    }
    return "?";
}

inline const char* name_of(domain::StopReason reason) {
    switch (reason) {
        case domain::StopReason::end_turn: return "end_turn";
        case domain::StopReason::max_tokens: return "max_tokens";
        case domain::StopReason::tool_use: return "tool_use";
        case domain::StopReason::stop_sequence: return "stop_sequence";
        case domain::StopReason::refusal: return "refusal";
        case domain::StopReason::pause_turn: return "pause_turn";
        case domain::StopReason::context_window: return "context_window";
    }
    return "?";
}

inline std::string usage_text(const domain::Usage& usage) {
    std::string out;
    auto add = [&](const char* name, std::int64_t value) {
        if (value >= 0) out += std::string(" ") + name + "=" + std::to_string(value);
    };
    add("input", usage.input);
    add("output", usage.output);
    add("cache_read", usage.cache_read);
    add("cache_write", usage.cache_write_5m);
    add("reasoning", usage.reasoning);
    return out;
}

// One line per event; deltas of one block that follow each other are joined by '|'.
inline std::string dump(const std::vector<domain::Event>& events) {
    std::string out;
    for (const auto& event : events) {
        std::string index = std::to_string(event.index);
        std::string line;
        switch (event.kind) {
            case domain::EventKind::start:
                line = "start " + std::string(event.id) + " " + std::string(event.model) +
                       usage_text(event.usage);
                break;
            case domain::EventKind::block_start:
                line = "open " + index + " " + name_of(event.block);
                if (!event.id.empty()) line += " " + std::string(event.id);
                if (!event.name.empty()) line += " " + std::string(event.name);
                break;
            case domain::EventKind::block_delta:
                line = "delta " + index + " " + std::string(event.text.raw);
                break;
            case domain::EventKind::block_end:
                line = "close " + index;
                if (!event.signature.empty()) line += " " + std::string(event.signature.raw);
                break;
            case domain::EventKind::stop:
                line = std::string("stop ") + name_of(event.stop) + usage_text(event.usage);
                break;
            case domain::EventKind::error:
                line = "error " + std::string(domain::to_string(event.error_class)) + " [" +
                       std::string(event.error_type) + "] " + std::string(event.text.raw);
                break;
            case domain::EventKind::usage: line = "usage" + usage_text(event.usage); break;
            case domain::EventKind::ping: line = "ping"; break;
        }
        out += line + "\n";
    }
    return out;
}

}  // namespace tollgate::dialect
