// Words of Anthropic's answers that both directions share: usage, stop reasons, error types, ids.
#include "dialect/anthropic.hpp"

namespace tollgate::dialect::anthropic {

using domain::ErrorClass;
using domain::StopReason;

domain::Usage read_usage(json::Value usage) {
    domain::Usage read;
    std::int64_t written = -1;
    std::string unescaped;
    // One walk: every answer is asked for all of them.
    const json::Value::Range members = usage.members();
    for (auto at = members.begin(); at != members.end(); ++at) {
        std::string_view key = at.key().escaped().raw;
        if (at.key().may_have_escapes()) [[unlikely]]
            key = unescaped = at.key().text();
        const json::Value value = *at;
        const auto take = [&](std::string_view name, std::int64_t& into) {
            if (key != name) return false;
            if (into < 0) into = value.integer().value_or(-1);
            return true;
        };
        if (take("input_tokens", read.input) || take("output_tokens", read.output) ||
            take("cache_read_input_tokens", read.cache_read) ||
            take("cache_creation_input_tokens", written)) {
            continue;
        }
        if (key == "cache_creation") {
            read.cache_write_5m = value["ephemeral_5m_input_tokens"].integer().value_or(-1);
            read.cache_write_1h = value["ephemeral_1h_input_tokens"].integer().value_or(-1);
        } else if (key == "server_tool_use") {
            read.web_searches = value["web_search_requests"].integer().value_or(-1);
        } else if (key == "output_tokens_details") {
            read.reasoning = value["thinking_tokens"].integer().value_or(-1);
        }
    }
    if (written >= 0 && read.cache_write_5m < 0 && read.cache_write_1h < 0) {
        read.cache_write_5m = written;  // who does not say how long writes for five minutes
    }
    return read;
}

void write_usage(json::Writer& writer, const domain::Usage& usage) {
    using domain::Usage;
    writer.begin_object().integer("input_tokens", Usage::or_zero(usage.input));
    writer.integer("cache_creation_input_tokens", usage.cache_write());
    writer.integer("cache_read_input_tokens", Usage::or_zero(usage.cache_read));
    writer.key("cache_creation").begin_object();
    writer.integer("ephemeral_5m_input_tokens", Usage::or_zero(usage.cache_write_5m));
    writer.integer("ephemeral_1h_input_tokens", Usage::or_zero(usage.cache_write_1h));
    writer.end_object().integer("output_tokens", Usage::or_zero(usage.output));
    if (usage.web_searches > 0) {
        writer.key("server_tool_use").begin_object();
        writer.integer("web_search_requests", usage.web_searches).end_object();
    }
    writer.end_object();
}

namespace {
struct StopName {
    StopReason reason;
    std::string_view name;
};
constexpr StopName stop_names[] = {
    {StopReason::end_turn, "end_turn"},
    {StopReason::max_tokens, "max_tokens"},
    {StopReason::tool_use, "tool_use"},
    {StopReason::stop_sequence, "stop_sequence"},
    {StopReason::refusal, "refusal"},
    {StopReason::pause_turn, "pause_turn"},
    {StopReason::context_window, "model_context_window_exceeded"},
};

struct ErrorType {
    ErrorClass error_class;
    std::string_view type;
};
// The first row of a class names it on the way out.
constexpr ErrorType error_types[] = {
    {ErrorClass::rate_limited, "rate_limit_error"},
    {ErrorClass::overloaded, "overloaded_error"},
    {ErrorClass::provider_fault, "api_error"},
    {ErrorClass::timeout, "timeout_error"},
    {ErrorClass::bad_request, "invalid_request_error"},
    {ErrorClass::context_overflow, "invalid_request_error"},
    {ErrorClass::content_policy, "invalid_request_error"},
    {ErrorClass::credential, "api_error"},
    {ErrorClass::credential, "authentication_error"},
    {ErrorClass::credential, "permission_error"},
    {ErrorClass::credential, "billing_error"},
    {ErrorClass::bad_request, "not_found_error"},
    {ErrorClass::bad_request, "request_too_large"},
};
}  // namespace

StopReason read_stop_reason(std::string_view reason) {
    for (const StopName& each : stop_names) {
        if (each.name == reason) return each.reason;
    }
    return StopReason::end_turn;
}

std::string_view stop_reason_name(StopReason reason) {
    for (const StopName& each : stop_names) {
        if (each.reason == reason) return each.name;
    }
    return "end_turn";
}

ErrorClass class_of_type(std::string_view type) {
    if (type == "api_error") return ErrorClass::provider_fault;
    for (const ErrorType& each : error_types) {
        if (each.type == type) return each.error_class;
    }
    return ErrorClass::none;
}

std::string_view type_of_class(ErrorClass error_class) {
    for (const ErrorType& each : error_types) {
        if (each.error_class == error_class) return each.type;
    }
    return "api_error";
}

std::string answer_id(std::string_view provider_id, std::string_view request_id) {
    constexpr std::string_view prefix = "msg_";
    if (provider_id.starts_with(prefix)) return std::string(provider_id);
    std::string id(prefix);
    for (char c : request_id.empty() ? provider_id : request_id) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (letter || (c >= '0' && c <= '9') || c == '_') id += c;
    }
    return id;
}

}  // namespace tollgate::dialect::anthropic
