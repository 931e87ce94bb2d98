#include "dialect/openai_chat_decode.hpp"

#include "dialect/gemini_model.hpp"
#include "dialect/openai_fields.hpp"
#include "dialect/text_file.hpp"

namespace tollgate::dialect::openai_chat {
namespace {

using domain::MediaSource;
using domain::Message;
using domain::Part;
using domain::PartKind;
using domain::Role;
using json::Value;

// Gemini's signature of a call or a text, as Google's own interface of this protocol places it:
// kept as a thinking part before what was signed.
void take_signature(Value carrier, gemini::SignedPart kind, base::Arena& arena,
                    std::vector<Part>& parts) {
    const Value signature = carrier["extra_content"]["google"]["thought_signature"];
    if (!signature.is_string() || signature.string_empty()) return;
    Part& thought = parts.emplace_back();
    thought.kind = PartKind::thinking;
    thought.signature = {arena.store(gemini::pack_thought(kind, {}, signature.text()))};
}

}  // namespace

base::Error field_error(std::string_view field, std::string_view problem) {
    std::string message(field);
    message += ": ";
    message += problem;
    return base::invalid(std::move(message), std::string(field));
}

base::Result<void> MessagesDecoder::decode(Value messages) {
    std::size_t index = 0;
    for (Value value : messages.elements()) {
        std::string field = "messages." + std::to_string(index++);
        if (!value.is_object()) return field_error(field, "must be an object with a role");
        TRY_VOID(message(value, field));
    }
    return {};
}

base::Result<void> MessagesDecoder::message(Value value, const std::string& field) {
    Value role = value["role"];
    if (role.equals("system") || role.equals("developer")) return system(value, field);
    leading_ = false;
    if (role.equals("assistant")) return assistant(value, field);
    if (role.equals("tool") || role.equals("function")) return tool(value, field);
    if (!role.equals("user")) {
        return field_error(field + ".role",
                           "must be system, developer, user, assistant, tool or function");
    }
    if (!is_set(value["content"])) {
        return field_error(field + ".content", "is required: a string or a list of parts");
    }
    Message turn;
    turn.role = Role::user;
    turn.name = value["name"].text(arena_);
    TRY_VOID(content(value["content"], field + ".content", false, turn.parts));
    request_.messages.push_back(std::move(turn));
    return {};
}

base::Result<void> MessagesDecoder::system(Value value, const std::string& field) {
    if (!is_set(value["content"])) {
        return field_error(field + ".content", "is required: a string or a list of text parts");
    }
    if (leading_) return content(value["content"], field + ".content", true, request_.system);
    Message turn;
    turn.role = Role::system;
    TRY_VOID(content(value["content"], field + ".content", true, turn.parts));
    request_.messages.push_back(std::move(turn));
    return {};
}

base::Result<void> MessagesDecoder::assistant(Value value, const std::string& field) {
    Message turn;
    turn.role = Role::assistant;
    turn.name = value["name"].text(arena_);
    for (std::string_view key : {"reasoning_content", "reasoning"}) {
        if (!value[key].is_string() || value[key].string_empty()) continue;
        Part& thought = turn.parts.emplace_back();
        thought.kind = PartKind::thinking;
        thought.text = value[key].escaped();
        break;
    }
    take_signature(value, gemini::SignedPart::text, arena_, turn.parts);
    if (is_set(value["content"])) {
        TRY_VOID(content(value["content"], field + ".content", true, turn.parts));
    }
    if (value["refusal"].is_string() && !value["refusal"].string_empty()) {
        Part& refusal = turn.parts.emplace_back();
        refusal.kind = PartKind::refusal;
        refusal.text = value["refusal"].escaped();
    }
    Value calls = value["tool_calls"];
    if (is_set(calls) && !calls.is_array()) {
        return field_error(field + ".tool_calls", "must be a list");
    }
    std::size_t index = 0;
    for (Value call : calls.elements()) {
        TRY_VOID(tool_call(call, field + ".tool_calls." + std::to_string(index++), turn));
    }
    if (Value legacy = value["function_call"]; legacy.is_object()) {
        Part& part = turn.parts.emplace_back();
        part.kind = PartKind::tool_call;
        part.id = arena_.store("call_function_" + std::to_string(++legacy_calls_));
        part.name = legacy["name"].text(arena_);
        decode_arguments(legacy["arguments"], arena_, part);
    }
    request_.messages.push_back(std::move(turn));
    return {};
}

base::Result<void> MessagesDecoder::tool_call(Value call, const std::string& field,
                                              Message& turn) {
    if (is_set(call["type"]) && !call["type"].equals("function")) {
        return field_error(field + ".type", "must be function: custom tools have no counterpart "
                                            "at this model");
    }
    Value function = call["function"];
    if (!function["name"].is_string()) {
        return field_error(field + ".function.name", "is required: a string");
    }
    if (!call["id"].is_string() || call["id"].string_empty()) {
        return field_error(field + ".id", "is required: a string");
    }
    take_signature(call, gemini::SignedPart::call, arena_, turn.parts);
    Part& part = turn.parts.emplace_back();
    part.kind = PartKind::tool_call;
    part.id = call["id"].text(arena_);
    part.name = function["name"].text(arena_);
    decode_arguments(function["arguments"], arena_, part);
    part.verbatim = call.raw();
    return {};
}

base::Result<void> MessagesDecoder::tool(Value value, const std::string& field) {
    Part result;
    result.kind = PartKind::tool_result;
    if (value["role"].equals("function")) {
        result.id = arena_.store("call_function_" + std::to_string(legacy_calls_));
    } else if (!value["tool_call_id"].is_string() || value["tool_call_id"].string_empty()) {
        return field_error(field + ".tool_call_id", "is required: the id of the tool call");
    } else {
        result.id = value["tool_call_id"].text(arena_);
    }
    if (is_set(value["content"])) {
        TRY_VOID(content(value["content"], field + ".content", false, result.content));
    }
    // Results of one turn belong into one user turn.
    auto& messages = request_.messages;
    bool goes_on = !messages.empty() && messages.back().role == Role::user &&
                   !messages.back().parts.empty() &&
                   messages.back().parts.back().kind == PartKind::tool_result;
    if (!goes_on) messages.emplace_back().role = Role::user;
    messages.back().parts.push_back(std::move(result));
    return {};
}

base::Result<void> MessagesDecoder::content(Value value, const std::string& field, bool only_text,
                                            std::vector<Part>& parts) {
    if (value.is_string()) {
        if (!value.string_empty()) parts.emplace_back().text = value.escaped();
        return {};
    }
    if (!value.is_array()) return field_error(field, "must be a string or a list of parts");
    std::size_t index = 0;
    for (Value each : value.elements()) {
        TRY_VOID(part(each, field + "." + std::to_string(index++), only_text, parts));
    }
    return {};
}

base::Result<void> MessagesDecoder::part(Value value, const std::string& field, bool only_text,
                                         std::vector<Part>& parts) {
    Value type = value["type"];
    Part made;
    made.cache_control = value["cache_control"].raw();
    made.verbatim = value.raw();
    if (type.equals("text") || (!type.exists() && value["text"].is_string())) {
        if (!value["text"].is_string()) return field_error(field + ".text", "must be a string");
        if (value["text"].string_empty()) return {};
        made.text = value["text"].escaped();
    } else if (type.equals("refusal")) {
        made.kind = PartKind::refusal;
        made.text = value["refusal"].escaped();
    } else if (only_text) {
        return field_error(field + ".type", "must be text in this message");
    } else if (type.equals("image_url")) {
        TRY_VOID(image(value["image_url"], field + ".image_url", made));
    } else if (type.equals("file")) {
        TRY_VOID(file(value["file"], field + ".file", made));
    } else if (type.equals("input_audio")) {
        TRY_VOID(audio(value["input_audio"], field + ".input_audio", made));
    } else {
        return field_error(field + ".type", "must be text, image_url, file or input_audio");
    }
    parts.push_back(std::move(made));
    return {};
}

base::Result<void> MessagesDecoder::image(Value value, const std::string& field, Part& part) {
    part.kind = PartKind::image;
    Value url = value.is_string() ? value : value["url"];
    part.media.detail = value["detail"].text(arena_);
    return decode_url(url, field + ".url", part.media, arena_);
}

base::Result<void> MessagesDecoder::file(Value value, const std::string& field, Part& part) {
    part.kind = PartKind::document;
    part.media.filename = value["filename"].escaped();
    Value data = value["file_data"];
    if (!data.is_string()) {
        if (!value["file_id"].is_string()) {
            return field_error(field + ".file_data", "is required: a base64 data URL");
        }
        part.media.source = MediaSource::file_id;
        part.media.data = value["file_id"].escaped();
        return {};
    }
    if (data.escaped().raw.starts_with("data:")) {
        TRY_VOID(decode_data_url(data.escaped(), field + ".file_data", part.media, arena_));
        read_text_file(part.media, arena_);
        return {};
    }
    part.media.source = MediaSource::base64;
    part.media.media_type = "application/pdf";
    part.media.data = data.escaped();
    return {};
}

base::Result<void> MessagesDecoder::audio(Value value, const std::string& field, Part& part) {
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

}  // namespace tollgate::dialect::openai_chat
