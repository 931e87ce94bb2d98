// The event stream of ConverseStream, read as events.
#include <algorithm>

#include "dialect/bedrock_converse.hpp"
#include "dialect/bedrock_failure.hpp"
#include "dialect/signatures.hpp"
#include "dialect/tool_names.hpp"

namespace tollgate::dialect::converse {

using domain::BlockKind;
using domain::Event;
using domain::EventKind;
using json::Value;

namespace {

constexpr std::uint32_t blocks_max = 4096;  // of one answer

}  // namespace

base::Result<FrameFacts> StreamReader::feed(std::string_view event, std::string_view data,
                                            std::vector<Event>& events) {
    FrameFacts facts;
    arena_.reset();
    if (ended_) return facts;
    if (event.starts_with(':')) {
        failure(event.substr(1), data, events);
        facts.end = true;
        return facts;
    }
    const auto parsed = document_.parse(data);
    if (!parsed.ok()) {
        return base::Error{base::ErrorCode::provider,
                           "the provider sent an event that is no JSON: " + parsed.error().message};
    }
    const Value root = *parsed;
    if (event == "contentBlockDelta") {
        delta(root, events);
    } else if (event == "contentBlockStart") {
        start_block(root, data, events);
    } else if (event == "contentBlockStop") {
        std::uint32_t index = 0;
        block_of(root, index);
        end_block(index, events);
    } else if (event == "messageStart") {
        if (!started_) add(EventKind::start, 0, events);
        started_ = true;
    } else if (event == "messageStop") {
        message_stop(root);
    } else if (event == "metadata") {
        // The last event; what the answer cost comes only here.
        usage_.update(read_usage(root["usage"]));
        if (stop_seen_) {
            stop(events);
            facts.end = true;
        }
    }
    return facts;
}

Event& StreamReader::add(EventKind kind, std::uint32_t index, std::vector<Event>& events) {
    Event event;
    event.kind = kind;
    event.index = index;
    if (index < blocks_.size()) event.block = blocks_[index].kind;
    events.push_back(event);
    return events.back();
}

StreamReader::Block& StreamReader::block_of(Value root, std::uint32_t& index) {
    const auto stated = root["contentBlockIndex"].integer().value_or(0);
    index = static_cast<std::uint32_t>(std::clamp<std::int64_t>(stated, 0, blocks_max));
    if (index >= blocks_.size()) blocks_.resize(index + 1);
    return blocks_[index];
}

void StreamReader::open(std::uint32_t index, BlockKind kind, std::vector<Event>& events) {
    Block& block = blocks_[index];
    if (block.open || block.closed) return;
    block.kind = kind;
    block.open = true;
    add(EventKind::block_start, index, events);
}

// Only calls say at their start what they are; text and reasoning begin with their first piece.
void StreamReader::start_block(Value root, std::string_view data, std::vector<Event>& events) {
    std::uint32_t index = 0;
    Block& block = block_of(root, index);
    const Value call = root["start"]["toolUse"];
    if (root["start"]["toolResult"].is_object() || root["start"]["image"].is_object() ||
        call["type"].equals("server_tool_use")) {
        block.ignored = true;
        return;
    }
    if (!call.is_object() || block.open || block.closed) return;
    block.open = true;
    const std::string_view sent = call["name"].text(arena_);
    if (!translation_.answer_tool.empty() && sent == translation_.answer_tool) {
        block.kind = BlockKind::text;  // its arguments are the text of the answer
        add(EventKind::block_start, index, events);
        return;
    }
    real_tool_ = true;
    block.kind = BlockKind::tool_call;
    std::string id = call["toolUseId"].text();
    const bool used = std::ranges::find(call_ids_, id) != call_ids_.end();
    if (id.empty() || used) id = fresh_tool_id(data, call_ids_.size());
    call_ids_.push_back(id);
    Event& event = add(EventKind::block_start, index, events);
    event.id = arena_.store(id);
    event.name = translation_.client_tool_name(sent);
}

void StreamReader::delta(Value root, std::vector<Event>& events) {
    std::uint32_t index = 0;
    Block& block = block_of(root, index);
    if (block.ignored || block.closed) return;
    const Value delta = root["delta"];
    json::Escaped text = delta["text"].escaped();
    if (delta["reasoningContent"].is_object()) {
        reasoning(delta["reasoningContent"], index, events);
        return;
    }
    if (delta["toolUse"].is_object()) {
        text = delta["toolUse"]["input"].escaped();
        if (!block.open) return;  // without its start nobody knows what is called
    }
    if (text.empty()) return;
    open(index, BlockKind::text, events);
    blocks_[index].content = true;
    add(EventKind::block_delta, index, events).text = text;
}

void StreamReader::reasoning(Value delta, std::uint32_t index, std::vector<Event>& events) {
    const json::Escaped redacted = delta["redactedContent"].escaped();
    if (!redacted.empty()) {
        if (blocks_[index].open) return;
        open(index, BlockKind::redacted_thinking, events);
        events.back().text = redacted;
        return;
    }
    const json::Escaped text = delta["text"].escaped();
    const json::Escaped signature = delta["signature"].escaped();
    if (text.empty() && signature.empty()) return;
    open(index, BlockKind::thinking, events);
    Block& block = blocks_[index];
    if (!signed_by_claude_) block.signature += signature.raw;
    const bool genuine = signed_by_claude_ && !signature.empty();
    if (text.empty() && !genuine) return;
    Event& event = add(EventKind::block_delta, index, events);
    event.text = text;
    if (genuine) event.signature = signature;
    block.content = block.content || genuine;
}

void StreamReader::end_block(std::uint32_t index, std::vector<Event>& events) {
    Block& block = blocks_[index];
    if (!block.open || block.closed) return;
    block.closed = true;
    if (block.kind == BlockKind::tool_call && !block.content) {
        add(EventKind::block_delta, index, events).text = {"{}"};
    }
    Event& event = add(EventKind::block_end, index, events);
    if (block.kind == BlockKind::thinking && !block.content) {
        event.signature.raw = arena_.store(pack_signature(provider_, block.signature));
    }
}

void StreamReader::message_stop(Value root) {
    stop_seen_ = true;
    stop_ = read_stop_reason(root["stopReason"]);
    stop_sequence_ = root["additionalModelResponseFields"]["stop_sequence"].escaped().raw;
}

void StreamReader::stop(std::vector<Event>& events) {
    ended_ = true;
    for (std::uint32_t index = 0; index < blocks_.size(); ++index) end_block(index, events);
    if (stop_.malformed) {
        Event& event = add(EventKind::error, 0, events);
        event.error_class = domain::ErrorClass::provider_fault;
        event.error_type = "malformed_model_output";
        event.text = {"the model gave an answer that Bedrock could not read; send it again"};
        event.usage = usage_;
        return;
    }
    Event& event = add(EventKind::stop, 0, events);
    event.stop = stop_.reason;
    const bool says_end = event.stop == domain::StopReason::end_turn;
    if (real_tool_ && says_end) event.stop = domain::StopReason::tool_use;
    if (!real_tool_ && event.stop == domain::StopReason::tool_use) {
        event.stop = domain::StopReason::end_turn;
    }
    event.stop_sequence.raw = arena_.store(stop_sequence_);
    event.usage = usage_;
}

void StreamReader::failure(std::string_view type, std::string_view data,
                           std::vector<Event>& events) {
    ended_ = true;
    BedrockProblem problem = read_bedrock_problem(data);
    const ProviderFailure failure = bedrock_failure(0, type, problem.message);
    Event& event = add(EventKind::error, 0, events);
    event.error_class = failure.error_class;
    event.error_type = arena_.store(failure.type);
    event.text = json::escape(arena_.store(failure.message), arena_);
}

bool StreamReader::finish(std::vector<Event>& events) {
    arena_.reset();
    if (!ended_ && stop_seen_) stop(events);
    return ended_;
}

}  // namespace tollgate::dialect::converse
