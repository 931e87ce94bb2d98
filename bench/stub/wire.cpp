#include "stub/wire.hpp"

#include <array>
#include <stdexcept>

namespace bench {
namespace {

constexpr std::string_view response_id = R"("id":"resp_bench0001","object":"response",)"
                                         R"("created_at":1763700000,"model":"stub-model",)";
constexpr std::string_view response_usage =
    R"("usage":{"input_tokens":25,"input_tokens_details":{"cached_tokens":0},)"
    R"("output_tokens":12,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":37})";
constexpr std::string_view gemini_usage =
    R"("usageMetadata":{"promptTokenCount":25,"candidatesTokenCount":12,"totalTokenCount":37},)"
    R"("modelVersion":"stub-model","responseId":"bench0001")";

std::string event(std::string_view name, const std::string& data) {
    return "event: " + std::string(name) + "\ndata: " + data + "\n\n";
}

// Events of Responses name themselves in their data as well.
std::string response_event(std::string_view name, const std::string& fields) {
    return event(name, R"({"type":")" + std::string(name) + "\"," + fields + "}");
}

std::string response_item(const std::string& text, std::string_view status) {
    return R"({"type":"message","id":"msg_bench0001","status":")" + std::string(status) +
           R"(","role":"assistant","content":[)" +
           (text.empty() ? std::string()
                         : R"({"type":"output_text","text":")" + text +
                               R"(","annotations":[],"logprobs":[]})") +
           "]}";
}

std::string response_whole(const std::string& text) {
    return "{" + std::string(response_id) + R"("status":"completed","error":null,"output":[)" +
           response_item(text, "completed") + "]," + std::string(response_usage) + "}";
}

WireStream responses_stream(const std::string& text) {
    const auto begun = R"("response":{)" + std::string(response_id) +
                       R"("status":"in_progress","output":[]})";
    const std::string place =
        R"("item_id":"msg_bench0001","output_index":0,"content_index":0,)";
    const std::string part = R"("part":{"type":"output_text","text":"","annotations":[]})";
    WireStream stream;
    stream.start =
        response_event("response.created", begun + R"(,"sequence_number":0)") +
        response_event("response.output_item.added",
                       R"("output_index":0,"item":)" + response_item("", "in_progress")) +
        response_event("response.content_part.added", place + part);
    stream.event =
        response_event("response.output_text.delta", place + R"("delta":")" + text + "\"");
    stream.ending =
        response_event("response.output_text.done", place + R"("text":"done")") +
        response_event("response.content_part.done", place + part) +
        response_event("response.output_item.done",
                       R"("output_index":0,"item":)" + response_item("done", "completed")) +
        response_event("response.completed", R"("response":)" + response_whole("done"));
    return stream;
}

std::string gemini_part(const std::string& text, std::string_view after) {
    return R"({"candidates":[{"content":{"parts":[{"text":")" + text +
           R"("}],"role":"model"})" + std::string(after) + R"("index":0}],)" +
           std::string(gemini_usage) + "}";
}

WireStream gemini_stream(const std::string& text) {
    WireStream stream;
    stream.event = "data: " + gemini_part(text, ",") + "\r\n\r\n";
    stream.ending = "data: " + gemini_part("", R"(,"finishReason":"STOP",)") + "\r\n\r\n";
    return stream;
}

WireStream converse_stream(const std::string& text) {
    WireStream stream;
    stream.content_type = "application/vnd.amazon.eventstream";
    stream.start = aws_message("messageStart", R"({"role":"assistant","p":"abcd"})");
    stream.event = aws_message("contentBlockDelta", R"({"contentBlockIndex":0,"delta":{"text":")" +
                                                        text + R"("},"p":"abc"})");
    stream.ending =
        aws_message("contentBlockStop", R"({"contentBlockIndex":0,"p":"ab"})") +
        aws_message("messageStop", R"({"stopReason":"end_turn","p":"abc"})") +
        aws_message("metadata", R"({"usage":{"inputTokens":25,"outputTokens":12,)"
                                R"("totalTokens":37},"metrics":{"latencyMs":3}})");
    return stream;
}

WireStream cohere_stream(const std::string& text) {
    WireStream stream;
    stream.start =
        event("message-start",
              R"({"id":"bench0001","type":"message-start","delta":{"message":{"role":)"
              R"("assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}})") +
        event("content-start", R"({"type":"content-start","index":0,"delta":{"message":)"
                               R"({"content":{"type":"text","text":""}}}})");
    stream.event = event("content-delta",
                         R"({"type":"content-delta","index":0,"delta":{"message":{"content":)"
                         R"({"text":")" + text + R"("}}}})");
    stream.ending =
        event("content-end", R"({"type":"content-end","index":0})") +
        event("message-end",
              R"({"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":)"
              R"({"billed_units":{"input_tokens":25,"output_tokens":12},)"
              R"("tokens":{"input_tokens":25,"output_tokens":12}}}})");
    return stream;
}

