// Anthropic's event stream and whole answers, read as events.
#include "dialect/anthropic.hpp"
#include "dialect/anthropic_hosted.hpp"

namespace tollgate::dialect::anthropic {
namespace {

using base::Result;
using domain::BlockKind;
using domain::Event;
using domain::EventKind;
using json::Value;

BlockKind block_kind(Value type) {
    if (type.equals("text")) return BlockKind::text;
    if (type.equals("tool_use")) return BlockKind::tool_call;
    if (type.equals("thinking")) return BlockKind::thinking;
    if (type.equals("redacted_thinking")) return BlockKind::redacted_thinking;
    return BlockKind::hosted;
}

// The start of a block, from its JSON; not the text that it may hold already.
Event block_start(Value block, std::uint32_t index, const Translation& translation,
                  base::Arena& arena) {
    Event event;
    event.kind = EventKind::block_start;
    event.index = index;
    // A start without its block cannot be repeated verbatim: what follows is taken as text.
    event.block = block.is_object() ? block_kind(block["type"]) : BlockKind::text;
    if (event.block == BlockKind::tool_call) {
        event.id = block["id"].text(arena);
        const std::string_view sent = block["name"].text(arena);
        event.name = translation.client_tool_name(sent);
        // A forced tool stands for structured output: its arguments are the text of the answer.
        if (!translation.answer_tool.empty() && sent == translation.answer_tool) {
            event.block = BlockKind::text;
        }
    }
    if (event.block == BlockKind::redacted_thinking) event.text = block["data"].escaped();
    if (event.block == BlockKind::hosted) event.verbatim = block.raw();
    return event;
}

Event block_event(EventKind kind, BlockKind block, std::uint32_t index) {
    Event event;
    event.kind = kind;
    event.block = block;
    event.index = index;
    return event;
}

domain::StopReason adjusted(domain::StopReason reason, const Translation& translation,
                            bool real_tool) {
    const bool stands_for_text =
        reason == domain::StopReason::tool_use && !translation.answer_tool.empty() && !real_tool;
    return stands_for_text ? domain::StopReason::end_turn : reason;
}

Event error_event(Value error, base::Arena& arena) {
    Event event;
    event.kind = EventKind::error;
    event.error_type = error["type"].text(arena);
    event.error_class = class_of_type(event.error_type);
    if (event.error_class == domain::ErrorClass::none) {
        event.error_class = domain::ErrorClass::provider_fault;
    }
    event.text = error["message"].escaped();
    return event;
}

class Decoder final : public StreamDecoder {
public:
    explicit Decoder(const Translation& translation) : translation_(translation) {}

    Result<FrameFacts> feed(std::string_view, std::string_view data,
                            std::vector<Event>& events) override {
        arena_.reset();
        FrameFacts facts;
        const auto parsed = document_.parse(data);
        if (!parsed.ok()) {
            return base::Error{
                base::ErrorCode::provider,
                "the provider sent a frame that is no JSON: " + parsed.error().message};
        }
        const Value root = *parsed;
        const Value type = root["type"];
        if (type.equals("content_block_delta")) {
            delta(root, events);
        } else if (type.equals("content_block_start")) {
            begin(root, events);
        } else if (type.equals("content_block_stop")) {
            end(index_of(root), events);
        } else if (type.equals("message_start")) {
            start(root["message"], facts, events);
        } else if (type.equals("message_delta")) {
            message_delta(root, events);
        } else if (type.equals("message_stop")) {
            facts.end = true;
            owe_stop(events);
        } else if (type.equals("error")) {
            error(root["error"], events);
            facts.end = true;
        } else if (type.equals("ping")) {
            events.push_back(Event{});
        }
        return facts;
    }

    bool finish(std::vector<Event>&) override { return stopped_; }

private:
    static std::uint32_t index_of(Value root) {
        return static_cast<std::uint32_t>(root["index"].integer().value_or(0) & 0xffff);
    }
    BlockKind kind_of(std::uint32_t index) const {
        return index < kinds_.size() ? kinds_[index] : BlockKind::text;
    }

    void end(std::uint32_t index, std::vector<Event>& events) {
        Event event = block_event(EventKind::block_end, kind_of(index), index);
        if (event.block == BlockKind::hosted && index == hosted_index_) {
            json::Document block;
            const auto parsed = block.parse(hosted_block_);
            if (parsed.ok()) event.hosted = read_hosted(*parsed, hosted_input_, arena_);
        }
        events.push_back(event);
    }

    void start(Value message, FrameFacts& facts, std::vector<Event>& events) {
        const Value model = message["model"];
        if (model.is_string()) {
            facts.model = model.escaped().raw;
            facts.has_model = true;
        }
        Event event;
        event.kind = EventKind::start;
        event.id = message["id"].text(arena_);
        event.model = model.text(arena_);
        event.usage = read_usage(message["usage"]);
        usage_.update(event.usage);
        events.push_back(event);
    }

    void begin(Value root, std::vector<Event>& events) {
        const Value block = root["content_block"];
        const std::uint32_t index = index_of(root);
        const Event event = block_start(block, index, translation_, arena_);
        if (index >= kinds_.size()) kinds_.resize(index + 1, BlockKind::text);
        kinds_[index] = event.block;
        events.push_back(event);
        real_tool_ = real_tool_ || event.block == BlockKind::tool_call;
        if (event.block == BlockKind::hosted) {
            hosted_index_ = index;
            hosted_block_ = block.raw();
            hosted_input_.clear();
        }
        Event content = block_event(EventKind::block_delta, event.block, index);
        if (block["type"].equals("tool_use")) {
            // Some gateways send the whole input with the start.
            if (block["input"].size() == 0) return;
            content.text = json::escape(block["input"].raw(), arena_);
        } else if (event.block == BlockKind::text) {
            content.text = block["text"].escaped();
        } else if (event.block == BlockKind::thinking) {
            content.text = block["thinking"].escaped();
            content.signature = block["signature"].escaped();
        }
        if (!content.text.empty() || !content.signature.empty()) events.push_back(content);
    }

