// The response object, which repeats what the request asked for.
#include <algorithm>
#include <array>

#include "dialect/openai_responses_encode.hpp"

namespace tollgate::dialect::openai_responses {
namespace {

// What an answer says of a field that the request did not name.
struct Echo {
    std::string_view name, otherwise;
};
constexpr std::array<Echo, 4> before_model = {{
    {"instructions", "null"},
    {"max_output_tokens", "null"},
    {"max_tool_calls", "null"},
    {"metadata", "{}"},
}};
constexpr std::array<Echo, 14> behind_output = {{
    {"parallel_tool_calls", "true"},
    {"previous_response_id", "null"},
    {"prompt_cache_key", "null"},
    {"reasoning", R"({"effort":null,"summary":null})"},
    {"safety_identifier", "null"},
    {"service_tier", R"("default")"},
    {"store", "false"},
    {"temperature", "null"},
    {"text", R"({"format":{"type":"text"}})"},
    {"tool_choice", R"("auto")"},
    {"tools", "[]"},
    {"top_p", "null"},
    {"truncation", R"("disabled")"},
    {"user", "null"},
}};
// Longer ones are not repeated: each open stream would hold them to its end.
constexpr std::size_t echo_bytes_max = 8 * 1024;

bool is_echoed(std::string_view name) {
    auto has = [name](const Echo& echo) { return echo.name == name; };
    return std::ranges::any_of(before_model, has) || std::ranges::any_of(behind_output, has);
}

template <std::size_t count>
void write_echo(json::Writer& writer, const std::array<Echo, count>& fields,
                const EncoderOptions& options) {
    for (const Echo& field : fields) {
        const auto& echoes = options.described().echo;
        const auto given = std::ranges::find_if(
            echoes, [&](const auto& echo) { return echo.first == field.name; });
        writer.raw(field.name,
                   given == echoes.end() ? field.otherwise : std::string_view(given->second));
    }
}

void write_usage(json::Writer& writer, const domain::Usage& usage) {
    const std::int64_t output = domain::Usage::or_zero(usage.output);
    writer.begin_object().integer("input_tokens", usage.prompt());
    writer.key("input_tokens_details").begin_object();
    writer.integer("cached_tokens", domain::Usage::or_zero(usage.cache_read));
    writer.integer("cache_write_tokens", usage.cache_write()).end_object();
    writer.integer("output_tokens", output).key("output_tokens_details").begin_object();
    writer.integer("reasoning_tokens", domain::Usage::or_zero(usage.reasoning)).end_object();
    writer.integer("total_tokens", usage.prompt() + output).end_object();
}

}  // namespace

std::string answer_id(std::string_view provider_id, std::string_view request_id) {
    constexpr std::string_view mark = "resp_";
    if (provider_id.starts_with(mark)) return std::string(provider_id);
    std::string out(mark);
    out += request_id.empty() ? provider_id : request_id;
    return out;
}

std::shared_ptr<const AnswerDescription> describe_answer(const domain::Request& request,
                                                         const Outline& outline) {
    auto made = std::make_shared<AnswerDescription>();
    for (const domain::Tool& tool : request.tools) {
        if (tool.call_shape == domain::CallShape::function && tool.name_space.empty()) continue;
        made->tools.push_back({std::string(tool.name), tool.call_shape,
                               std::string(tool.name_space), std::string(tool.client_name)});
    }
    std::size_t bytes = 0;
    for (const json::TopField& field : outline.fields) {
        if (!is_echoed(field.key) || field.value == "null") continue;
        if (field.key == "store" || bytes + field.value.size() > echo_bytes_max) continue;
        bytes += field.value.size();
        // A line end between its tokens would end the line of a stream's frame.
        std::string& value = made->echo.emplace_back(field.key, std::string()).second;
        json::append_compact(value, field.value);
    }
    return made;
}

void write_response(json::Writer& writer, std::string_view id, const EncoderOptions& options,
                    const Standing& standing) {
    writer.begin_object().string("id", id).string("object", "response");
    writer.integer("created_at", options.created).string("status", standing.status);
    writer.boolean("background", false).key("error");
    if (standing.error_code.empty()) {
        writer.null();
    } else {
        writer.begin_object().string("code", standing.error_code);
        writer.escaped("message", standing.error_message).end_object();
    }
    writer.key("incomplete_details");
    if (standing.incomplete_reason.empty()) {
        writer.null();
    } else {
        writer.begin_object().string("reason", standing.incomplete_reason).end_object();
    }
    write_echo(writer, before_model, options);
    writer.string("model", options.model).key("output").begin_array();
    if (standing.output != nullptr) {
        for (const std::string& item : *standing.output) {
            if (!item.empty()) writer.raw(item);
        }
    }
    writer.end_array();
    write_echo(writer, behind_output, options);
    writer.key("usage");
    if (standing.usage != nullptr) {
        write_usage(writer, *standing.usage);
    } else {
        writer.null();
    }
    writer.end_object();
}

std::string_view error_code(base::ErrorCode code) {
    switch (code) {
        case base::ErrorCode::rate_limited: return "rate_limit_exceeded";
        case base::ErrorCode::invalid_request: return "invalid_prompt";
        default: return "server_error";
    }
}

std::string_view error_code(domain::ErrorClass error_class) {
    switch (error_class) {
        case domain::ErrorClass::rate_limited: return "rate_limit_exceeded";
        case domain::ErrorClass::context_overflow: return "context_length_exceeded";
        case domain::ErrorClass::content_policy:
        case domain::ErrorClass::bad_request: return "invalid_prompt";
        default: return "server_error";
    }
}

void write_error_members(json::Writer& writer, std::string_view code, json::Escaped message) {
    std::string_view type = "server_error";
    if (code == "rate_limit_exceeded") type = "rate_limit_error";
    if (code == "invalid_prompt" || code == "context_length_exceeded") {
        type = "invalid_request_error";
    }
    writer.string("code", code).escaped("message", message).key("param").null();
    writer.key("error").begin_object().string("type", type).string("code", code);
    writer.escaped("message", message).key("param").null().end_object();
}

std::string encode_stream_error(int, const base::Error& error, std::string_view request_id) {
    std::string message;
    json::append_escaped(message, error.message);
    std::string out = "event: error\ndata: ";
    json::Writer first(out);
    first.begin_object().string("type", "error");
    write_error_members(first, error_code(error.code), {message});
    first.end_object();
    out += "\n\nevent: response.failed\ndata: ";
    json::Writer writer(out);
    writer.begin_object().string("type", "response.failed").key("response").begin_object();
    writer.string("id", answer_id({}, request_id)).string("object", "response");
    writer.string("status", "failed").key("error").begin_object();
    writer.string("code", error_code(error.code)).string("message", error.message).end_object();
    writer.key("output").begin_array().end_array().end_object().end_object();
    out += "\n\n";
    return out;
}

}  // namespace tollgate::dialect::openai_responses
