// The frames of a Responses stream and the items that they and whole answers hold.
#include "dialect/openai_responses_encode.hpp"
#include "dialect/openai_responses_input.hpp"

namespace tollgate::dialect::openai_responses {
namespace {

using domain::BlockKind;
using domain::CallShape;

constexpr std::string_view in_progress = "in_progress";

// What the frames of an item's text are called, and what holds the whole text in the last.
struct TextNames {
    std::string_view delta, done, member;
};

TextNames names_of(BlockKind kind, CallShape shape) {
    switch (kind) {
        case BlockKind::text:
            return {"response.output_text.delta", "response.output_text.done", "text"};
        case BlockKind::refusal:
            return {"response.refusal.delta", "response.refusal.done", "refusal"};
        case BlockKind::thinking:
            return {"response.reasoning_summary_text.delta", "response.reasoning_summary_text.done",
                    "text"};
        default: break;
    }
    if (shape == CallShape::freeform) {
        return {"response.custom_tool_call_input.delta", "response.custom_tool_call_input.done",
                "input"};
    }
    return {"response.function_call_arguments.delta", "response.function_call_arguments.done",
            "arguments"};
}

// `annotations` is a JSON list without its brackets.
void write_part(json::Writer& writer, BlockKind kind, json::Escaped text,
                std::string_view annotations) {
    writer.begin_object();
    if (kind == BlockKind::refusal) {
        writer.string("type", "refusal").escaped("refusal", text);
    } else if (kind == BlockKind::thinking) {
        writer.string("type", "summary_text").escaped("text", text);
    } else {
        writer.string("type", "output_text").key("annotations").begin_array();
        writer.out() += annotations;
        writer.end_array();
        writer.key("logprobs").begin_array().end_array().escaped("text", text);
    }
    writer.end_object();
}

// The arguments' text as the JSON object that it is.
std::string object_of(json::Escaped arguments) {
    std::string text;
    json::append_unescaped(text, arguments);
    json::Document document;
    const auto root = document.parse(text);
    if (!root.ok() || !root->is_object()) return "{}";
    std::string compact;  // in one line: it is part of a frame
    json::append_compact(compact, text);
    return compact;
}

}  // namespace

json::Writer AnswerEncoder::begin_frame(std::string_view type, std::string& out) {
    out += "event: ";
    out += type;
    out += "\ndata: ";
    json::Writer writer(out);
    writer.begin_object().string("type", type).integer("sequence_number", sequence_++);
    return writer;
}

void AnswerEncoder::end_frame(json::Writer& writer, std::string& out) {
    writer.end_object();
    out += "\n\n";
}

void AnswerEncoder::response_frame(std::string_view type, const Standing& standing,
                                   std::string& out) {
    if (frames_ == Frames::none) return;
    json::Writer writer = begin_frame(type, out);
    writer.key("response");
    write_response(writer, id_, options_, standing);
    end_frame(writer, out);
}

void AnswerEncoder::item_frame(std::string_view type, const Item& item, std::string_view status,
                               std::string& out) {
    if (frames_ == Frames::none) return;
    json::Writer writer = begin_frame(type, out);
    writer.integer("output_index", static_cast<std::int64_t>(item.place)).key("item");
    write_item(writer, item, status);
    end_frame(writer, out);
}

void AnswerEncoder::part_frame(std::string_view event, const Item& item, std::string& out) {
    const bool thought = item.kind == BlockKind::thinking;
    const bool words = item.kind == BlockKind::text || item.kind == BlockKind::refusal;
    if (frames_ == Frames::none || !(thought || words)) return;
    if (event == "done" && item.text.empty()) return;  // it was never added
    std::string type = thought ? "response.reasoning_summary_part." : "response.content_part.";
    type += event;
    json::Writer writer = begin_frame(type, out);
    writer.string("item_id", item.id);
    writer.integer("output_index", static_cast<std::int64_t>(item.place));
    writer.integer(thought ? "summary_index" : "content_index", 0).key("part");
    const bool whole = event == "done";
    write_part(writer, item.kind, {whole ? std::string_view(item.text) : ""},
               whole ? std::string_view(item.annotations) : "");
    end_frame(writer, out);
}

void AnswerEncoder::delta_frame(Item& item, json::Escaped delta, std::string& out) {
    const CallShape shape = item.tool == nullptr ? CallShape::function : item.tool->shape;
    if (frames_ == Frames::none || shape == CallShape::tool_search) return;
    const std::string_view type = names_of(item.kind, shape).delta;
    if (item.delta_head.empty()) {
        json::Writer head(item.delta_head);
        head.begin_object().string("item_id", item.id);
        head.integer("output_index", static_cast<std::int64_t>(item.place));
        if (item.kind == BlockKind::thinking) head.integer("summary_index", 0);
        if (item.kind == BlockKind::text || item.kind == BlockKind::refusal) {
            head.integer("content_index", 0);
        }
        item.delta_head.front() = ',';  // members only: the object is opened by each frame
    }
    json::Writer writer = begin_frame(type, out);
    out += item.delta_head;
    writer.escaped("delta", delta);
    if (item.kind == BlockKind::text) writer.key("logprobs").begin_array().end_array();
    end_frame(writer, out);
}

void AnswerEncoder::text_done_frame(const Item& item, std::string& out) {
    const CallShape shape = item.tool == nullptr ? CallShape::function : item.tool->shape;
    if (frames_ == Frames::none || shape == CallShape::tool_search) return;
    const bool call = item.kind == BlockKind::tool_call;
    if (item.kind == BlockKind::redacted_thinking || (!call && item.text.empty())) return;
    const TextNames names = names_of(item.kind, shape);
    json::Writer writer = begin_frame(names.done, out);
    writer.string("item_id", item.id);
    writer.integer("output_index", static_cast<std::int64_t>(item.place));
    if (item.kind == BlockKind::thinking) writer.integer("summary_index", 0);
    if (!call && item.kind != BlockKind::thinking) writer.integer("content_index", 0);
    if (call && shape == CallShape::function) {
        writer.string("name", item.tool == nullptr ? item.name : item.tool->client_name);
    }
    writer.escaped(names.member, {item.text});
    if (item.kind == BlockKind::text) writer.key("logprobs").begin_array().end_array();
    end_frame(writer, out);
}

void AnswerEncoder::write_item(json::Writer& writer, const Item& item,
                               std::string_view status) const {
    if (item.kind == BlockKind::tool_call) return write_call(writer, item, status);
    if (item.kind == BlockKind::thinking || item.kind == BlockKind::redacted_thinking) {
        return write_reasoning(writer, item, status);
    }
    writer.begin_object().string("id", item.id).string("type", "message");
    writer.string("status", status).key("content").begin_array();
    if (status != in_progress) write_part(writer, item.kind, {item.text}, item.annotations);
    writer.end_array().string("role", "assistant").end_object();
}

void AnswerEncoder::write_call(json::Writer& writer, const Item& item,
                               std::string_view status) const {
    const CallShape shape = item.tool == nullptr ? CallShape::function : item.tool->shape;
    writer.begin_object().string("id", item.id);
    if (shape == CallShape::tool_search) {
        writer.string("type", "tool_search_call").string("status", status);
        writer.raw("arguments", status == in_progress ? "{}" : object_of({item.text}));
        writer.string("call_id", item.call_id).string("execution", "client").end_object();
        return;
    }
    const bool text = shape == CallShape::freeform;
    writer.string("type", text ? "custom_tool_call" : "function_call").string("status", status);
    writer.escaped(text ? "input" : "arguments",
                   {status == in_progress ? std::string_view() : std::string_view(item.text)});
    writer.string("call_id", item.call_id);
    writer.string("name", item.tool == nullptr ? item.name : item.tool->client_name);
    if (item.tool != nullptr && !item.tool->name_space.empty()) {
        writer.string("namespace", item.tool->name_space);
    }
    writer.end_object();
}

void AnswerEncoder::write_reasoning(json::Writer& writer, const Item& item,
                                    std::string_view status) const {
    // A reasoning item of OpenAI's own making is given back as it was.
    const auto own = unpack_reasoning({}, item.signature);
    writer.begin_object().string("id", own ? own->id : item.id).string("type", "reasoning");
    writer.key("encrypted_content");
    if (own) {
        writer.string(own->encrypted_content);
    } else if (item.kind == BlockKind::redacted_thinking) {
        writer.string(pack_redacted({item.data}));
    } else if (status == in_progress) {
        writer.null();
    } else {
        writer.string(pack_thinking({item.text}, {item.signature}));
    }
    writer.key("summary").begin_array();
    if (!item.text.empty()) write_part(writer, BlockKind::thinking, {item.text}, {});
    writer.end_array().end_object();
}

}  // namespace tollgate::dialect::openai_responses
