#include "dialect/openai_responses_items.hpp"

#include <algorithm>
#include <array>

#include "dialect/openai_chat_decode.hpp"
#include "dialect/openai_fields.hpp"
#include "dialect/openai_responses_freeform.hpp"
#include "dialect/text_file.hpp"

namespace tollgate::dialect::openai_responses {
namespace {

using domain::MediaSource;
using domain::Message;
using domain::Part;
using domain::PartKind;
using domain::Role;
using json::Value;
using openai_chat::decode_arguments;
using openai_chat::decode_data_url;
using openai_chat::decode_url;
using openai_chat::field_error;
using openai_chat::is_set;

// Records of tools that ran at OpenAI; what they led to stands in the text that follows.
constexpr std::array<std::string_view, 6> hosted_calls = {
    "web_search_call",       "file_search_call", "code_interpreter_call",
    "image_generation_call", "mcp_call",         "mcp_list_tools"};

}  // namespace

base::Result<void> ItemsDecoder::decode(Value input) {
    if (input.is_string()) {
        Message turn;
        turn.role = Role::user;
        turn.parts.emplace_back().text = input.escaped();
        request_.messages.push_back(std::move(turn));
        return {};
    }
    if (!input.is_array() || input.size() == 0) {
        return field_error("input", "is required: a string or a list of at least one item");
    }
    std::size_t index = 0;
    for (const Value each : input.elements()) {
        const std::string field = "input." + std::to_string(index++);
        if (!each.is_object()) return field_error(field, "must be an object");
        TRY_VOID(item(each, field));
    }
    drop_loose_thoughts();
    return {};
}

void ItemsDecoder::drop_loose_thoughts() {
    auto is_thought = [](const Part& part) {
        return part.kind == PartKind::thinking || part.kind == PartKind::redacted_thinking;
    };
    for (Message& message : request_.messages) {
        if (message.role != Role::assistant) continue;
        while (!message.parts.empty() && is_thought(message.parts.back())) {
            message.parts.pop_back();
        }
    }
    std::erase_if(request_.messages, [](const Message& message) {
        return message.role == Role::assistant && message.parts.empty();
    });
}

base::Result<void> ItemsDecoder::item(Value item, const std::string& field) {
    const Value type = item["type"];
    if (type.equals("message") || (!type.exists() && item["role"].exists())) {
        return message(item, field);
    }
    if (type.equals("additional_tools")) {
        return decode_tools(item["tools"], field + ".tools", arena_, request_);
    }
    leading_ = false;
    if (type.equals("function_call") || type.equals("custom_tool_call") ||
        type.equals("tool_search_call")) {
        return call(item, field);
    }
    if (type.equals("function_call_output") || type.equals("custom_tool_call_output")) {
        return output(item, field);
    }
    if (type.equals("tool_search_output")) return found_tools(item, field);
    if (type.equals("reasoning")) {
        std::vector<Part> thoughts;
        decode_reasoning(item, arena_, thoughts);
        for (Part& thought : thoughts) assistant().parts.push_back(std::move(thought));
        return {};
    }
    if (!type.is_string()) return field_error(field + ".type", "is required: message");
    const std::string_view name = type.text(arena_);
    if (std::ranges::find(hosted_calls, name) != hosted_calls.end()) {
        Part& part = assistant().parts.emplace_back();
        part.kind = PartKind::hosted;
        part.name = name;
        part.verbatim = item.raw();
        return {};
    }
    if (name == "item_reference") {
        return field_error(field, "refers to an item that OpenAI has stored, which this model "
                                  "cannot read; send the item itself");
    }
    return field_error(field + ".type", "an item of type " + std::string(name) +
                                            " means something to OpenAI's own models only; "
                                            "remove it or choose such a model");
}

Message& ItemsDecoder::assistant() {
    auto& messages = request_.messages;
    if (messages.empty() || messages.back().role != Role::assistant) {
        messages.emplace_back().role = Role::assistant;
    }
    return messages.back();
}

bool ItemsDecoder::has_result(std::string_view id) const {
    for (const Message& message : request_.messages) {
        for (const Part& part : message.parts) {
            if (part.kind == PartKind::tool_result && part.id == id) return true;
        }
    }
    return false;
}

std::vector<Part>& ItemsDecoder::result(std::string_view id) {
    auto& messages = request_.messages;
    if (!messages.empty() && messages.back().role == Role::user) {
        for (Part& part : messages.back().parts) {
            if (part.kind == PartKind::tool_result && part.id == id) return part.content;
        }
    }
    if (has_result(id)) {  // a later word on a call that was answered in an earlier turn
        messages.emplace_back().role = Role::user;
        return messages.back().parts;
    }
    const bool goes_on = !messages.empty() && messages.back().role == Role::user &&
                         !messages.back().parts.empty() &&
                         messages.back().parts.back().kind == PartKind::tool_result;
    if (!goes_on) messages.emplace_back().role = Role::user;
    Part& part = messages.back().parts.emplace_back();
    part.kind = PartKind::tool_result;
    part.id = id;
    return part.content;
}

base::Result<void> ItemsDecoder::message(Value item, const std::string& field) {
    const Value role = item["role"];
    if (!is_set(item["content"])) {
        return field_error(field + ".content", "is required: a string or a list of parts");
    }
    const std::string at = field + ".content";
    if (role.equals("system") || role.equals("developer")) {
        if (leading_) return content(item["content"], at, true, request_.system);
        Message turn;
        turn.role = Role::system;
        TRY_VOID(content(item["content"], at, true, turn.parts));
        request_.messages.push_back(std::move(turn));
        return {};
    }
    leading_ = false;
    if (role.equals("assistant")) return content(item["content"], at, true, assistant().parts);
    if (!role.equals("user")) {
        return field_error(field + ".role", "must be user, assistant, system or developer");
    }
    Message turn;
    turn.role = Role::user;
    TRY_VOID(content(item["content"], at, false, turn.parts));
    request_.messages.push_back(std::move(turn));
    return {};
}

base::Result<std::string_view> ItemsDecoder::call_id(Value item, const std::string& field) {
    const Value id = item["call_id"];
    if (!id.is_string() || id.string_empty()) {
        return field_error(field + ".call_id", "is required: a string");
    }
    return id.text(arena_);
}

base::Result<void> ItemsDecoder::call(Value item, const std::string& field) {
    const bool search = item["type"].equals("tool_search_call");
    // A search that OpenAI ran itself: what it found is in the next item.
    if (search && !is_set(item["call_id"])) return {};
    TRY(const std::string_view id, call_id(item, field));
    if (!search && (!item["name"].is_string() || item["name"].string_empty())) {
        return field_error(field + ".name", "is required: a string");
    }
    Part part;
    part.kind = PartKind::tool_call;
    part.id = id;
    if (search) {
        part.name = tool_search_name;
        part.input = decode_arguments(item["arguments"], arena_);
    } else {
        part.name = joined_name(item["namespace"].text(arena_), item["name"].text(arena_), arena_);
        const bool text = item["type"].equals("custom_tool_call");
        part.input = text ? freeform_arguments(item["input"].escaped(), arena_)
                          : decode_arguments(item["arguments"], arena_);
    }
    assistant().parts.push_back(std::move(part));
    return {};
}

base::Result<void> ItemsDecoder::output(Value item, const std::string& field) {
    TRY(const std::string_view id, call_id(item, field));
    std::vector<Part> parts;
    if (is_set(item["output"])) {
        TRY_VOID(content(item["output"], field + ".output", false, parts));
    }
    std::vector<Part>& content = result(id);
    std::move(parts.begin(), parts.end(), std::back_inserter(content));
    return {};
}

// The tools that a search on the client's side found may be called from now on.
base::Result<void> ItemsDecoder::found_tools(Value item, const std::string& field) {
    const std::size_t before = request_.tools.size();
    TRY_VOID(decode_tools(item["tools"], field + ".tools", arena_, request_));
    if (!is_set(item["call_id"])) return {};
    TRY(const std::string_view id, call_id(item, field));
    std::string names;
    for (std::size_t i = before; i < request_.tools.size(); ++i) {
        names += names.empty() ? "Tools found: " : ", ";
        json::append_escaped(names, request_.tools[i].name);
    }
    if (names.empty()) names = "No further tools found.";
    result(id).emplace_back().text = {arena_.store(names)};
    return {};
}

base::Result<void> ItemsDecoder::content(Value value, const std::string& field, bool only_text,
                                         std::vector<Part>& parts) {
    if (value.is_string()) {
        if (!value.string_empty()) parts.emplace_back().text = value.escaped();
        return {};
    }
    if (!value.is_array()) return field_error(field, "must be a string or a list of parts");
    std::size_t index = 0;
    for (const Value each : value.elements()) {
        TRY_VOID(part(each, field + "." + std::to_string(index++), only_text, parts));
    }
    return {};
}

base::Result<void> ItemsDecoder::part(Value value, const std::string& field, bool only_text,
                                      std::vector<Part>& parts) {
    const Value type = value["type"];
    Part made;
    if (type.equals("input_text") || type.equals("output_text") || type.equals("text")) {
        if (!value["text"].is_string()) return field_error(field + ".text", "must be a string");
        if (value["text"].string_empty()) return {};
        made.text = value["text"].escaped();
    } else if (type.equals("refusal")) {
        made.kind = PartKind::refusal;
        made.text = value["refusal"].escaped();
    } else if (only_text) {
        return field_error(field + ".type", "must be input_text or output_text in this message");
    } else if (type.equals("input_image")) {
        TRY_VOID(image(value, field, made));
    } else if (type.equals("input_file")) {
        TRY_VOID(file(value, field, made));
    } else if (type.equals("input_audio")) {
        TRY_VOID(audio(value["input_audio"], field + ".input_audio", made));
    } else {
        return field_error(field + ".type",
                           "must be input_text, input_image, input_file or input_audio");
    }
    parts.push_back(std::move(made));
    return {};
}

base::Result<void> ItemsDecoder::image(Value value, const std::string& field, Part& part) {
    part.kind = PartKind::image;
    part.media.detail = value["detail"].text(arena_);
    if (part.media.detail == "original") part.media.detail = "high";  // other interfaces' most
    if (!is_set(value["image_url"]) && value["file_id"].is_string()) {
        part.media.source = MediaSource::file_id;
        part.media.data = value["file_id"].escaped();
        return {};
    }
    return decode_url(value["image_url"], field + ".image_url", part.media, arena_);
}

base::Result<void> ItemsDecoder::file(Value value, const std::string& field, Part& part) {
    part.kind = PartKind::document;
    part.media.filename = value["filename"].escaped();
    const Value data = value["file_data"];
    if (data.is_string() && data.escaped().raw.starts_with("data:")) {
        TRY_VOID(decode_data_url(data.escaped(), field + ".file_data", part.media, arena_));
        read_text_file(part.media, arena_);
        return {};
    }
    if (data.is_string()) {
        part.media.source = MediaSource::base64;
        part.media.media_type = "application/pdf";
        part.media.data = data.escaped();
        return {};
    }
    if (is_set(value["file_url"])) {
        return decode_url(value["file_url"], field + ".file_url", part.media, arena_);
    }
    if (!value["file_id"].is_string()) {
        return field_error(field, "needs file_data (a base64 data URL) or file_url");
    }
    part.media.source = MediaSource::file_id;
    part.media.data = value["file_id"].escaped();
    return {};
}

base::Result<void> ItemsDecoder::audio(Value value, const std::string& field, Part& part) {
    part.kind = PartKind::audio;
    if (!value["data"].is_string()) return field_error(field + ".data", "is required: base64");
    if (!value["format"].is_string()) {
        return field_error(field + ".format", "is required: wav or mp3");
    }
    part.media.source = MediaSource::base64;
    part.media.media_type = value["format"].text(arena_);
    part.media.data = value["data"].escaped();
    return {};
}

}  // namespace tollgate::dialect::openai_responses
