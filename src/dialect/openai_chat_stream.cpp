// Events as chat.completion.chunk frames.
#include <utility>

#include "dialect/gemini_model.hpp"
#include "dialect/openai_chat.hpp"

namespace tollgate::dialect::openai_chat {
namespace {

using domain::BlockKind;
using domain::Event;
using domain::EventKind;
using domain::StopReason;

constexpr std::string_view refused_words = "The model refused to answer.";

std::string_view type_of(domain::ErrorClass error_class) {
    using domain::ErrorClass;
    switch (error_class) {
        case ErrorClass::rate_limited: return "rate_limit_error";
        case ErrorClass::context_overflow:
        case ErrorClass::content_policy:
        case ErrorClass::bad_request: return "invalid_request_error";
        default: return "server_error";
    }
}

class Encoder : public StreamEncoder {
public:
    explicit Encoder(EncoderOptions options) : options_(std::move(options)) {}

    void encode(const Event& event, std::string& out) override {
        usage_.update(event.usage);
        if (done_) return;
        switch (event.kind) {
            case EventKind::start: start(event.id, out); return;
            case EventKind::block_start: block_start(event, out); return;
            case EventKind::block_delta: block_delta(event, out); return;
            case EventKind::block_end: block_end(event, out); return;
            case EventKind::usage: return;
            case EventKind::stop: stop(event, out); return;
            case EventKind::error:
                done_ = true;
                append_error_frame(event, out);
                return;
            case EventKind::ping: out += ": ping\n\n"; return;
        }
    }

private:
    struct Call {
        std::uint32_t block = 0;
        bool has_arguments = false;
    };

    void start(std::string_view id, std::string& out) {
        if (!head_.empty()) return;  // a candidate that took over: the client has its first chunk
        head_ = R"(data: {"id":)";
        json::append_string(head_, answer_id(id, options_.request_id));
        head_ += R"(,"object":"chat.completion.chunk","created":)";
        json::append_integer(head_, options_.created);
        head_ += R"(,"model":)";
        json::append_string(head_, options_.model);
        head_ += R"(,"choices":[)";
        open(out);
        out += R"("role":"assistant","content":"")";
        close(out);
    }

    void open(std::string& out) {
        if (head_.empty()) start({}, out);
        out += head_;
        out += R"({"index":0,"delta":{)";
    }
    static void close(std::string& out) { out += "},\"finish_reason\":null}]}\n\n"; }

    void text(std::string_view field, json::Escaped text, std::string& out) {
        open(out);
        out += '"';
        out += field;
        out += "\":";
        json::append_string(out, text);
        close(out);
    }

    // The position of a call among the calls; blocks count all kinds.
    std::size_t call_index(std::uint32_t block) const {
        for (std::size_t i = calls_.size(); i-- > 0;) {
            if (calls_[i].block == block) return i;
        }
        return calls_.size();
    }

    void block_start(const Event& event, std::string& out) {
        if (event.block != BlockKind::tool_call) return;
        open(out);
        out += R"("tool_calls":[{"index":)";
        json::append_integer(out, static_cast<std::int64_t>(calls_.size()));
        out += R"(,"id":)";
        json::append_string(out, event.id);
        out += R"(,"type":"function","function":{"name":)";
        json::append_string(out, event.name);
        out += R"(,"arguments":""})";
        if (!call_signature_.empty()) {
            out += ',';
            json::Writer writer(out);
            write_extra_content(writer, std::exchange(call_signature_, {}));
        }
        out += "}]";
        close(out);
        calls_.push_back({event.index, false});
    }

    void arguments(std::size_t call, json::Escaped fragment, std::string& out) {
        calls_[call].has_arguments = true;
        open(out);
        out += R"("tool_calls":[{"index":)";
        json::append_integer(out, static_cast<std::int64_t>(call));
        out += R"(,"function":{"arguments":)";
        json::append_string(out, fragment);
        out += "}}]";
        close(out);
    }

