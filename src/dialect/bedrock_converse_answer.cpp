// The whole answer of Converse, read as events, and what streams and answers share.
#include <algorithm>

#include "dialect/bedrock_converse.hpp"
#include "dialect/signatures.hpp"
#include "dialect/tool_names.hpp"

namespace tollgate::dialect::converse {
namespace {

using domain::BlockKind;
using domain::Event;
using domain::EventKind;
using domain::StopReason;
using json::Value;

class AnswerReader {
public:
    AnswerReader(std::string_view body, const domain::Deployment& target,
                 const Translation& translation, base::Arena& arena)
        : body_(body), target_(target), translation_(translation), arena_(arena) {}

    base::Result<std::vector<Event>> read() {
        json::Document document;
        const auto parsed = document.parse(body_);
        const Value content = parsed.ok() ? (*parsed)["output"]["message"]["content"] : Value();
        if (!content.is_array()) {
            return base::Error{base::ErrorCode::provider,
                               "the provider's answer is no message: " +
                                   (parsed.ok() ? std::string("it has no output.message.content")
                                                : parsed.error().message)};
        }
        const Value root = *parsed;
        const Stop stop = read_stop_reason(root["stopReason"]);
        if (stop.malformed) {
            return base::Error{base::ErrorCode::provider,
                               "the model gave an answer that Bedrock could not read (" +
                                   root["stopReason"].text() + "); send it again"};
        }
        add(EventKind::start, BlockKind::text);
        for (const Value block : content.elements()) read(block);
        end(root, stop);
        return std::move(events_);
    }

private:
    Event& add(EventKind kind, BlockKind block) {
        Event event;
        event.kind = kind;
        event.block = block;
        event.index = index_;
        events_.push_back(event);
        return events_.back();
    }

    void block(BlockKind kind, json::Escaped text, json::Escaped signature) {
        add(EventKind::block_start, kind);
        Event& delta = add(EventKind::block_delta, kind);
        delta.text = text;
        delta.signature = signature;
        add(EventKind::block_end, kind);
        ++index_;
    }

    void read(Value block) {
        if (block["toolUse"].is_object()) {
            if (!block["toolUse"]["type"].equals("server_tool_use")) call(block["toolUse"]);
        } else if (block["reasoningContent"].is_object()) {
            reasoning(block["reasoningContent"]);
        } else if (block["citationsContent"].is_object()) {
            for (const Value cited : block["citationsContent"]["content"].elements()) text(cited);
        } else {
            text(block);
        }
    }

    void text(Value block) {
        const json::Escaped text = block["text"].escaped();
        if (!text.empty()) this->block(BlockKind::text, text, {});
    }

    void reasoning(Value block) {
        const json::Escaped redacted = block["redactedContent"].escaped();
        if (!redacted.empty()) {
            add(EventKind::block_start, BlockKind::redacted_thinking).text = redacted;
            add(EventKind::block_end, BlockKind::redacted_thinking);
            ++index_;
            return;
        }
        const Value thought = block["reasoningText"];
        json::Escaped signature = thought["signature"].escaped();
        if (signature.empty() || bedrock_family(target_) != BedrockFamily::claude) {
            signature.raw = arena_.store(pack_signature(target_.provider.type, signature.raw));
        }
        this->block(BlockKind::thinking, thought["text"].escaped(), signature);
    }

    void call(Value call) {
        std::string compact;
        json::append_compact(compact, call["input"].exists() ? call["input"].raw() : "{}");
        const json::Escaped input = json::escape(arena_.store(compact), arena_);
        const std::string_view sent = call["name"].text(arena_);
        if (!translation_.answer_tool.empty() && sent == translation_.answer_tool) {
            block(BlockKind::text, input, {});
            return;
        }
        std::string id = call["toolUseId"].text();
        for (const Event& event : events_) {
            if (event.kind == EventKind::block_start && event.id == id) id.clear();
        }
        if (id.empty()) id = fresh_tool_id(body_, index_);
        Event& start = add(EventKind::block_start, BlockKind::tool_call);
        start.id = arena_.store(id);
        start.name = translation_.client_tool_name(sent);
        add(EventKind::block_delta, BlockKind::tool_call).text = input;
        add(EventKind::block_end, BlockKind::tool_call);
        ++index_;
        real_tool_ = true;
    }

    void end(Value root, const Stop& stop) {
        Event& event = add(EventKind::stop, BlockKind::text);
        event.stop = stop.reason;
        if (real_tool_ && event.stop == StopReason::end_turn) event.stop = StopReason::tool_use;
        if (!real_tool_ && event.stop == StopReason::tool_use) event.stop = StopReason::end_turn;
        event.stop_sequence = root["additionalModelResponseFields"]["stop_sequence"].escaped();
        event.usage = read_usage(root["usage"]);
    }

    const std::string_view body_;
    const domain::Deployment& target_;
    const Translation& translation_;
    base::Arena& arena_;
    std::vector<Event> events_;
    std::uint32_t index_ = 0;
    bool real_tool_ = false;
};

}  // namespace

base::Result<std::vector<Event>> decode_answer(std::string_view body,
                                               const domain::Deployment& target,
                                               const Translation& translation,
                                               base::Arena& arena) {
    return AnswerReader(body, target, translation, arena).read();
}

domain::Usage read_usage(Value usage) {
    domain::Usage read;
    read.input = usage["inputTokens"].integer().value_or(-1);
    read.output = usage["outputTokens"].integer().value_or(-1);
    read.cache_read = usage["cacheReadInputTokens"].integer().value_or(-1);
    const auto written = usage["cacheWriteInputTokens"].integer();
    if (!written) return read;
    std::int64_t hour = 0;
    for (const Value detail : usage["cacheDetails"].elements()) {
        if (detail["ttl"].equals("1h")) hour += detail["inputTokens"].integer().value_or(0);
    }
    hour = std::min(hour, *written);
    read.cache_write_5m = *written - hour;
    if (hour > 0) read.cache_write_1h = hour;
    return read;
}

Stop read_stop_reason(Value reason) {
    Stop stop;
    if (reason.equals("tool_use")) stop.reason = StopReason::tool_use;
    if (reason.equals("max_tokens")) stop.reason = StopReason::max_tokens;
    if (reason.equals("stop_sequence")) stop.reason = StopReason::stop_sequence;
    if (reason.equals("guardrail_intervened")) stop.reason = StopReason::refusal;
    if (reason.equals("content_filtered")) stop.reason = StopReason::refusal;
    if (reason.equals("refusal")) stop.reason = StopReason::refusal;
    if (reason.equals("model_context_window_exceeded")) stop.reason = StopReason::context_window;
    stop.malformed =
        reason.equals("malformed_model_output") || reason.equals("malformed_tool_use");
    return stop;
}

}  // namespace tollgate::dialect::converse
