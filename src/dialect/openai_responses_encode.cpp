#include "dialect/openai_responses_encode.hpp"

namespace tollgate::dialect::openai_responses {
namespace {

using domain::BlockKind;
using domain::CallShape;
using domain::Event;
using domain::EventKind;
using domain::StopReason;

std::string_view id_prefix(BlockKind kind, const AnswerTool* tool) {
    switch (kind) {
        case BlockKind::thinking:
        case BlockKind::redacted_thinking: return "rs_";
        case BlockKind::tool_call: break;
        default: return "msg_";
    }
    const CallShape shape = tool == nullptr ? CallShape::function : tool->shape;
    if (shape == CallShape::freeform) return "ctc_";
    return shape == CallShape::tool_search ? "tsc_" : "fc_";
}

CallShape shape_of(const AnswerTool* tool) {
    return tool == nullptr ? CallShape::function : tool->shape;
}

bool is_thought(BlockKind kind) {
    return kind == BlockKind::thinking || kind == BlockKind::redacted_thinking;
}

}  // namespace

void AnswerEncoder::encode(const Event& event, std::string& out) {
    usage_.update(event.usage);
    if (ended_) return;
    switch (event.kind) {
        case EventKind::start: start(event, out); return;
        case EventKind::block_start: block_start(event, out); return;
        case EventKind::block_delta: block_delta(event, out); return;
        case EventKind::block_end:
            if (event.block == BlockKind::hosted && event.hosted) hosted(*event.hosted, out);
            if (Item* item = find(event.index)) {
                if (!event.signature.empty()) item->signature = event.signature.raw;
                item->open = false;
                finish(*item, "completed", out);
            }
            return;
        case EventKind::usage: return;
        case EventKind::stop: stop(event, out); return;
        case EventKind::error:
            fail(error_code(event.error_class), event.text, out);
            return;
        case EventKind::ping:
            if (frames_ == Frames::written) out += ": ping\n\n";
            return;
    }
}

void AnswerEncoder::start(const Event& event, std::string& out) {
    if (!id_.empty()) return;
    id_ = answer_id(event.id, options_.request_id);
    const Standing standing{"in_progress", {}, {}, {}, nullptr, nullptr};
    response_frame("response.created", standing, out);
    response_frame("response.in_progress", standing, out);
}

AnswerEncoder::Item* AnswerEncoder::find(std::uint32_t block) {
    for (auto item = items_.rbegin(); item != items_.rend(); ++item) {
        if (item->block == block && item->open) return &*item;
    }
    return nullptr;
}

void AnswerEncoder::block_start(const Event& event, std::string& out) {
    start(Event{}, out);
    if (event.block == BlockKind::hosted) return;  // another protocol's own record
    Item& item = items_.emplace_back();
    item.block = event.index;
    item.kind = event.block;
    item.call_id = event.id;
    item.name = event.name;
    item.signature = event.signature.raw;
    if (item.kind == BlockKind::redacted_thinking) item.data = event.text.raw;
    for (const AnswerTool& tool : options_.described().tools) {
        const bool called = item.kind == BlockKind::tool_call && tool.name == event.name;
        if (called) item.tool = &tool;
    }
    // Words and thoughts begin with their first content, so that no empty item is sent.
    if (item.kind == BlockKind::tool_call) begin(item, out);
}

void AnswerEncoder::block_delta(const Event& event, std::string& out) {
    Item* item = find(event.index);
    if (item == nullptr) return;
    if (!event.signature.empty()) item->signature = event.signature.raw;
    if (event.hosted && item->kind == BlockKind::text) annotate(*item, *event.hosted, out);
    if (event.text.empty() || item->kind == BlockKind::redacted_thinking) return;
    if (!item->begun) {
        begin(*item, out);
        part_frame("added", *item, out);
    }
    const std::size_t before = item->text.size();
    if (item->kind == BlockKind::tool_call && shape_of(item->tool) == CallShape::freeform) {
        item->freeform.feed(event.text, item->text);
    } else {
        item->text += event.text.raw;
    }
    if (item->text.size() == before) return;
    delta_frame(*item, {std::string_view(item->text).substr(before)}, out);
}

void AnswerEncoder::begin(Item& item, std::string& out) {
    item.begun = true;
    item.place = output_.size();
    output_.emplace_back();
    item.id = id_prefix(item.kind, item.tool);
    item.id += options_.request_id;
    item.id += '_';
    item.id += std::to_string(item.place);
    refused_ = refused_ || item.kind == BlockKind::refusal;
    item_frame("response.output_item.added", item, "in_progress", out);
}

void AnswerEncoder::finish(Item& item, std::string_view status, std::string& out) {
    item.open = false;
    if (is_thought(item.kind) && !item.begun) {
        if (item.signature.empty() && item.data.empty()) return;
        begin(item, out);
    }
    if (!item.begun) return;
    if (item.kind == BlockKind::tool_call) {
        const std::size_t before = item.text.size();
        const bool text = shape_of(item.tool) == CallShape::freeform;
        if (text) item.freeform.finish(item.text);
        if (!text && item.text.empty()) item.text = "{}";
        if (item.text.size() > before) {
            delta_frame(item, {std::string_view(item.text).substr(before)}, out);
        }
    }
    text_done_frame(item, out);
    part_frame("done", item, out);
    item_frame("response.output_item.done", item, status, out);
    std::string& whole = output_[item.place];
    json::Writer writer(whole);
    write_item(writer, item, status);
    item = Item{};  // its text is in the output now
    item.open = false;
}

void AnswerEncoder::stop(const Event& event, std::string& out) {
    start(Event{}, out);
    stop_ = event.stop;
    const bool cut = stop_ == StopReason::max_tokens || stop_ == StopReason::context_window;
    for (Item& item : items_) {
        if (item.open) finish(item, cut ? "incomplete" : "completed", out);
    }
    ended_ = true;
    const Standing standing = at_the_end();
    response_frame(standing.incomplete_reason.empty() ? "response.completed"
                                                      : "response.incomplete",
                   standing, out);
}

Standing AnswerEncoder::at_the_end() const {
    Standing standing{"completed", {}, {}, {}, &output_, &usage_};
    const bool cut = stop_ == StopReason::max_tokens || stop_ == StopReason::context_window;
    // Words of refusal are an answer to OpenAI; a refusal without words is one that was stopped.
    if (stop_ == StopReason::refusal && !refused_) standing.incomplete_reason = "content_filter";
    if (cut) standing.incomplete_reason = "max_output_tokens";
    if (!standing.incomplete_reason.empty()) standing.status = "incomplete";
    return standing;
}

bool AnswerEncoder::break_off(const base::Error& error, std::string& out) {
    if (ended_) return true;
    std::string message;
    json::append_escaped(message, error.message);
    fail(error_code(error.code), {message}, out);
    return true;
}

// Both frames are OpenAI's: its SDKs raise what the first says, others read the second alone.
void AnswerEncoder::fail(std::string_view code, json::Escaped message, std::string& out) {
    start(Event{}, out);
    ended_ = true;
    json::Writer writer = begin_frame("error", out);
    write_error_members(writer, code, message);
    end_frame(writer, out);
    const Standing standing{"failed", {}, code, message, &output_, nullptr};
    response_frame("response.failed", standing, out);
}

std::string AnswerEncoder::whole() const {
    std::string out;
    json::Writer writer(out);
    write_response(writer, id_, options_, at_the_end());
    return out;
}

std::unique_ptr<StreamEncoder> make_stream_encoder(EncoderOptions options) {
    return std::make_unique<AnswerEncoder>(std::move(options), AnswerEncoder::Frames::written);
}

std::string encode_answer(const std::vector<Event>& events, const EncoderOptions& options) {
    AnswerEncoder encoder(options, AnswerEncoder::Frames::none);
    std::string unused;
    for (const Event& event : events) encoder.encode(event, unused);
    return encoder.whole();
}

}  // namespace tollgate::dialect::openai_responses