    void block_delta(const Event& event, std::string& out) {
        if (event.hosted && event.block == BlockKind::text) {
            open(out);
            out += R"("annotations":)";
            json::Writer writer(out);
            write_annotations(writer, event.hosted->sources);
            close(out);
        }
        if (event.text.empty()) return;
        switch (event.block) {
            case BlockKind::text: text("content", event.text, out); return;
            case BlockKind::thinking: text("reasoning_content", event.text, out); return;
            case BlockKind::refusal:
                refused_ = true;
                text("refusal", event.text, out);
                return;
            case BlockKind::tool_call: {
                std::size_t call = call_index(event.index);
                if (call < calls_.size()) arguments(call, event.text, out);
                return;
            }
            case BlockKind::redacted_thinking:
            case BlockKind::hosted: return;  // no spelling here
        }
    }

    // Gemini's: a call's stands in the call that follows, a text's in a delta of its own.
    void signature(const Event& event, std::string& out) {
        auto thought = gemini::unpack_thought(event.signature.raw);
        if (!thought) return;
        if (thought->part == gemini::SignedPart::call) {
            call_signature_ = std::move(thought->signature);
            return;
        }
        open(out);
        json::Writer writer(out);
        write_extra_content(writer, thought->signature);
        close(out);
    }

    // A call without arguments still has to be JSON for the clients that parse it.
    void block_end(const Event& event, std::string& out) {
        if (!event.signature.empty()) signature(event, out);
        if (event.block != BlockKind::tool_call) return;
        std::size_t call = call_index(event.index);
        if (call < calls_.size() && !calls_[call].has_arguments) arguments(call, {"{}"}, out);
    }

    void stop(const Event& event, std::string& out) {
        done_ = true;
        if (event.stop == StopReason::refusal && !refused_) {
            text("refusal", {refused_words}, out);
        }
        if (head_.empty()) start({}, out);
        out += head_;
        out += R"({"index":0,"delta":{},"finish_reason":")";
        out += finish_reason(event.stop);
        out += "\"}]}\n\n";
        if (options_.include_usage) {
            out += head_;
            out += "],\"usage\":";
            json::Writer writer(out);
            write_usage(writer, usage_);
            out += "}\n\n";
        }
        out += "data: [DONE]\n\n";
    }

    const EncoderOptions options_;
    std::string head_;  // each frame begins alike: up to the choices' bracket
    std::vector<Call> calls_;
    std::string call_signature_;  // of the next call
    domain::Usage usage_;
    bool refused_ = false, done_ = false;
};

}  // namespace

void append_error_frame(const Event& event, std::string& out) {
    out += R"(data: {"error":{"message":)";
    json::append_string(out, event.text);
    out += R"(,"type":)";
    json::append_string(out, type_of(event.error_class));
    out += R"(,"param":null,"code":)";
    if (event.error_type.empty()) out += "null";
    else json::append_string(out, event.error_type);
    out += "}}\n\n";
}

std::string_view finish_reason(StopReason reason) {
    switch (reason) {
        case StopReason::end_turn:
        case StopReason::stop_sequence:
        case StopReason::pause_turn: return "stop";
        case StopReason::max_tokens:
        case StopReason::context_window: return "length";
        case StopReason::tool_use: return "tool_calls";
        case StopReason::refusal: return "content_filter";
    }
    return "stop";
}

std::string answer_id(std::string_view provider_id, std::string_view request_id) {
    constexpr std::string_view mark = "chatcmpl-";
    if (provider_id.starts_with(mark)) return std::string(provider_id);
    std::string out(mark);
    out += request_id.empty() ? provider_id : request_id;
    return out;
}

std::unique_ptr<StreamEncoder> make_stream_encoder(EncoderOptions options) {
    return std::make_unique<Encoder>(std::move(options));
}

}  // namespace tollgate::dialect::openai_chat
