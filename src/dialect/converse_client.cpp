// Converse answers for clients: streams, whole answers, errors.
#include "dialect/converse_client.hpp"

#include <utility>

namespace tollgate::dialect {
namespace converse_client {
namespace {

using domain::BlockKind;
using domain::Event;
using domain::EventKind;
using domain::StopReason;

std::string_view stop_reason(StopReason reason) {
    switch (reason) {
        case StopReason::end_turn: case StopReason::pause_turn: return "end_turn";
        case StopReason::max_tokens: return "max_tokens";
        case StopReason::tool_use: return "tool_use";
        case StopReason::stop_sequence: return "stop_sequence";
        case StopReason::refusal: return "content_filtered";
        case StopReason::context_window: return "model_context_window_exceeded";
    }
    return "end_turn";
}

void write_usage(json::Writer& writer, const domain::Usage& usage) {
    using domain::Usage;
    const std::int64_t input = Usage::or_zero(usage.input), output = Usage::or_zero(usage.output);
    writer.key("usage").begin_object().integer("inputTokens", input);
    writer.integer("outputTokens", output).integer("totalTokens", usage.prompt() + output);
    if (usage.cache_read >= 0) writer.integer("cacheReadInputTokens", usage.cache_read);
    if (usage.cache_write() > 0) writer.integer("cacheWriteInputTokens", usage.cache_write());
    writer.end_object();
}

std::string error_json(std::string_view message) {
    std::string body;
    json::Writer(body).begin_object().string("message", message).end_object();
    return body;
}

// An error inside a stream: its type, in Anthropic's words, decides which exception it becomes.
std::string stream_error_json(int status, std::string_view message) {
    std::string_view type = "api_error";
    switch (status) {
        case 400: case 413: case 422: type = "invalid_request_error"; break;
        case 408: case 504: type = "timeout_error"; break;
        case 429: type = "rate_limit_error"; break;
        case 503: case 529: type = "overloaded_error"; break;
        default: break;
    }
    std::string body;
    json::Writer writer(body);
    writer.begin_object().string("type", type).string("message", message).end_object();
    return body;
}

std::string frame(std::string_view event, std::string_view json) {
    std::string out = "event: ";
    out.append(event).append("\ndata: ").append(json).append("\n\n");
    return out;
}

class Encoder final : public StreamEncoder {
public:
    void encode(const Event& event, std::string& out) override {
        usage_.update(event.usage);
        if (done_) return;
        switch (event.kind) {
            case EventKind::start: open(out); return;
            case EventKind::block_start:
                open(out);
                if (event.block == BlockKind::tool_call) call_start(event, out);
                if (event.block == BlockKind::redacted_thinking) redacted(event, out);
                return;
            case EventKind::block_delta: open(out); delta(event, out); return;
            case EventKind::block_end: block_end(event, out); return;
            case EventKind::stop: stop(event, out); return;
            case EventKind::error: {
                done_ = true;
                std::string words;
                json::append_unescaped(words, event.text);
                out += frame("error", stream_error_json(status_of(event.error_class), words));
                return;
            }
            case EventKind::usage: case EventKind::ping: return;
        }
    }

private:
    void open(std::string& out) {
        if (!std::exchange(started_, true)) {
            out += frame("messageStart", R"({"role":"assistant"})");
        }
    }

    void call_start(const Event& event, std::string& out) {
        std::string json;
        json::Writer writer(json);
        writer.begin_object().integer("contentBlockIndex", event.index);
        writer.key("start").begin_object().key("toolUse").begin_object();
        writer.string("toolUseId", event.id).string("name", event.name);
        writer.end_object().end_object().end_object();
        out += frame("contentBlockStart", json);
    }

    void redacted(const Event& event, std::string& out) {
        reasoning(event.index, "redactedContent", event.text, out);
    }

    void delta(const Event& event, std::string& out) {
        if (event.block == BlockKind::thinking) {
            if (!event.text.empty()) reasoning(event.index, "text", event.text, out);
            if (!event.signature.empty()) {
                reasoning(event.index, "signature", event.signature, out);
            }
            return;
        }
        const bool said = event.block == BlockKind::text || event.block == BlockKind::refusal;
        if (!said && event.block != BlockKind::tool_call) return;
        std::string json;
        json::Writer writer(json);
        writer.begin_object().integer("contentBlockIndex", event.index).key("delta").begin_object();
        if (said) {
            writer.escaped("text", event.text);
        } else {
            writer.key("toolUse").begin_object().escaped("input", event.text).end_object();
        }
        writer.end_object().end_object();
        out += frame("contentBlockDelta", json);
    }

    void reasoning(std::uint32_t index, std::string_view name, json::Escaped text,
                   std::string& out) {
        std::string json;
        json::Writer writer(json);
        writer.begin_object().integer("contentBlockIndex", index).key("delta").begin_object();
        writer.key("reasoningContent").begin_object().escaped(name, text);
        writer.end_object().end_object().end_object();
        out += frame("contentBlockDelta", json);
    }

