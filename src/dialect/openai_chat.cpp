// OpenAI Chat Completions, both sides: whole answers and errors for clients, and the codec itself.
#include "dialect/openai_chat.hpp"

#include <deque>
#include <utility>

#include "dialect/context_overflow.hpp"
#include "dialect/gemini_model.hpp"

namespace tollgate::dialect {
namespace openai_chat {
namespace {

using domain::BlockKind;
using domain::Event;
using domain::EventKind;

// An answer collected from its events.
struct Collected {
    struct Call {
        std::uint32_t block = 0;
        std::string_view id, name;
        std::string arguments;  // escaped
        std::string signature;  // Gemini's
    };
    std::string_view id;
    std::string text, thoughts, refusal;  // escaped
    std::vector<domain::Source> cited;
    std::deque<Call> calls;
    std::string text_signature, next_signature;  // Gemini's: of the text, of the call that follows
    domain::StopReason stop = domain::StopReason::end_turn;
    domain::Usage usage;
};

void collect_delta(const Event& event, Collected& answer) {
    switch (event.block) {
        case BlockKind::text:
            answer.text += event.text.raw;
            if (event.hosted) {
                const auto& pages = event.hosted->sources;
                answer.cited.insert(answer.cited.end(), pages.begin(), pages.end());
            }
            return;
        case BlockKind::thinking: answer.thoughts += event.text.raw; return;
        case BlockKind::refusal: answer.refusal += event.text.raw; return;
        case BlockKind::tool_call:
            for (Collected::Call& call : answer.calls) {
                if (call.block == event.index) call.arguments += event.text.raw;
            }
            return;
        case BlockKind::redacted_thinking:
        case BlockKind::hosted: return;
    }
}

void collect_signature(const Event& event, Collected& answer) {
    auto thought = gemini::unpack_thought(event.signature.raw);
    if (!thought) return;
    const bool call = thought->part == gemini::SignedPart::call;
    (call ? answer.next_signature : answer.text_signature) = std::move(thought->signature);
}

Collected collect(const std::vector<Event>& events) {
    Collected answer;
    for (const Event& event : events) {
        answer.usage.update(event.usage);
        if (event.kind == EventKind::start) answer.id = event.id;
        if (event.kind == EventKind::stop) answer.stop = event.stop;
        if (event.kind == EventKind::block_delta) collect_delta(event, answer);
        if (event.kind == EventKind::block_start && event.block == BlockKind::tool_call) {
            answer.calls.push_back({event.index, event.id, event.name, {},
                                    std::exchange(answer.next_signature, {})});
        }
        if (!event.signature.empty()) collect_signature(event, answer);
    }
    if (answer.stop == domain::StopReason::refusal && answer.refusal.empty()) {
        answer.refusal = "The model refused to answer.";
    }
    return answer;
}

void write_message(json::Writer& writer, const Collected& answer) {
    writer.begin_object().string("role", "assistant").key("content");
    if (answer.text.empty()) {
        writer.null();
    } else {
        writer.escaped({answer.text});
    }
    writer.key("refusal");
    if (answer.refusal.empty()) {
        writer.null();
    } else {
        writer.escaped({answer.refusal});
    }
    if (!answer.cited.empty()) {
        writer.key("annotations");
        write_annotations(writer, answer.cited);
    }
    if (!answer.thoughts.empty()) writer.escaped("reasoning_content", {answer.thoughts});
    if (!answer.calls.empty()) {
        writer.key("tool_calls").begin_array();
        for (const Collected::Call& call : answer.calls) {
            writer.begin_object().string("id", call.id).string("type", "function");
            writer.key("function").begin_object().string("name", call.name);
            std::string_view arguments = call.arguments;
            if (arguments.empty()) arguments = "{}";
            writer.escaped("arguments", {arguments}).end_object();
            if (!call.signature.empty()) write_extra_content(writer, call.signature);
            writer.end_object();
        }
        writer.end_array();
    }
    if (!answer.text_signature.empty()) write_extra_content(writer, answer.text_signature);
    writer.end_object();
}

struct Kind {
    std::string_view type, code;  // code "" is null
};

Kind kind_of(base::ErrorCode code) {
    using base::ErrorCode;
    switch (code) {
        case ErrorCode::invalid_request: return {"invalid_request_error", ""};
        case ErrorCode::authentication: return {"invalid_request_error", "invalid_api_key"};
        case ErrorCode::billing: return {"insufficient_credits", "payment_required"};
        case ErrorCode::permission: return {"permission_error", "permission_denied"};
        case ErrorCode::not_found: return {"invalid_request_error", "model_not_found"};
        case ErrorCode::method_not_allowed: return {"invalid_request_error", "method_not_allowed"};
        case ErrorCode::request_timeout: return {"invalid_request_error", "request_timeout"};
        case ErrorCode::too_large: return {"invalid_request_error", "request_too_large"};
        case ErrorCode::rate_limited: return {"rate_limit_error", "rate_limit_exceeded"};
        case ErrorCode::internal: return {"server_error", ""};
        case ErrorCode::provider: return {"server_error", "provider_error"};
        case ErrorCode::unavailable:
        case ErrorCode::overloaded: return {"server_error", "all_providers_unavailable"};
        case ErrorCode::timeout: return {"server_error", "timeout"};
        case ErrorCode::cancelled: return {"server_error", "cancelled"};
    }
    return {"server_error", ""};
}

}  // namespace

void write_annotations(json::Writer& writer, const std::vector<domain::Source>& pages) {
    writer.begin_array();
    for (const domain::Source& page : pages) {
        writer.begin_object().string("type", "url_citation").key("url_citation").begin_object();
        writer.integer("start_index", page.begin < 0 ? 0 : page.begin);
        writer.integer("end_index", page.end < 0 ? 0 : page.end);
        writer.escaped("title", {page.title}).escaped("url", {page.url});
        writer.end_object().end_object();
    }
    writer.end_array();
}

void write_extra_content(json::Writer& writer, std::string_view signature) {
    writer.key("extra_content").begin_object().key("google").begin_object();
    writer.string("thought_signature", signature).end_object().end_object();
}

std::string encode_answer(const std::vector<Event>& events, const EncoderOptions& options) {
    Collected answer = collect(events);
    std::string out;
    json::Writer writer(out);
    writer.begin_object().string("id", answer_id(answer.id, options.request_id));
    writer.string("object", "chat.completion").integer("created", options.created);
    writer.string("model", options.model).key("choices").begin_array();
    writer.begin_object().integer("index", 0).key("message");
    write_message(writer, answer);
    writer.key("logprobs").null();
    writer.string("finish_reason", finish_reason(answer.stop)).end_object().end_array();
    writer.key("usage");
    write_usage(writer, answer.usage);
    writer.end_object();
    return out;
}

std::string encode_error(int, const base::Error& error) {
    Kind kind = kind_of(error.code);
    // The code on which clients of this protocol shorten their conversation, whatever the words.
    if (error.code == base::ErrorCode::invalid_request && read_context_overflow(error.message)) {
        kind.code = "context_length_exceeded";
    }
    std::string out;
    json::Writer writer(out);
    writer.begin_object().key("error").begin_object();
    writer.string("message", error.message).string("type", kind.type).key("param");
    if (error.field.empty()) {
        writer.null();
    } else {
        writer.string(error.field);
    }
    writer.key("code");
    if (kind.code.empty()) {
        writer.null();
    } else {
        writer.string(kind.code);
    }
    writer.end_object().end_object();
    return out;
}

namespace {

class Client : public ClientDialect {
public:
    domain::Protocol protocol() const override { return domain::Protocol::openai_chat; }
    base::Result<domain::Request> decode_request(const json::Document& document,
                                                 base::Arena& arena) const override {
        return openai_chat::decode_request(document, arena);
    }
    std::unique_ptr<StreamEncoder> stream_encoder(EncoderOptions options) const override {
        return make_stream_encoder(std::move(options));
    }
    std::string encode_answer(const std::vector<Event>& events,
                              const EncoderOptions& options) const override {
        return openai_chat::encode_answer(events, options);
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

class Provider : public ProviderDialect {
public:
    domain::Protocol protocol() const override { return domain::Protocol::openai_chat; }
    Framing framing() const override { return Framing::sse; }
    base::Result<EncodedRequest> encode_request(const domain::Request& request,
                                                const domain::Deployment& target) const override {
        return openai_chat::encode_request(request, target);
    }
    std::unique_ptr<StreamDecoder> stream_decoder(const domain::Deployment& target,
                                                  const Translation& translation) const override {
        return make_stream_decoder(target, translation);
    }
    base::Result<std::vector<Event>> decode_answer(std::string_view body,
                                                   const domain::Deployment& target,
                                                   const Translation& translation,
                                                   base::Arena& arena) const override {
        return openai_chat::decode_answer(body, target, translation, arena);
    }
    ProviderFailure decode_error(int status, std::string_view body) const override {
        return openai_chat::decode_error(status, body);
    }
};

}  // namespace
}  // namespace openai_chat

Codec make_openai_chat() {
    return {std::make_unique<openai_chat::Client>(), std::make_unique<openai_chat::Provider>()};
}

}  // namespace tollgate::dialect
