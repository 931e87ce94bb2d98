#include "dialect/openai_fields.hpp"

#include "dialect/openai_chat_decode.hpp"

namespace tollgate::dialect::openai_chat {

using domain::Request;
using json::Value;

namespace {

base::Result<void> number(Value root, std::string_view name, json::Raw& out) {
    const Value value = root[name];
    if (!is_set(value)) return {};
    if (!value.number()) return field_error(name, "must be a number");
    out = value.raw();
    return {};
}

}  // namespace

base::Result<void> decode_sampling(Value root, Request& request) {
    TRY_VOID(number(root, "temperature", request.temperature));
    TRY_VOID(number(root, "top_p", request.top_p));
    TRY_VOID(number(root, "top_k", request.top_k));
    TRY_VOID(number(root, "presence_penalty", request.presence_penalty));
    TRY_VOID(number(root, "frequency_penalty", request.frequency_penalty));
    return number(root, "seed", request.seed);
}

base::Result<void> decode_max_tokens(Value root, std::string_view field, Request& request) {
    const Value value = root[field];
    if (!is_set(value)) return {};
    const auto limit = value.integer();
    if (!limit || *limit < 1) return field_error(field, "must be a whole number above 0");
    request.max_output_tokens = limit;
    return {};
}

base::Result<void> decode_stop(Value root, Request& request) {
    const Value stop = root["stop"];
    if (!is_set(stop)) return {};
    if (stop.is_string()) {
        if (!stop.string_empty()) request.stop_sequences.push_back(stop.escaped());
        return {};
    }
    if (!stop.is_array()) return field_error("stop", "must be a string or a list of strings");
    for (const Value each : stop.elements()) {
        if (!each.is_string()) return field_error("stop", "must hold strings only");
        if (!each.string_empty()) request.stop_sequences.push_back(each.escaped());
    }
    return {};
}

base::Result<void> decode_streaming(Value root, Request& request) {
    const Value stream = root["stream"];
    if (is_set(stream)) {
        if (!stream.boolean()) return field_error("stream", "must be true or false");
        request.stream = *stream.boolean();
    }
    request.include_usage = root["stream_options"]["include_usage"].boolean().value_or(false);
    return {};
}

base::Result<void> decode_power_level(Value root) {
    const Value level = root["power_level"];
    if (is_set(level) && !level.equals("eco") && !level.equals("balanced") &&
        !level.equals("precision")) {
        return field_error("power_level", "must be eco, balanced or precision");
    }
    return {};
}

void decode_arguments(Value value, base::Arena& arena, domain::Part& call) {
    call.input = "{}";
    if (value.is_object()) {
        call.input = value.raw();
        return;
    }
    const std::string_view text = value.text(arena);
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return;
    json::Document document;
    const base::Result<Value> inside = document.parse(text);
    if (inside.ok() && inside->is_object()) {
        call.input = inside->raw();
        // A U+FFFD may stand for half a character, which is not to be passed on.
        const bool whole = text.find('\xEF') == std::string_view::npos;
        if (whole && call.input.size() == text.size()) call.spelled_input = value.escaped();
        return;
    }
    if (inside.ok() && inside->is_null()) return;
    std::string kept = "{\"arguments\":";
    json::append_string(kept, text);
    kept += '}';
    call.input = arena.store(kept);
}

base::Result<void> decode_url(Value url, std::string_view field, domain::Media& media,
                              base::Arena& arena) {
    if (!url.is_string()) return field_error(field, "is required: a string");
    if (url.escaped().raw.starts_with("data:")) {
        return decode_data_url(url.escaped(), field, media, arena);
    }
    const std::string_view text = url.text(arena);
    if (!text.starts_with("https://") && !text.starts_with("http://")) {
        return field_error(field, "must be a data: or http(s) URL");
    }
    media.source = domain::MediaSource::url;
    media.data = url.escaped();
    return {};
}

base::Result<void> decode_data_url(json::Escaped url, std::string_view field,
                                   domain::Media& media, base::Arena& arena) {
    std::string_view text = url.raw;
    if (text.find('\\') != std::string_view::npos) text = json::unescape(url, arena);
    const std::size_t comma = text.find(',');
    std::string_view head = text.substr(0, comma);
    if (comma == std::string_view::npos || !head.ends_with(";base64")) {
        return field_error(field, "must be a base64 data URL: data:TYPE;base64,DATA");
    }
    head = head.substr(5);  // behind data:
    media.media_type = head.substr(0, head.find(';'));
    media.source = domain::MediaSource::base64;
    media.data = {text.substr(comma + 1)};
    if (media.data.raw.find_first_of("\"\\\r\n") != std::string_view::npos) {
        return field_error(field, "holds characters that are not base64");
    }
    return {};
}

}  // namespace tollgate::dialect::openai_chat