    void block_end(const Event& event, std::string& out) {
        if (event.block == BlockKind::hosted) return;
        if (event.block == BlockKind::thinking && !event.signature.empty()) {
            reasoning(event.index, "signature", event.signature, out);
        }
        std::string json;
        json::Writer(json).begin_object().integer("contentBlockIndex", event.index).end_object();
        out += frame("contentBlockStop", json);
    }

    void stop(const Event& event, std::string& out) {
        open(out);
        done_ = true;
        std::string json;
        const std::string_view reason = stop_reason(event.stop);
        json::Writer(json).begin_object().string("stopReason", reason).end_object();
        out += frame("messageStop", json);
        json.clear();
        json::Writer writer(json);
        writer.begin_object();
        write_usage(writer, usage_);
        writer.key("metrics").begin_object().integer("latencyMs", 0).end_object().end_object();
        out += frame("metadata", json);
    }

    domain::Usage usage_;
    bool started_ = false, done_ = false;
};

// The blocks of a whole answer, put together from their deltas.
struct Block {
    BlockKind kind = BlockKind::text;
    std::uint32_t index = 0;
    std::string text, signature, id, name;  // text and signature are escaped
};

std::vector<Block> blocks_of(const std::vector<Event>& events) {
    std::vector<Block> blocks;
    for (const Event& event : events) {
        if (event.kind == EventKind::block_start) {
            Block& made = blocks.emplace_back();
            made.kind = event.block;
            made.index = event.index;
            made.id = event.id;
            made.name = event.name;
            made.text = event.text.raw;
        }
        if (event.kind != EventKind::block_delta && event.kind != EventKind::block_end) continue;
        for (Block& block : blocks) {
            if (block.index != event.index) continue;
            block.text += event.text.raw;
            if (!event.signature.empty()) block.signature = event.signature.raw;
        }
    }
    return blocks;
}

void write_block(json::Writer& writer, const Block& block) {
    switch (block.kind) {
        case BlockKind::text: case BlockKind::refusal:
            if (block.text.empty()) return;
            writer.begin_object().escaped("text", {block.text}).end_object();
            return;
        case BlockKind::thinking:
            writer.begin_object().key("reasoningContent").begin_object();
            writer.key("reasoningText").begin_object().escaped("text", {block.text});
            if (!block.signature.empty()) writer.escaped("signature", {block.signature});
            writer.end_object().end_object().end_object();
            return;
        case BlockKind::redacted_thinking:
            writer.begin_object().key("reasoningContent").begin_object();
            writer.escaped("redactedContent", {block.text}).end_object().end_object();
            return;
        case BlockKind::tool_call: {
            std::string input;
            json::append_unescaped(input, {block.text});
            json::Document document;
            const bool good = document.parse(input).ok();
            writer.begin_object().key("toolUse").begin_object().string("toolUseId", block.id);
            writer.string("name", block.name).raw("input", good ? json::Raw(input) : "{}");
            writer.end_object().end_object();
            return;
        }
        case BlockKind::hosted: return;
    }
}

class Client final : public ClientDialect {
public:
    domain::Protocol protocol() const override { return domain::Protocol::bedrock_converse; }
    base::Result<domain::Request> decode_request(const json::Document& document,
                                                 base::Arena& arena) const override {
        return converse_client::decode_request(document, arena);
    }
    std::unique_ptr<StreamEncoder> stream_encoder(EncoderOptions) const override {
        return std::make_unique<Encoder>();
    }
    std::string encode_answer(const std::vector<Event>& events,
                              const EncoderOptions&) const override {
        std::string body;
        json::Writer writer(body);
        domain::Usage usage;
        StopReason reason = StopReason::end_turn;
        for (const Event& event : events) {
            usage.update(event.usage);
            if (event.kind == EventKind::stop) reason = event.stop;
        }
        writer.begin_object().key("output").begin_object().key("message").begin_object();
        writer.string("role", "assistant").key("content").begin_array();
        for (const Block& block : blocks_of(events)) write_block(writer, block);
        writer.end_array().end_object().end_object();
        writer.string("stopReason", stop_reason(reason));
        write_usage(writer, usage);
        writer.key("metrics").begin_object().integer("latencyMs", 0).end_object().end_object();
        return body;
    }
    std::string encode_error(int, const base::Error& error, std::string_view) const override {
        return error_json(error.message);
    }
    std::string encode_stream_error(int status, const base::Error& error,
                                    std::string_view) const override {
        return frame("error", stream_error_json(status, error.message));
    }
    // Its event stream has nothing to keep it alive.
    std::string ping() const override { return {}; }
};

}  // namespace
}  // namespace converse_client

std::unique_ptr<ClientDialect> make_converse_client() {
    return std::make_unique<converse_client::Client>();
}

}  // namespace tollgate::dialect
