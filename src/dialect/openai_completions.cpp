// Legacy text completions for clients: whole answers, streams, and the codec itself.
#include "dialect/openai_completions.hpp"

#include <utility>

#include "dialect/openai_chat.hpp"

namespace tollgate::dialect {
namespace openai_completions {
namespace {

using domain::BlockKind;
using domain::Event;
using domain::EventKind;

// What of an answer is text to this interface: it has no other place for a refusal's words.
bool is_text(const Event& event) {
    return event.kind == EventKind::block_delta &&
           (event.block == BlockKind::text || event.block == BlockKind::refusal);
}

class Encoder : public StreamEncoder {
public:
    explicit Encoder(EncoderOptions options) : options_(std::move(options)) {}

    void encode(const Event& event, std::string& out) override {
        usage_.update(event.usage);
        if (done_) return;
        switch (event.kind) {
            case EventKind::start:
                // Empty, but it opens the stream: all that comes first may be thinking, unseen.
                if (head_.empty()) {
                    begin(event.id);
                    choice({}, {}, out);
                }
                return;
            case EventKind::block_delta:
                if (is_text(event) && !event.text.empty()) choice(event.text, {}, out);
                return;
            case EventKind::stop: stop(event, out); return;
            case EventKind::error:
                done_ = true;
                openai_chat::append_error_frame(event, out);
                return;
            case EventKind::ping: out += ": ping\n\n"; return;
            case EventKind::block_start:
            case EventKind::block_end:
            case EventKind::usage: return;
        }
    }

private:
    void begin(std::string_view id) {
        head_ = R"(data: {"id":)";
        json::append_string(head_, answer_id(id, options_.request_id));
        head_ += R"(,"object":"text_completion","created":)";
        json::append_integer(head_, options_.created);
        head_ += R"(,"model":)";
        json::append_string(head_, options_.model);
        head_ += R"(,"choices":[)";
    }

    void choice(json::Escaped text, std::string_view reason, std::string& out) {
        if (head_.empty()) begin({});
        out += head_;
        out += R"({"text":)";
        json::append_string(out, text);
        out += R"(,"index":0,"logprobs":null,"finish_reason":)";
        if (reason.empty())
            out += "null";
        else
            json::append_string(out, reason);
        out += "}]}\n\n";
    }

    void stop(const Event& event, std::string& out) {
        done_ = true;
        choice({}, finish_reason(event.stop), out);
        if (options_.include_usage) {
            out += head_;
            out += "],\"usage\":";
            json::Writer writer(out);
            openai_chat::write_usage(writer, usage_);
            out += "}\n\n";
        }
        out += "data: [DONE]\n\n";
    }

    const EncoderOptions options_;
    std::string head_;  // each frame begins alike: up to the choices' bracket
    domain::Usage usage_;
    bool done_ = false;
};

std::string encode_answer(const std::vector<Event>& events, const EncoderOptions& options) {
    std::string_view id;
    std::string text;  // escaped
    domain::StopReason stop = domain::StopReason::end_turn;
    domain::Usage usage;
    for (const Event& event : events) {
        usage.update(event.usage);
        if (event.kind == EventKind::start) id = event.id;
        if (event.kind == EventKind::stop) stop = event.stop;
        if (is_text(event)) text += event.text.raw;
    }
    std::string out;
    json::Writer writer(out);
    writer.begin_object().string("id", answer_id(id, options.request_id));
    writer.string("object", "text_completion").integer("created", options.created);
    writer.string("model", options.model).key("choices").begin_array();
    writer.begin_object().escaped("text", {text}).integer("index", 0);
    writer.key("logprobs").null();
    writer.string("finish_reason", finish_reason(stop)).end_object().end_array();
    writer.key("usage");
    openai_chat::write_usage(writer, usage);
    writer.end_object();
    return out;
}

class Client : public ClientDialect {
public:
    domain::Protocol protocol() const override { return domain::Protocol::openai_completions; }
    base::Result<domain::Request> decode_request(const json::Document& document,
                                                 base::Arena& arena) const override {
        return openai_completions::decode_request(document, arena);
    }
    std::unique_ptr<StreamEncoder> stream_encoder(EncoderOptions options) const override {
        return make_stream_encoder(std::move(options));
    }
    std::string encode_answer(const std::vector<Event>& events,
                              const EncoderOptions& options) const override {
        return openai_completions::encode_answer(events, options);
    }
    std::string encode_error(int status, const base::Error& error,
                             std::string_view) const override {
        return openai_chat::encode_error(status, error);
    }
    std::string encode_stream_error(int status, const base::Error& error,
                                    std::string_view) const override {
        return "data: " + openai_chat::encode_error(status, error) + "\n\n";
    }
    std::string ping() const override { return ": ping\n\n"; }
};

}  // namespace

std::string_view finish_reason(domain::StopReason reason) {
    if (reason == domain::StopReason::tool_use) return "stop";  // no tools were offered
    return openai_chat::finish_reason(reason);
}

std::string answer_id(std::string_view provider_id, std::string_view request_id) {
    constexpr std::string_view mark = "cmpl-";
    if (provider_id.starts_with(mark)) return std::string(provider_id);
    std::string out(mark);
    out += request_id.empty() ? provider_id : request_id;
    return out;
}

std::unique_ptr<StreamEncoder> make_stream_encoder(EncoderOptions options) {
    return std::make_unique<Encoder>(std::move(options));
}

}  // namespace openai_completions

Codec make_openai_completions() {
    return {std::make_unique<openai_completions::Client>(), nullptr};
}

}  // namespace tollgate::dialect
