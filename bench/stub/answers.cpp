#include "stub/answers.hpp"

#include "stub/wire.hpp"

#include <cstdio>
#include <string_view>

namespace bench {
namespace {

constexpr std::string_view stamp_marker = "~t";
constexpr std::string_view stamp_place = "0000000000000000";
constexpr std::string_view openai_chunk_start =
    R"(data: {"id":"chatcmpl-bench0001","object":"chat.completion.chunk","created":1763700000,)"
    R"("model":"stub-model","system_fingerprint":"fp_bench",)";

std::string chunk(std::string_view payload) {
    char size[20];
    const int digits = std::snprintf(size, sizeof size, "%zx\r\n", payload.size());
    return std::string(size, static_cast<std::size_t>(digits)) + std::string(payload) + "\r\n";
}

std::string_view reason(std::uint32_t status) {
    switch (status) {
        case 200: return "OK";
        case 400: return "Bad Request";
        case 404: return "Not Found";
        case 429: return "Too Many Requests";
        case 500: return "Internal Server Error";
        case 503: return "Service Unavailable";
        case 529: return "Overloaded";
        default: return "Status";
    }
}

std::string head_of(std::uint32_t status, std::string_view fields) {
    return "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason(status)) +
           "\r\nx-body-hash: " + std::string(stamp_place) + "\r\n" + std::string(fields) + "\r\n";
}

std::string json_message(std::uint32_t status, const std::string& body, std::string_view extra) {
    return head_of(status, "content-type: application/json\r\ncontent-length: " +
                               std::to_string(body.size()) + "\r\n" + std::string(extra)) + body;
}

std::string filler(std::size_t size, bool utf8) {
    std::string text;
    if (!utf8) {
        constexpr std::string_view words = " the quick answer of a model";
        while (text.size() < size) text += words;
        text.resize(size);
        return text;
    }
    while (text.size() < size) text += "\xF0\x9F\x9A\x82";
    return text;
}

std::string event_text(const AnswerOptions& options) {
    const auto fixed = stamp_marker.size() + stamp_place.size();
    const auto size = options.size > fixed ? options.size - fixed : 0;
    return std::string(stamp_marker) + std::string(stamp_place) + filler(size, options.utf8);
}

std::string anthropic_event(std::string_view name, const std::string& data) {
    return chunk("event: " + std::string(name) + "\ndata: " + data + "\n\n");
}

std::string error_body(Dialect dialect, std::uint32_t status) {
    if (dialect != Dialect::anthropic) {
        const auto* type = status == 429 ? "rate_limit_exceeded" : "server_error";
        return std::string(R"({"error":{"message":"stub error","type":")") + type +
               R"(","param":null,"code":")" + type + R"("}})";
    }
    const auto* type = status == 429   ? "rate_limit_error"
                       : status == 529 ? "overloaded_error"
                       : status == 400 ? "invalid_request_error"
                                       : "api_error";
    return std::string(R"({"type":"error","error":{"type":")") + type +
           R"(","message":"stub error"},"request_id":"req_bench"})";
}

std::string reply_body(Dialect dialect, const AnswerOptions& options) {
    const auto text = filler(options.reply, options.utf8);
    if (dialect == Dialect::anthropic) {
        return R"({"id":"msg_bench0001","type":"message","role":"assistant","model":"stub-model",)"
               R"("content":[{"type":"text","text":")" +
               text +
               R"("}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":25,)"
               R"("cache_creation_input_tokens":0,"cache_read_input_tokens":0,)"
               R"("output_tokens":12}})";
    }
    if (dialect != Dialect::openai_chat) return wire_reply(dialect, text);
    return R"({"id":"chatcmpl-bench0001","object":"chat.completion","created":1763700000,)"
           R"("model":"stub-model","choices":[{"index":0,"message":{"role":"assistant",)"
           R"("content":")" +
           text +
           R"(","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":)"
           R"(25,"completion_tokens":12,"total_tokens":37,"prompt_tokens_details":)"
           R"({"cached_tokens":0}},"system_fingerprint":"fp_bench"})";
}

