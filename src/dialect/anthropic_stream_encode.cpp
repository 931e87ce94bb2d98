// Events, written as an Anthropic event stream: one block at a time, numbered from zero.
#include <deque>

#include "dialect/anthropic.hpp"
#include "dialect/anthropic_hosted.hpp"
#include "dialect/signatures.hpp"

namespace tollgate::dialect::anthropic {
namespace {

using domain::BlockKind;
using domain::Event;
using domain::EventKind;

// A block of the provider's that was started and is not yet over on our side.
struct OpenBlock {
    std::uint32_t provider_index = 0;
    BlockKind kind = BlockKind::text;
    std::string id, name;              // tool calls
    std::string verbatim;              // hosted blocks
    std::string data;                  // redacted thinking
    std::string signature;             // thinking
    std::vector<std::string> waiting;  // deltas (JSON objects) while an earlier block is open
    bool ended = false;                // by the provider
    bool written = false;              // content_block_start has been sent
    std::uint32_t index = 0;           // once written
};

class Encoder final : public StreamEncoder {
public:
    explicit Encoder(EncoderOptions options) : options_(std::move(options)) {
        own_signature_ = pack_signature({}, {});
    }

    void encode(const Event& event, std::string& out) override {
        usage_.update(event.usage);
        switch (event.kind) {
            case EventKind::start: start(event, out); break;
            case EventKind::block_start: block_start(event, out); break;
            case EventKind::block_delta: block_delta(event, out); break;
            case EventKind::block_end: block_end(event, out); break;
            case EventKind::usage: break;
            case EventKind::stop: stop(event, out); break;
            case EventKind::error: error(event, out); break;
            case EventKind::ping: out += "event: ping\ndata: {\"type\":\"ping\"}\n\n"; break;
        }
    }

private:
    // Opens a frame: `event: NAME`, then data with its type; the caller adds members and closes.
    static json::Writer begin_frame(std::string_view name, std::string& out) {
        out += "event: ";
        out += name;
        out += "\ndata: ";
        json::Writer writer(out);
        writer.begin_object().string("type", name);
        return writer;
    }
    static void end_frame(json::Writer& writer, std::string& out) {
        writer.end_object();
        out += "\n\n";
    }

    void start(const Event& event, std::string& out) {
        if (started_) return;
        started_ = true;
        domain::Usage early = usage_;
        if (early.input < 0) early.input = options_.input_estimate;
        if (early.output < 1) early.output = 1;
        json::Writer writer = begin_frame("message_start", out);
        writer.key("message").begin_object();
        writer.string("id", answer_id(event.id, options_.request_id));
        writer.string("type", "message").string("role", "assistant");
        writer.string("model", options_.model).key("content").begin_array().end_array();
        writer.key("stop_reason").null().key("stop_sequence").null().key("usage");
        write_usage(writer, early);
        writer.end_object();
        end_frame(writer, out);
    }

    OpenBlock* find(std::uint32_t provider_index) {
        for (OpenBlock& block : open_) {
            if (block.provider_index == provider_index && !block.ended) return &block;
        }
        return nullptr;
    }

    void block_start(const Event& event, std::string& out) {
        start(Event{}, out);
        OpenBlock block;
        block.provider_index = event.index;
        block.kind = event.block;
        block.id = event.id;
        block.name = event.name;
        // From a whole answer it may have several lines, which a frame has not.
        json::append_compact(block.verbatim, event.verbatim);
        if (event.block == BlockKind::redacted_thinking) block.data = event.text.raw;
        block.signature = event.signature.raw;
        std::string input;
        if (event.block == BlockKind::hosted && event.hosted && event.verbatim.empty()) {
            spell_hosted(*event.hosted, block, input);
        }
        open_.push_back(std::move(block));
        if (open_.size() == 1) begin_front(out);
        if (input.empty()) return;
        if (open_.size() > 1) {
            open_.back().waiting.push_back(std::move(input));
            return;
        }
        write_delta_head(open_.front(), out);
        out += input;
        out += "}\n\n";
    }