std::string ollama_line(const std::string& text, std::string_view after) {
    return R"({"model":"stub-model","created_at":"2026-11-21T05:00:00Z","message":)"
           R"({"role":"assistant","content":")" + text + "\"}," + std::string(after) + "}\n";
}

constexpr std::string_view ollama_end =
    R"("done":true,"done_reason":"stop","total_duration":5000000,"load_duration":1000000,)"
    R"("prompt_eval_count":25,"prompt_eval_duration":1000000,"eval_count":12,)"
    R"("eval_duration":3000000)";

WireStream ollama_stream(const std::string& text) {
    WireStream stream;
    stream.content_type = "application/x-ndjson";
    stream.event = ollama_line(text, R"("done":false)");
    stream.ending = ollama_line("", ollama_end);
    return stream;
}

void append_number(std::string& out, std::uint32_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
        out += static_cast<char>((value >> shift) & 0xff);
    }
}

void append_aws_header(std::string& out, std::string_view name, std::string_view value) {
    constexpr char string_type = 7;
    append_number(out, static_cast<std::uint32_t>(name.size()), 1);
    out.append(name).push_back(string_type);
    append_number(out, static_cast<std::uint32_t>(value.size()), 2);
    out.append(value);
}

std::array<std::uint32_t, 256> make_crc_table() {
    constexpr std::uint32_t polynomial = 0xedb88320;
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value >> 1) ^ ((value & 1) != 0 ? polynomial : 0);
        }
        table[i] = value;
    }
    return table;
}

}  // namespace

std::uint32_t crc32_of(std::string_view bytes) {
    static const auto table = make_crc_table();
    std::uint32_t crc = ~0U;
    for (const char c : bytes) {
        crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(c)) & 255];
    }
    return ~crc;
}

std::string aws_message(std::string_view type, std::string_view payload) {
    std::string headers;
    append_aws_header(headers, ":event-type", type);
    append_aws_header(headers, ":content-type", "application/json");
    append_aws_header(headers, ":message-type", "event");
    constexpr std::size_t prelude_and_checksums = 16;
    const auto total = headers.size() + payload.size() + prelude_and_checksums;
    std::string out;
    append_number(out, static_cast<std::uint32_t>(total), 4);
    append_number(out, static_cast<std::uint32_t>(headers.size()), 4);
    append_number(out, crc32_of(out), 4);
    out.append(headers).append(payload);
    append_number(out, crc32_of(out), 4);
    return out;
}

std::string wire_reply(Dialect dialect, const std::string& text) {
    switch (dialect) {
        case Dialect::responses: return response_whole(text);
        case Dialect::gemini: return gemini_part(text, R"(,"finishReason":"STOP",)");
        case Dialect::converse:
            return R"({"output":{"message":{"role":"assistant","content":[{"text":")" + text +
                   R"("}]}},"stopReason":"end_turn","usage":{"inputTokens":25,"outputTokens":12,)"
                   R"("totalTokens":37},"metrics":{"latencyMs":3}})";
        case Dialect::cohere:
            return R"({"id":"bench0001","finish_reason":"COMPLETE","message":{"role":"assistant",)"
                   R"("content":[{"type":"text","text":")" + text +
                   R"("}]},"usage":{"billed_units":{"input_tokens":25,"output_tokens":12},)"
                   R"("tokens":{"input_tokens":25,"output_tokens":12}}})";
        case Dialect::ollama: return ollama_line(text, ollama_end);
        case Dialect::anthropic: case Dialect::openai_chat: break;
    }
    throw std::logic_error("wire_reply: spoken by answers.cpp");
}

WireStream wire_stream(Dialect dialect, const std::string& text) {
    switch (dialect) {
        case Dialect::responses: return responses_stream(text);
        case Dialect::gemini: return gemini_stream(text);
        case Dialect::converse: return converse_stream(text);
        case Dialect::cohere: return cohere_stream(text);
        case Dialect::ollama: return ollama_stream(text);
        case Dialect::anthropic: case Dialect::openai_chat: break;
    }
    throw std::logic_error("wire_stream: spoken by answers.cpp");
}

}  // namespace bench
