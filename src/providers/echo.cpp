#include "providers/echo.hpp"

#include <algorithm>

#include "providers/echo_plan.hpp"
#include "providers/registry.hpp"
#include "providers/retry_after.hpp"

namespace tollgate::providers {
namespace {

using domain::Protocol;

constexpr std::size_t fragment_bytes = 24;  // of a tool call's input per event

// Ids allow letters, digits, '_' and '-' only.
std::string id_of(std::string_view prefix, std::string_view request_id) {
    std::string id(prefix);
    for (char c : request_id) {
        bool allowed = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                       (c >= 'a' && c <= 'z') || c == '_';
        if (allowed) id += c;
    }
    return id;
}

std::string call_id(std::string_view request_id, std::size_t index) {
    return id_of("toolu_", request_id) + "_" + std::to_string(index);
}

std::string_view error_type(int status) {
    switch (status) {
        case 400: return "invalid_request_error";
        case 401: return "authentication_error";
        case 402: return "billing_error";
        case 403: return "permission_error";
        case 404: return "not_found_error";
        case 413: return "request_too_large";
        case 429: return "rate_limit_error";
        case 504: return "timeout_error";
        case 529: return "overloaded_error";
        default: return status < 500 ? "invalid_request_error" : "api_error";
    }
}

std::string error_body(int status, std::string_view request_id) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object().string("type", "error").key("error").begin_object();
    writer.string("type", error_type(status));
    writer.string("message", "The echo provider was told to fail with " + std::to_string(status));
    writer.end_object().string("request_id", request_id).end_object();
    return out;
}

void write_usage(json::Writer& writer, const domain::Usage& usage, std::int64_t output) {
    writer.key("usage").begin_object();
    writer.integer("input_tokens", usage.input).integer("cache_creation_input_tokens", 0);
    writer.integer("cache_read_input_tokens", 0).integer("output_tokens", output).end_object();
}

void write_stop(json::Writer& writer, const EchoPlan& plan) {
    writer.string("stop_reason", plan.stop_reason).key("stop_sequence");
    if (plan.stop_sequence.empty()) writer.null();
    else writer.string(plan.stop_sequence);
}

// Writes the members of a message that come before its content.
void write_head(json::Writer& writer, const domain::Request& request,
                std::string_view request_id) {
    writer.string("id", id_of("msg_", request_id)).string("type", "message");
    writer.string("role", "assistant").string("model", request.alias);
}

std::string answer_body(const domain::Request& request, const EchoPlan& plan,
                        std::string_view request_id) {
    std::string out, text;
    for (const auto& word : plan.words) text += word;
    json::Writer writer(out);
    writer.begin_object();
    write_head(writer, request, request_id);
    writer.key("content").begin_array();
    writer.begin_object().string("type", "text").string("text", text).end_object();
    for (std::size_t i = 0; i < plan.calls.size(); ++i) {
        writer.begin_object().string("type", "tool_use").string("id", call_id(request_id, i));
        writer.string("name", plan.calls[i].name).raw("input", plan.calls[i].input).end_object();
    }
    writer.end_array();
    write_stop(writer, plan);
    write_usage(writer, plan.usage, plan.usage.output);
    writer.end_object();
    return out;
}

// Writes Anthropic stream events into the steps of a script.
class Script {
public:
    explicit Script(std::vector<EchoStep>& steps) : steps_(steps) {}

    void step(std::chrono::milliseconds delay) { steps_.push_back({delay, {}}); }

