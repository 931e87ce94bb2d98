// A whole answer and an error, written as Anthropic's JSON bodies.
#include <algorithm>

#include "dialect/anthropic.hpp"
#include "dialect/anthropic_hosted.hpp"
#include "dialect/signatures.hpp"

namespace tollgate::dialect::anthropic {
namespace {

using base::ErrorCode;
using domain::BlockKind;
using domain::Event;
using domain::EventKind;

struct Block {
    const Event* start = nullptr;
    std::string text;  // escaped; tool calls: the arguments' JSON text
    std::string signature;
};

struct Answer {
    std::vector<Block> blocks;
    domain::Usage usage;
    std::string_view id;
    domain::StopReason stop = domain::StopReason::end_turn;
    json::Escaped stop_sequence;
    std::string refusal;  // escaped

    Block* find(std::uint32_t index) {
        // The last one: a provider may use an index again.
        for (auto it = blocks.rbegin(); it != blocks.rend(); ++it) {
            if (it->start->index == index) return &*it;
        }
        return nullptr;
    }
};

Answer collect(const std::vector<Event>& events) {
    Answer answer;
    for (const Event& event : events) {
        answer.usage.update(event.usage);
        if (event.kind == EventKind::start) answer.id = event.id;
        if (event.kind == EventKind::block_start) {
            Block block;
            block.start = &event;
            if (event.block == BlockKind::redacted_thinking) block.text = event.text.raw;
            block.signature = event.signature.raw;
            answer.blocks.push_back(std::move(block));
        }
        if (event.kind == EventKind::block_delta || event.kind == EventKind::block_end) {
            Block* block = answer.find(event.index);
            if (block == nullptr) continue;
            block->text += event.text.raw;
            if (!event.signature.empty()) block->signature = event.signature.raw;
            if (block->start->block == BlockKind::refusal) answer.refusal += event.text.raw;
        }
        if (event.kind == EventKind::stop) {
            answer.stop = event.stop;
            answer.stop_sequence = event.stop_sequence;
        }
    }
    return answer;
}

// Providers whose stream names its pages last have their results behind the text; in a whole answer
// they stand where Anthropic puts them.
void results_behind_calls(std::vector<Block>& blocks) {
    const auto step_of = [](const Block& block) { return block.start->hosted.get(); };
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        const auto* call = step_of(blocks[i]);
        if (call == nullptr || call->step != domain::HostedStep::call) continue;
        for (std::size_t at = i + 2; at < blocks.size(); ++at) {
            const auto* result = step_of(blocks[at]);
            if (result == nullptr || result->step != domain::HostedStep::result) continue;
            if (result->id != call->id) continue;
            const auto begin = blocks.begin();
            std::rotate(begin + static_cast<std::ptrdiff_t>(i + 1),
                        begin + static_cast<std::ptrdiff_t>(at),
                        begin + static_cast<std::ptrdiff_t>(at + 1));
            break;
        }
    }
}

void write_input(json::Writer& writer, const Block& block) {
    writer.key("input");
    std::string arguments;
    json::append_unescaped(arguments, json::Escaped{block.text});
    json::Document document;
    if (arguments.empty()) {
        writer.begin_object().end_object();
    } else if (const auto parsed = document.parse(arguments); parsed.ok() && parsed->is_object()) {
        std::string compact;
        json::append_compact(compact, parsed->raw());
        writer.raw(compact);
    } else {
        // The model wrote no valid object: the client's tool shall see what it wrote.
        writer.begin_object().escaped("malformed_arguments", json::Escaped{block.text});
        writer.end_object();
    }
}

void write_block(json::Writer& writer, const Block& block, std::string_view request_id) {
    const Event& start = *block.start;
    switch (start.block) {
        case BlockKind::text:
        case BlockKind::refusal:
            if (block.text.empty()) return;
            writer.begin_object().string("type", "text");
            writer.escaped("text", json::Escaped{block.text}).end_object();
            return;
        case BlockKind::thinking: {
            if (block.text.empty() && block.signature.empty()) return;
            writer.begin_object().string("type", "thinking");
            writer.escaped("thinking", json::Escaped{block.text});
            writer.string("signature",
                          block.signature.empty() ? pack_signature({}, {}) : block.signature);
            writer.end_object();
            return;
        }
        case BlockKind::redacted_thinking:
            writer.begin_object().string("type", "redacted_thinking");
            writer.escaped("data", json::Escaped{block.text}).end_object();
            return;
        case BlockKind::tool_call:
            writer.begin_object().string("type", "tool_use").string("id", start.id);
            writer.string("name", start.name);
            write_input(writer, block);
            writer.end_object();
            return;
        case BlockKind::hosted:
            if (!start.verbatim.empty()) {
                writer.raw(start.verbatim);
            } else if (start.hosted) {
                write_hosted(writer, *start.hosted, request_id, InputPlace::inside);
            }
            return;
    }
}

std::string_view error_type(int status, ErrorCode code) {
    // Billing stops are 429 on these paths, for the clients' sake, and named as what they are.
    if (code == ErrorCode::billing) return "billing_error";
    switch (status) {
        case 401: return "authentication_error";
        case 402: return "billing_error";
        case 403: return "permission_error";
        case 404: return "not_found_error";
        case 413: return "request_too_large";
        case 429: return "rate_limit_error";
        case 503:
        case 529: return "overloaded_error";
        case 504: return "timeout_error";
        default: return status >= 500 ? "api_error" : "invalid_request_error";
    }
}

}  // namespace

std::string encode_answer(const std::vector<Event>& events, const EncoderOptions& options) {
    Answer answer = collect(events);
    std::string out;
    json::Writer writer(out);
    writer.begin_object().string("id", answer_id(answer.id, options.request_id));
    writer.string("type", "message").string("role", "assistant").string("model", options.model);
    writer.key("content").begin_array();
    bool tool = false;
    std::size_t bytes = 0;
    results_behind_calls(answer.blocks);
    for (const Block& block : answer.blocks) {
        write_block(writer, block, options.request_id);
        tool = tool || block.start->block == BlockKind::tool_call;
        bytes += block.text.size();
    }
    writer.end_array();
    if (tool && answer.stop == domain::StopReason::end_turn) {
        answer.stop = domain::StopReason::tool_use;
    }
    if (!answer.refusal.empty()) answer.stop = domain::StopReason::refusal;
    writer.string("stop_reason", stop_reason_name(answer.stop)).key("stop_sequence");
    if (answer.stop_sequence.empty()) {
        writer.null();
    } else {
        writer.escaped(answer.stop_sequence);
    }
    if (!answer.refusal.empty()) {
        writer.key("stop_details").begin_object().string("type", "refusal").key("category").null();
        writer.escaped("explanation", json::Escaped{answer.refusal}).end_object();
    }
    if (answer.usage.input < 0) answer.usage.input = options.input_estimate;
    if (answer.usage.output < 0) answer.usage.output = static_cast<std::int64_t>((bytes + 3) / 4);
    writer.key("usage");
    write_usage(writer, answer.usage);
    writer.end_object();
    return out;
}

std::string encode_error(int status, const base::Error& error, std::string_view request_id) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object().string("type", "error").key("error").begin_object();
    writer.string("type", error_type(status, error.code)).string("message", error.message);
    writer.end_object();
    if (!request_id.empty()) writer.string("request_id", request_id);
    writer.end_object();
    return out;
}

}  // namespace tollgate::dialect::anthropic
