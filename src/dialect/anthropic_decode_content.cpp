// Anthropic's system, messages and content blocks, decoded.
#include "dialect/anthropic.hpp"
#include "dialect/hosted.hpp"

namespace tollgate::dialect::anthropic {

using base::Result;
using domain::MediaSource;
using domain::Part;
using domain::PartKind;
using json::Value;

namespace {

Result<void> string_member(Value object, std::string_view name, const Place& place,
                           json::Escaped& into) {
    const Value value = object[name];
    if (!value.is_string()) return place.error(name, "a string is required");
    into = value.escaped();
    return {};
}

json::Raw unless_null(Value value) { return value.is_null() ? json::Raw() : value.raw(); }

void append_text(Value text, std::vector<Part>& parts) {
    parts.reserve(parts.size() + 1);
    parts.emplace_back().text = text.escaped();
}

}  // namespace

Result<void> ContentDecoder::system(Value value, std::vector<Part>& parts) {
    const Place root;
    const Place place(root, "system");
    if (!value.exists() || value.is_null()) return {};
    if (value.is_string()) {
        if (!value.string_empty()) append_text(value, parts);
        return {};
    }
    if (!value.is_array()) {
        return place.error({}, "a string or an array of text blocks is required");
    }
    std::size_t index = 0;
    for (Value each : value.elements()) {
        const Place here(place, index++);
        if (!each["type"].equals("text")) {
            return here.error("type", "only text blocks may stand here");
        }
        TRY_VOID(block(each, here, parts));
    }
    return {};
}

Result<void> ContentDecoder::messages(Value value, std::vector<domain::Message>& messages) {
    const Place root;
    const Place place(root, "messages");
    if (!value.is_array()) return place.error({}, "an array of messages is required");
    if (value.size() == 0) return place.error({}, "at least one message is required");
    messages.reserve(value.size());
    std::size_t index = 0;
    for (Value each : value.elements()) {
        const Place here(place, index++);
        if (!each.is_object()) return here.error({}, "an object with role and content is required");
        const Members<"role", "content"> members(each);
        const Value role = members.get<"role">();
        domain::Message& message = messages.emplace_back();
        if (role.equals("user")) {
            message.role = domain::Role::user;
        } else if (role.equals("assistant")) {
            message.role = domain::Role::assistant;
        } else if (role.equals("system")) {
            message.role = domain::Role::system;
        } else {
            return here.error("role", "user, assistant or system is required");
        }
        TRY_VOID(content(members.get<"content">(), Place(here, "content"), message.parts));
    }
    return {};
}

Result<void> ContentDecoder::content(Value value, const Place& place, std::vector<Part>& parts) {
    if (value.is_string()) {
        append_text(value, parts);
        return {};
    }
    if (!value.is_array()) {
        return place.error({}, "a string or an array of content blocks is required");
    }
    parts.reserve(value.size());
    std::size_t index = 0;
    for (Value each : value.elements()) {
        const Place here(place, index++);
        TRY_VOID(block(each, here, parts));
    }
    return {};
}

Result<void> ContentDecoder::block(Value block, const Place& place, std::vector<Part>& parts) {
    if (!block.is_object()) return place.error({}, "a content block must be an object");
    const BlockMembers members(block);
    const Value named = members.get<"type">();
    if (!named.is_string()) return place.error("type", "a string is required");
    const std::string_view type = named.text(arena_);
    Part& part = parts.emplace_back();
    part.verbatim = block.raw();
    part.cache_control = unless_null(members.get<"cache_control">());
    const auto words = [&](std::string_view name, Value value) -> Result<void> {
        if (!value.is_string()) return place.error(name, "a string is required");
        part.text = value.escaped();
        return {};
    };
    if (type == "text") return words("text", members.get<"text">());
    if (type == "tool_use") return tool_call(members, place, part);
    if (type == "tool_result") return tool_result(members, place, part);
    if (type == "thinking") {
        part.kind = PartKind::thinking;
        part.signature = members.get<"signature">().escaped();
        return words("thinking", members.get<"thinking">());
    }
    if (type == "redacted_thinking") {
        part.kind = PartKind::redacted_thinking;
        return words("data", members.get<"data">());
    }
    if (type == "image" || type == "document") {
        part.kind = type == "image" ? PartKind::image : PartKind::document;
        return media(block, place, part);
    }
    if (type == "search_result") return search_result(block, place, part);
    if (type == "tool_reference") {
        // A loaded tool's name; all tools are sent to targets that cannot load them later.
        const std::string name = block["tool_name"].text();
        part.text = json::escape("Tool available: " + name, arena_);
    } else if (type == "tool_addition" || type == "tool_removal") {
        if (!block["tool"].is_object()) return place.error("tool", "an object is required");
        tool_changes_.push_back({block, place.path()});
        parts.pop_back();
    } else if (hosted_block(block, part)) {
        parts.pop_back();
    }
    return {};
}

// True where the block says nothing. What a provider-run tool gave is told as text to targets that
// know no such blocks; those that the gateway made are text for Anthropic too, which refuses them.
bool ContentDecoder::hosted_block(Value block, Part& part) {
    part.kind = PartKind::hosted;
    part.name = block["type"].text(arena_);
    const bool own = is_own_hosted(block);
    const std::string words = hosted_words(block);
    if (words.empty()) return own;
    part.text.raw = arena_.store(words);
    if (own) part.verbatim = {};
    if (own || part.name != "server_tool_use") part.kind = PartKind::text;
    return false;
}

Result<void> ContentDecoder::tool_call(const BlockMembers& members, const Place& place,
                                       Part& part) {
    part.kind = PartKind::tool_call;
    const Value id = members.get<"id">(), name = members.get<"name">();
    const Value input = members.get<"input">();
    if (!id.is_string()) return place.error("id", "a string is required");
    if (!name.is_string()) return place.error("name", "a string is required");
    if (!input.is_object()) return place.error("input", "an object is required");
    part.id = id.text(arena_);
    part.name = name.text(arena_);
    part.input = input.raw();
    return {};
}

Result<void> ContentDecoder::tool_result(const BlockMembers& members, const Place& place,
                                         Part& part) {
    part.kind = PartKind::tool_result;
    const Value id = members.get<"tool_use_id">();
    if (!id.is_string()) return place.error("tool_use_id", "a string is required");
    part.id = id.text(arena_);
    part.is_error = members.get<"is_error">().boolean().value_or(false);
    const Value inside = members.get<"content">();
    if (!inside.exists() || inside.is_null()) return {};
    return content(inside, Place(place, "content"), part.content);
}

Result<void> ContentDecoder::media(Value block, const Place& place, Part& part) {
    const Value source = block["source"];
    const Place here(place, "source");
    if (!source.is_object()) return here.error({}, "an object is required");
    domain::Media& media = part.media;
    media.title = block["title"].escaped();
    media.context = block["context"].escaped();
    const Value type = source["type"];
    if (type.equals("base64")) {
        media.source = MediaSource::base64;
        if (!source["media_type"].is_string()) {
            return here.error("media_type", "a string is required");
        }
        media.media_type = source["media_type"].text(arena_);
        TRY_VOID(string_member(source, "data", here, media.data));
    } else if (type.equals("url")) {
        media.source = MediaSource::url;
        TRY_VOID(string_member(source, "url", here, media.data));
    } else if (type.equals("file")) {
        media.source = MediaSource::file_id;
        TRY_VOID(string_member(source, "file_id", here, media.data));
    } else if (type.equals("text") && part.kind == PartKind::document) {
        media.source = MediaSource::text;
        media.media_type = "text/plain";
        TRY_VOID(string_member(source, "data", here, media.data));
    } else if (type.equals("content") && part.kind == PartKind::document) {
        media.source = MediaSource::content;
        const Place inside(here, "content");
        TRY_VOID(content(source["content"], inside, part.content));
    } else {
        return here.error("type", part.kind == PartKind::image
                                      ? "base64, url or file is required"
                                      : "base64, url, file, text or content is required");
    }
    return {};
}

Result<void> ContentDecoder::search_result(Value block, const Place& place, Part& part) {
    part.kind = PartKind::document;
    part.media.source = MediaSource::content;
    part.media.title = block["title"].escaped();
    part.media.context = block["source"].escaped();
    const Place here(place, "content");
    return content(block["content"], here, part.content);
}

}  // namespace tollgate::dialect::anthropic