    void start(const domain::Request& request, const EchoPlan& plan, std::string_view request_id) {
        frame("message_start", [&](json::Writer& writer) {
            writer.key("message").begin_object();
            write_head(writer, request, request_id);
            writer.key("content").begin_array().end_array();
            writer.key("stop_reason").null().key("stop_sequence").null();
            write_usage(writer, plan.usage, 1);
            writer.end_object();
        });
    }
    void text_start(std::size_t index) {
        frame("content_block_start", [&](json::Writer& writer) {
            writer.integer("index", static_cast<std::int64_t>(index)).key("content_block");
            writer.begin_object().string("type", "text").string("text", "").end_object();
        });
    }
    void tool_start(std::size_t index, std::string_view id, std::string_view name) {
        frame("content_block_start", [&](json::Writer& writer) {
            writer.integer("index", static_cast<std::int64_t>(index)).key("content_block");
            writer.begin_object().string("type", "tool_use").string("id", id).string("name", name);
            writer.key("input").begin_object().end_object().end_object();
        });
    }
    void delta(std::size_t index, std::string_view type, std::string_view field,
               std::string_view text) {
        frame("content_block_delta", [&](json::Writer& writer) {
            writer.integer("index", static_cast<std::int64_t>(index)).key("delta").begin_object();
            writer.string("type", type).string(field, text).end_object();
        });
    }
    void block_stop(std::size_t index) {
        frame("content_block_stop", [&](json::Writer& writer) {
            writer.integer("index", static_cast<std::int64_t>(index));
        });
    }
    void stop(const EchoPlan& plan) {
        frame("message_delta", [&](json::Writer& writer) {
            writer.key("delta").begin_object();
            write_stop(writer, plan);
            writer.end_object();
            write_usage(writer, plan.usage, plan.usage.output);
        });
        frame("message_stop", [](json::Writer&) {});
    }
    void error() {
        frame("error", [](json::Writer& writer) {
            writer.key("error").begin_object().string("type", "overloaded_error");
            writer.string("message", "The echo provider was told to fail mid-stream").end_object();
        });
    }

private:
    template <typename Members>
    void frame(std::string_view event, Members&& members) {
        std::string& out = steps_.back().bytes;
        out.append("event: ").append(event).append("\ndata: ");
        json::Writer writer(out);
        writer.begin_object().string("type", event);
        members(writer);
        writer.end_object();
        out += "\n\n";
    }
    std::vector<EchoStep>& steps_;
};

void stream_call(Script& script, const EchoToolCall& call, std::size_t block,
                 std::string_view id) {
    script.tool_start(block, id, call.name);
    for (std::size_t at = 0; at < call.input.size();) {
        auto end = std::min(at + fragment_bytes, call.input.size());
        // A fragment must be whole UTF-8: it stands in a JSON string of its own.
        while (end < call.input.size() && (call.input[end] & 0xC0) == 0x80) ++end;
        script.delta(block, "input_json_delta", "partial_json",
                     std::string_view(call.input).substr(at, end - at));
        at = end;
    }
    script.block_stop(block);
}

}  // namespace

EchoAnswer echo_answer(const domain::Request& request, std::string_view request_id, bool stream) {
    EchoPlan plan = plan_echo(request);
    EchoAnswer answer{plan.status, "application/json", {}, false};
    if (plan.status != 200) {
        answer.steps.push_back({plan.delay, error_body(plan.status, request_id)});
        return answer;
    }
    if (!stream) {
        auto delay = plan.delay + plan.word_delay * static_cast<int>(plan.words.size());
        answer.steps.push_back({delay, answer_body(request, plan, request_id)});
        return answer;
    }
    answer.content_type = "text/event-stream";
    Script script(answer.steps);
    script.step(plan.delay);
    script.start(request, plan, request_id);
    script.text_start(0);
    std::size_t words = plan.mid_stream == EchoBreak::none ? plan.words.size()
                                                           : (plan.words.size() + 1) / 2;
    for (std::size_t i = 0; i < words; ++i) {
        script.step(plan.word_delay);
        script.delta(0, "text_delta", "text", plan.words[i]);
    }
    if (plan.mid_stream != EchoBreak::none) {
        answer.cut = plan.mid_stream == EchoBreak::cut;
        if (!answer.cut) script.error();
        return answer;
    }
    script.block_stop(0);
    for (std::size_t i = 0; i < plan.calls.size(); ++i) {
        script.step(plan.word_delay);
        stream_call(script, plan.calls[i], i + 1, call_id(request_id, i));
    }
    script.step(std::chrono::milliseconds(0));
    script.stop(plan);
    return answer;
}

Description Echo::describe() const { return {"echo", "Echo (built in)", {}}; }

Protocol Echo::protocol_for(const domain::Deployment&, const dialect::Outline&,
    Protocol) const {
    return Protocol::anthropic;
}

const dialect::ProviderDialect& Echo::dialect(Protocol) const { return *dialects_.anthropic; }

std::string Echo::relay_path(const domain::Deployment&, Protocol, std::string_view, bool) const {
    return "/v1/messages";
}

HeaderList Echo::headers(const domain::Deployment&, Protocol, const http::Headers&) const {
    return {};
}

ErrorVerdict Echo::classify_error(int status, const http::Headers& headers, std::string_view body,
                                  Protocol protocol) const {
    return {dialect(protocol).decode_error(status, body), retry_after(status, headers)};
}

}  // namespace tollgate::providers