    // A step of another provider's tool; `input` becomes the delta that follows its start.
    void spell_hosted(const domain::HostedRecord& step, OpenBlock& block, std::string& input) {
        json::Writer writer(block.verbatim);
        write_hosted(writer, step, options_.request_id, InputPlace::streamed);
        if (step.step != domain::HostedStep::call) return;
        std::string inside;
        json::append_escaped(inside, hosted_input(step));
        text_delta(input, "input_json_delta", "partial_json", {inside});
    }

    // Text and thinking start with their first content, so that no empty block is sent; the others
    // start at once.
    void begin_front(std::string& out) {
        const BlockKind kind = open_.front().kind;
        const bool lazy =
            kind == BlockKind::text || kind == BlockKind::refusal || kind == BlockKind::thinking;
        if (!lazy) write_start(open_.front(), out);
    }

    void write_start(OpenBlock& block, std::string& out) {
        if (block.written) return;
        block.written = true;
        block.index = next_index_++;
        json::Writer writer = begin_frame("content_block_start", out);
        writer.integer("index", block.index).key("content_block");
        switch (block.kind) {
            case BlockKind::text:
            case BlockKind::refusal:
                writer.begin_object().string("type", "text").string("text", "").end_object();
                break;
            case BlockKind::thinking:
                writer.begin_object().string("type", "thinking").string("thinking", "");
                writer.string("signature", "").end_object();
                break;
            case BlockKind::redacted_thinking:
                writer.begin_object().string("type", "redacted_thinking");
                writer.escaped("data", json::Escaped{block.data}).end_object();
                break;
            case BlockKind::tool_call:
                writer.begin_object().string("type", "tool_use").string("id", block.id);
                writer.string("name", block.name).key("input").begin_object().end_object();
                writer.end_object();
                saw_tool_ = true;
                break;
            case BlockKind::hosted:
                writer.raw(block.verbatim.empty() ? std::string_view("{}") : block.verbatim);
                break;
        }
        end_frame(writer, out);
    }

    static void text_delta(std::string& out, std::string_view type, std::string_view member,
                           json::Escaped text) {
        json::Writer writer(out);
        writer.begin_object().string("type", type).escaped(member, text).end_object();
    }

    // Appends the delta as a JSON object; nothing when the event brings none.
    static void delta_of(BlockKind kind, const Event& event, std::string& out) {
        if (!event.verbatim.empty()) {
            out += event.verbatim;
        } else if (event.text.empty()) {
            return;
        } else if (kind == BlockKind::tool_call || kind == BlockKind::hosted) {
            text_delta(out, "input_json_delta", "partial_json", event.text);
        } else if (kind == BlockKind::thinking) {
            text_delta(out, "thinking_delta", "thinking", event.text);
        } else if (kind != BlockKind::redacted_thinking) {
            text_delta(out, "text_delta", "text", event.text);
        }
    }

    void block_delta(const Event& event, std::string& out) {
        OpenBlock* block = find(event.index);
        if (block == nullptr) return;
        streamed_bytes_ += static_cast<std::int64_t>(event.text.raw.size());
        if (block->kind == BlockKind::refusal) refusal_ += event.text.raw;
        if (!event.signature.empty()) block->signature = event.signature.raw;
        if (block != &open_.front()) {
            std::string delta;
            delta_of(block->kind, event, delta);
            if (!delta.empty()) block->waiting.push_back(std::move(delta));
            return;
        }
        // Redacted thinking is whole with its start: text for it has no spelling.
        const bool has_text = !event.text.empty() && block->kind != BlockKind::redacted_thinking;
        if (!has_text && event.verbatim.empty()) return;
        write_start(*block, out);
        write_delta_head(*block, out);
        delta_of(block->kind, event, out);
        out += "}\n\n";
    }

    static void write_delta_head(const OpenBlock& block, std::string& out) {
        out += "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":";
        json::append_integer(out, block.index);
        out += ",\"delta\":";
    }