    void delta(Value root, std::vector<Event>& events) {
        const std::uint32_t index = index_of(root);
        const Value delta = root["delta"];
        const Value type = delta["type"];
        Event event = block_event(EventKind::block_delta, kind_of(index), index);
        if (type.equals("text_delta")) {
            event.text = delta["text"].escaped();
        } else if (type.equals("input_json_delta")) {
            event.text = delta["partial_json"].escaped();
            if (event.block == BlockKind::hosted) {
                json::append_unescaped(hosted_input_, event.text);
            }
        } else if (type.equals("thinking_delta")) {
            event.text = delta["thinking"].escaped();
        } else if (type.equals("signature_delta")) {
            event.signature = delta["signature"].escaped();
        } else {
            event.verbatim = delta.raw();  // citations and what may come
            if (type.equals("citations_delta")) event.hosted = read_citation(delta["citation"]);
        }
        events.push_back(event);
    }

    void message_delta(Value root, std::vector<Event>& events) {
        usage_.update(read_usage(root["usage"]));
        const Value reason = root["delta"]["stop_reason"];
        if (!reason.is_string()) {
            Event event;
            event.kind = EventKind::usage;
            event.usage = usage_;
            events.push_back(event);
            return;
        }
        if (stopped_) return;
        stopped_ = true;
        Event event;
        event.kind = EventKind::stop;
        event.stop = adjusted(read_stop_reason(reason.text(arena_)), translation_, real_tool_);
        event.stop_sequence = root["delta"]["stop_sequence"].escaped();
        event.usage = usage_;
        events.push_back(event);
    }

    // An end without a reason: some servers of this protocol forget message_delta.
    void owe_stop(std::vector<Event>& events) {
        if (stopped_) return;
        stopped_ = true;
        Event event;
        event.kind = EventKind::stop;
        event.stop = real_tool_ ? domain::StopReason::tool_use : domain::StopReason::end_turn;
        event.usage = usage_;
        events.push_back(event);
    }

    void error(Value error, std::vector<Event>& events) {
        stopped_ = true;
        events.push_back(error_event(error, arena_));
    }

    const Translation translation_;
    json::Document document_;
    base::Arena arena_;
    std::vector<BlockKind> kinds_;  // by index
    // The hosted block in progress: blocks of this protocol do not overlap.
    std::uint32_t hosted_index_ = 0;
    std::string hosted_block_, hosted_input_;
    domain::Usage usage_;
    bool stopped_ = false, real_tool_ = false;
};

void answer_block(Value block, std::uint32_t index, const Translation& translation,
                  base::Arena& arena, std::vector<Event>& events) {
    const Event start = block_start(block, index, translation, arena);
    events.push_back(start);
    Event content = block_event(EventKind::block_delta, start.block, index);
    if (block["type"].equals("tool_use")) {
        std::string compact;
        json::append_compact(compact, block["input"].raw());
        content.text = json::escape(compact, arena);
    } else if (start.block == BlockKind::text) {
        content.text = block["text"].escaped();
    } else if (start.block == BlockKind::thinking) {
        content.text = block["thinking"].escaped();
        content.signature = block["signature"].escaped();
    }
    if (!content.text.empty() || !content.signature.empty()) events.push_back(content);
    if (start.block == BlockKind::text) {
        for (Value citation : block["citations"].elements()) {
            Event cited = block_event(EventKind::block_delta, start.block, index);
            cited.hosted = read_citation(citation);
            if (cited.hosted) events.push_back(cited);
        }
    }
    Event end = block_event(EventKind::block_end, start.block, index);
    if (start.block == BlockKind::hosted) end.hosted = read_hosted(block, {}, arena);
    events.push_back(end);
}

}  // namespace

std::unique_ptr<StreamDecoder> make_stream_decoder(const Translation& translation) {
    return std::make_unique<Decoder>(translation);
}

Result<std::vector<Event>> decode_answer(std::string_view body, const Translation& translation,
                                         base::Arena& arena) {
    json::Document document;
    const auto parsed = document.parse(body);
    // Some servers refuse under a 200; the words are theirs, whatever type they call it.
    if (parsed.ok() && (*parsed)["error"].is_object() && !(*parsed)["content"].is_array()) {
        return std::vector<Event>{error_event((*parsed)["error"], arena)};
    }
    if (!parsed.ok() || !(*parsed)["content"].is_array()) {
        return base::Error{
            base::ErrorCode::provider,
            "the provider's answer is no message: " +
                (parsed.ok() ? std::string("it has no content") : parsed.error().message)};
    }
    const Value root = *parsed;
    std::vector<Event> events;
    Event start;
    start.kind = EventKind::start;
    start.id = root["id"].text(arena);
    start.model = root["model"].text(arena);
    start.usage = read_usage(root["usage"]);
    events.push_back(start);
    std::uint32_t index = 0;
    bool real_tool = false;
    for (Value block : root["content"].elements()) {
        const std::size_t start_at = events.size();
        answer_block(block, index++, translation, arena, events);
        real_tool = real_tool || events[start_at].block == BlockKind::tool_call;
    }
    Event stop;
    stop.kind = EventKind::stop;
    stop.stop = adjusted(read_stop_reason(root["stop_reason"].text(arena)), translation, real_tool);
    stop.stop_sequence = root["stop_sequence"].escaped();
    stop.usage = start.usage;
    events.push_back(stop);
    return events;
}

}  // namespace tollgate::dialect::anthropic