void prepare_anthropic_stream(const AnswerOptions& options, Answer& answer) {
    if (options.error_first) {
        answer.head += anthropic_event(
            "error",
            R"({"type":"error","error":{"type":"overloaded_error","message":"stub error"}})");
        return;
    }
    answer.head += anthropic_event(
        "message_start",
        R"({"type":"message_start","message":{"id":"msg_bench0001","type":"message",)"
        R"("role":"assistant","model":"stub-model","content":[],"stop_reason":null,)"
        R"("stop_sequence":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":0,)"
        R"("cache_read_input_tokens":0,"output_tokens":1}}})");
    answer.head += anthropic_event(
        "content_block_start",
        R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})");
    answer.head += anthropic_event("ping", R"({"type":"ping"})");
    answer.event = anthropic_event(
        "content_block_delta",
        R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":")" +
            event_text(options) + R"("}})");
    answer.ending =
        anthropic_event("content_block_stop", R"({"type":"content_block_stop","index":0})") +
        anthropic_event(
            "message_delta",
            R"({"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},)"
            R"("usage":{"output_tokens":)" + std::to_string(options.chunks + 1) + "}}") +
        anthropic_event("message_stop", R"({"type":"message_stop"})");
}

void prepare_openai_stream(const AnswerOptions& options, bool with_usage, Answer& answer) {
    const std::string start(openai_chunk_start);
    if (options.error_first) {
        answer.head += chunk("data: " + error_body(Dialect::openai_chat, 500) + "\n\n");
        return;
    }
    answer.head += chunk(
        start + R"("choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},)"
                R"("logprobs":null,"finish_reason":null}]})" "\n\n");
    answer.event = chunk(start + R"("choices":[{"index":0,"delta":{"content":")" +
                         event_text(options) +
                         R"("},"logprobs":null,"finish_reason":null}]})" "\n\n");
    answer.ending = chunk(
        start + R"("choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]})"
                "\n\n");
    if (with_usage) {
        answer.ending += chunk(
            start + R"("choices":[],"usage":{"prompt_tokens":25,"completion_tokens":)" +
            std::to_string(options.chunks + 1) + R"(,"total_tokens":)" +
            std::to_string(options.chunks + 26) +
            R"(,"prompt_tokens_details":{"cached_tokens":0}}})" "\n\n");
    }
    answer.ending += chunk("data: [DONE]\n\n");
}

void prepare_wire_stream(Dialect dialect, const AnswerOptions& options, Answer& answer) {
    if (options.error_first) {
        answer.head += chunk("data: " + error_body(dialect, 500) + "\n\n");
        return;
    }
    const WireStream stream = wire_stream(dialect, event_text(options));
    if (!stream.start.empty()) answer.head += chunk(stream.start);
    answer.event = chunk(stream.event);
    answer.ending = chunk(stream.ending);
    if (dialect == Dialect::converse) {
        constexpr std::size_t checksum_and_chunk_end = 6;
        answer.crc_from = answer.event.find('\n') + 1;
        answer.crc_at = answer.event.size() - checksum_and_chunk_end;
    }
}

std::string_view stream_type(Dialect dialect) {
    const bool wire = dialect != Dialect::anthropic && dialect != Dialect::openai_chat;
    return wire ? wire_stream(dialect, {}).content_type : "text/event-stream; charset=utf-8";
}

}  // namespace

Answer prepare_answer(Dialect dialect, bool streamed, bool with_usage,
                      const AnswerOptions& options) {
    Answer answer;
    if (options.status != 200) {
        const bool retry =
            options.status == 429 || options.status == 503 || options.status == 529;
        const auto extra =
            retry ? "retry-after: " + std::to_string(options.retry_after_s) + "\r\n" : "";
        answer.head = json_message(options.status, error_body(dialect, options.status), extra);
    } else if (!streamed) {
        answer.head = json_message(200, reply_body(dialect, options), "");
    } else {
        answer.streamed = true;
        answer.head = head_of(200, "content-type: " + std::string(stream_type(dialect)) +
                                       "\r\ncache-control: no-cache\r\n"
                                       "transfer-encoding: chunked\r\n");
        switch (dialect) {
            case Dialect::anthropic: prepare_anthropic_stream(options, answer); break;
            case Dialect::openai_chat: prepare_openai_stream(options, with_usage, answer); break;
            default: prepare_wire_stream(dialect, options, answer);
        }
        answer.ending += "0\r\n\r\n";
        answer.stamp_at = answer.event.find(stamp_marker) + stamp_marker.size();
        // Two bytes into the first character after the stamp: inside a UTF-8 sequence.
        if (options.utf8) answer.split_at = answer.stamp_at + stamp_place.size() + 2;
        if (options.split != 0) answer.split_at = options.split;
        if (answer.split_at >= answer.event.size()) answer.split_at = 0;
    }
    answer.hash_at = answer.head.find(stamp_place);
    return answer;
}

std::string plain_answer(std::uint32_t status, const std::string& body) {
    return json_message(status, body, "");
}

}  // namespace bench
