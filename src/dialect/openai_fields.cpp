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

}  // namespace tollgate::dialect::openai_chat
