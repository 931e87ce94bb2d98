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
    request_.messages.reserve(input.size());
    const Place place("input");
    std::size_t index = 0;
    for (const Value each : input.elements()) {
        const Place here(place, index++);
        if (!each.is_object()) return here.error({}, "must be an object");
        TRY_VOID(item(each, here));
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

base::Result<void> ItemsDecoder::item(Value item, const Place& field) {
    const ItemMembers members(item);
    const Value named = members.get<"type">();
    const std::string_view type = named.text(arena_);
    if (type == "message" || (!named.exists() && members.get<"role">().exists())) {
        return message(members, field);
    }
    if (type == "additional_tools") {
        return decode_tools(item["tools"], Place(field, "tools"), arena_, request_);
    }
    leading_ = false;
    if (type == "function_call" || type == "custom_tool_call" || type == "tool_search_call") {
        return call(members, type, field);
    }
    if (type == "function_call_output" || type == "custom_tool_call_output") {
        return output(members, field);
    }
    if (type == "tool_search_output") return found_tools(item, field);
    if (type == "reasoning") {
        std::vector<Part> thoughts;
        decode_reasoning(item, arena_, thoughts);
        for (Part& thought : thoughts) assistant().parts.push_back(std::move(thought));
        return {};
    }
    if (!named.is_string()) return field.error("type", "is required: message");
    if (std::ranges::find(hosted_calls, type) != hosted_calls.end()) {
        Part& part = assistant().parts.emplace_back();
        part.kind = PartKind::hosted;
        part.name = type;
        part.verbatim = item.raw();
        return {};
    }
    if (type == "item_reference") {
        return field.error({}, "refers to an item that OpenAI has stored, which this model "
                               "cannot read; send the item itself");
    }
    return field.error("type", "an item of type " + std::string(type) +
                                   " means something to OpenAI's own models only; remove it or "
                                   "choose such a model");
}

Message& ItemsDecoder::assistant() {
    auto& messages = request_.messages;
    if (messages.empty() || messages.back().role != Role::assistant) {
        messages.emplace_back().role = Role::assistant;
    }
    return messages.back();
}

std::vector<Part>& ItemsDecoder::result(std::string_view id) {
    auto& messages = request_.messages;
    if (!messages.empty() && messages.back().role == Role::user) {
        for (Part& part : messages.back().parts) {
            if (part.kind == PartKind::tool_result && part.id == id) return part.content;
        }
    }
    // A later word on a call that was answered in an earlier turn.
    if (std::ranges::find(answered_, id) != answered_.end()) {
        messages.emplace_back().role = Role::user;
        return messages.back().parts;
    }
    const bool goes_on = !messages.empty() && messages.back().role == Role::user &&
                         !messages.back().parts.empty() &&
                         messages.back().parts.back().kind == PartKind::tool_result;
    if (!goes_on) messages.emplace_back().role = Role::user;
    answered_.push_back(id);
    Part& part = messages.back().parts.emplace_back();
    part.kind = PartKind::tool_result;
    part.id = id;
    return part.content;
}

base::Result<void> ItemsDecoder::message(const ItemMembers& item, const Place& field) {
    const Value role = item.get<"role">(), inside = item.get<"content">();
    if (!is_set(inside)) {
        return field.error("content", "is required: a string or a list of parts");
    }
    const Place at(field, "content");
    if (role.equals("system") || role.equals("developer")) {
        if (leading_) return content(inside, at, true, request_.system);
        Message& turn = request_.messages.emplace_back();
        turn.role = Role::system;
        return content(inside, at, true, turn.parts);
    }
    leading_ = false;
    if (role.equals("assistant")) return content(inside, at, true, assistant().parts);
    if (!role.equals("user")) {
        return field.error("role", "must be user, assistant, system or developer");
    }
    Message& turn = request_.messages.emplace_back();
    turn.role = Role::user;
    return content(inside, at, false, turn.parts);
}

base::Result<std::string_view> ItemsDecoder::call_id(Value id, const Place& field) {
    if (!id.is_string() || id.string_empty()) {
        return field.error("call_id", "is required: a string");
    }
    return id.text(arena_);
}

base::Result<void> ItemsDecoder::call(const ItemMembers& item, std::string_view type,
                                      const Place& field) {
    const bool search = type == "tool_search_call";
    // A search that OpenAI ran itself: what it found is in the next item.
    if (search && !is_set(item.get<"call_id">())) return {};
    TRY(const std::string_view id, call_id(item.get<"call_id">(), field));
    const Value name = item.get<"name">();
    if (!search && (!name.is_string() || name.string_empty())) {
        return field.error("name", "is required: a string");
    }
    Part& part = assistant().parts.emplace_back();
    part.kind = PartKind::tool_call;
    part.id = id;
    if (search) {
        part.name = tool_search_name;
        decode_arguments(item.get<"arguments">(), arena_, part);
    } else {
        const std::string_view space = item.get<"namespace">().text(arena_);
        part.name = joined_name(space, name.text(arena_), arena_);
        if (type == "custom_tool_call") {
            part.input = freeform_arguments(item.get<"input">().escaped(), arena_);
        } else {
            decode_arguments(item.get<"arguments">(), arena_, part);
        }
    }
    return {};
}

base::Result<void> ItemsDecoder::output(const ItemMembers& item, const Place& field) {
    TRY(const std::string_view id, call_id(item.get<"call_id">(), field));
    const Value said = item.get<"output">();
    std::vector<Part> parts;
    if (is_set(said)) TRY_VOID(content(said, Place(field, "output"), false, parts));
    std::vector<Part>& content = result(id);
    if (content.empty()) {
        content = std::move(parts);
    } else {
        std::move(parts.begin(), parts.end(), std::back_inserter(content));
    }
    return {};
}

// The tools that a search on the client's side found may be called from now on.
base::Result<void> ItemsDecoder::found_tools(Value item, const Place& field) {
    const std::size_t before = request_.tools.size();
    TRY_VOID(decode_tools(item["tools"], Place(field, "tools"), arena_, request_));
    if (!is_set(item["call_id"])) return {};
    TRY(const std::string_view id, call_id(item["call_id"], field));
    std::string names;
    for (std::size_t i = before; i < request_.tools.size(); ++i) {
        names += names.empty() ? "Tools found: " : ", ";
        json::append_escaped(names, request_.tools[i].name);
    }
    if (names.empty()) names = "No further tools found.";
    result(id).emplace_back().text = {arena_.store(names)};
    return {};
}

base::Result<void> ItemsDecoder::content(Value value, const Place& field, bool only_text,
                                         std::vector<Part>& parts) {
    if (value.is_string()) {
        if (!value.string_empty()) parts.emplace_back().text = value.escaped();
        return {};
    }
    if (!value.is_array()) return field.error({}, "must be a string or a list of parts");
    std::size_t index = 0;
    for (const Value each : value.elements()) {
        TRY_VOID(part(each, Place(field, index++), only_text, parts));
    }
    return {};
}

base::Result<void> ItemsDecoder::part(Value value, const Place& field, bool only_text,
                                      std::vector<Part>& parts) {
    const Members<"type", "text"> members(value);
    const std::string_view type = members.get<"type">().text(arena_);
    if (type == "input_text" || type == "output_text" || type == "text") {
        const Value text = members.get<"text">();
        if (!text.is_string()) return field.error("text", "must be a string");
        if (!text.string_empty()) parts.emplace_back().text = text.escaped();
        return {};
    }
    Part& made = parts.emplace_back();
    if (type == "refusal") {
        made.kind = PartKind::refusal;
        made.text = value["refusal"].escaped();
        return {};
    }
    if (only_text) {
        return field.error("type", "must be input_text or output_text in this message");
    }
    if (type == "input_image") return image(value, field, made);
    if (type == "input_file") return file(value, field, made);
    if (type == "input_audio") {
        return audio(value["input_audio"], Place(field, "input_audio"), made);
    }
    return field.error("type", "must be input_text, input_image, input_file or input_audio");
}

base::Result<void> ItemsDecoder::image(Value value, const Place& field, Part& part) {
    part.kind = PartKind::image;
    part.media.detail = value["detail"].text(arena_);
    if (part.media.detail == "original") part.media.detail = "high";  // other interfaces' most
    if (!is_set(value["image_url"]) && value["file_id"].is_string()) {
        part.media.source = MediaSource::file_id;
        part.media.data = value["file_id"].escaped();
        return {};
    }
    return decode_url(value["image_url"], field.path("image_url"), part.media, arena_);
}

base::Result<void> ItemsDecoder::file(Value value, const Place& field, Part& part) {
    part.kind = PartKind::document;
    part.media.filename = value["filename"].escaped();
    const Value data = value["file_data"];
    if (data.is_string() && data.escaped().raw.starts_with("data:")) {
        TRY_VOID(decode_data_url(data.escaped(), field.path("file_data"), part.media, arena_));
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
        return decode_url(value["file_url"], field.path("file_url"), part.media, arena_);
    }
    if (!value["file_id"].is_string()) {
        return field.error({}, "needs file_data (a base64 data URL) or file_url");
    }
    part.media.source = MediaSource::file_id;
    part.media.data = value["file_id"].escaped();
    return {};
}

base::Result<void> ItemsDecoder::audio(Value value, const Place& field, Part& part) {
    part.kind = PartKind::audio;
    if (!value["data"].is_string()) return field.error("data", "is required: base64");
    if (!value["format"].is_string()) {
        return field.error("format", "is required: wav or mp3");
    }
    part.media.source = MediaSource::base64;
    part.media.media_type = value["format"].text(arena_);
    part.media.data = value["data"].escaped();
    return {};
}

}  // namespace tollgate::dialect::openai_responses