    void block_end(const Event& event, std::string& out) {
        OpenBlock* block = find(event.index);
        if (block == nullptr) return;
        if (!event.signature.empty()) block->signature = event.signature.raw;
        block->ended = true;
        advance(out);
    }

    // Ends blocks at the front that are over and brings out what waited behind them.
    void advance(std::string& out) {
        while (!open_.empty() && open_.front().ended) {
            finish_block(open_.front(), out);
            open_.pop_front();
            if (open_.empty()) return;
            begin_front(out);
            OpenBlock& next = open_.front();
            for (const std::string& delta : next.waiting) {
                write_start(next, out);
                write_delta_head(next, out);
                out += delta;
                out += "}\n\n";
            }
            next.waiting.clear();
        }
    }

    void finish_block(OpenBlock& block, std::string& out) {
        if (block.kind == BlockKind::thinking) {
            if (!block.written && block.signature.empty()) return;
            write_start(block, out);
            // Clients send thinking back as it came; ours is told apart by its signature.
            const std::string_view signature =
                block.signature.empty() ? std::string_view(own_signature_) : block.signature;
            write_delta_head(block, out);
            text_delta(out, "signature_delta", "signature", json::Escaped{signature});
            out += "}\n\n";
        }
        if (!block.written) return;
        json::Writer writer = begin_frame("content_block_stop", out);
        writer.integer("index", block.index);
        end_frame(writer, out);
    }

    void stop(const Event& event, std::string& out) {
        if (stopped_) return;
        stopped_ = true;
        start(Event{}, out);
        for (OpenBlock& block : open_) block.ended = true;
        advance(out);
        domain::StopReason reason = event.stop;
        if (reason == domain::StopReason::end_turn && saw_tool_) {
            reason = domain::StopReason::tool_use;
        }
        if (!refusal_.empty()) reason = domain::StopReason::refusal;
        if (usage_.input < 0) usage_.input = options_.input_estimate;
        // Four bytes make a token, roughly: better than telling the client that there were none.
        if (usage_.output < 0) usage_.output = (streamed_bytes_ + 3) / 4;
        json::Writer writer = begin_frame("message_delta", out);
        writer.key("delta").begin_object().string("stop_reason", stop_reason_name(reason));
        writer.key("stop_sequence");
        if (event.stop_sequence.empty()) {
            writer.null();
        } else {
            writer.escaped(event.stop_sequence);
        }
        if (!refusal_.empty()) {
            writer.key("stop_details").begin_object().string("type", "refusal");
            writer.key("category").null();
            writer.escaped("explanation", json::Escaped{refusal_}).end_object();
        }
        writer.end_object().key("usage");
        write_usage(writer, usage_);
        end_frame(writer, out);
        json::Writer last = begin_frame("message_stop", out);
        end_frame(last, out);
    }

    void error(const Event& event, std::string& out) {
        if (stopped_) return;
        stopped_ = true;
        json::Writer writer = begin_frame("error", out);
        const bool known = class_of_type(event.error_type) != domain::ErrorClass::none;
        writer.key("error").begin_object();
        writer.string("type", known ? event.error_type : type_of_class(event.error_class));
        writer.escaped("message", event.text).end_object();
        if (!options_.request_id.empty()) writer.string("request_id", options_.request_id);
        end_frame(writer, out);
    }

    const EncoderOptions options_;
    std::string own_signature_;
    std::deque<OpenBlock> open_;  // front: the one being sent
    domain::Usage usage_;
    std::string refusal_;  // escaped
    std::int64_t streamed_bytes_ = 0;
    std::uint32_t next_index_ = 0;
    bool started_ = false, stopped_ = false, saw_tool_ = false;
};

}  // namespace

std::unique_ptr<StreamEncoder> make_stream_encoder(EncoderOptions options) {
    return std::make_unique<Encoder>(std::move(options));
}

}  // namespace tollgate::dialect::anthropic
