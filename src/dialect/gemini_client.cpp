// generateContent answers for clients: streams, whole answers, errors, and the codec itself.
#include "dialect/gemini_client.hpp"

#include <map>
#include <utility>

#include "dialect/gemini_model.hpp"
#include "dialect/hosted.hpp"
#include "dialect/signatures.hpp"

namespace tollgate::dialect {
namespace gemini_client {
namespace {

using domain::BlockKind;
using domain::Event;
using domain::EventKind;
using domain::StopReason;

std::string_view finish_reason(StopReason reason) {
    switch (reason) {
        case StopReason::max_tokens: case StopReason::context_window: return "MAX_TOKENS";
        case StopReason::refusal: return "SAFETY";
        case StopReason::end_turn: case StopReason::tool_use: case StopReason::stop_sequence:
        case StopReason::pause_turn: return "STOP";
    }
    return "STOP";
}

void write_usage(json::Writer& writer, const domain::Usage& usage) {
    using domain::Usage;
    const std::int64_t thought = Usage::or_zero(usage.reasoning);
    const std::int64_t output = Usage::or_zero(usage.output);
    writer.key("usageMetadata").begin_object().integer("promptTokenCount", usage.prompt());
    writer.integer("candidatesTokenCount", output > thought ? output - thought : 0);
    if (usage.reasoning > 0) writer.integer("thoughtsTokenCount", thought);
    if (usage.cache_read > 0) writer.integer("cachedContentTokenCount", usage.cache_read);
    writer.integer("totalTokenCount", usage.prompt() + output).end_object();
}

// Turns events into parts, in order: texts as they come, each call whole.
class Parts {
public:
    // Appends the parts that `event` completes to the open list.
    void take(const Event& event, json::Writer& writer) {
        if (event.hosted && event.kind != EventKind::block_start) hosted(*event.hosted, writer);
        switch (event.kind) {
            case EventKind::block_start:
                if (event.block == BlockKind::tool_call) {
                    Call& call = calls_[event.index];
                    call.id = event.id;
                    call.name = event.name;
                }
                return;
            case EventKind::block_delta: delta(event, writer); return;
            case EventKind::block_end:
                if (event.block == BlockKind::thinking && !event.signature.empty()) {
                    signature(event.signature, writer);
                }
                if (event.block == BlockKind::tool_call) end_call(event.index, writer);
                return;
            default: return;
        }
    }

    // What was searched for and found, once the parts are over.
    void write_grounding(json::Writer& writer) const {
        if (queries_.empty() && pages_.empty()) return;
        writer.key("groundingMetadata").begin_object().key("webSearchQueries").begin_array();
        for (const std::string& query : queries_) writer.escaped({query});
        writer.end_array().key("groundingChunks").begin_array();
        for (const domain::Source& page : pages_) {
            writer.begin_object().key("web").begin_object().escaped("uri", {page.url});
            writer.escaped("title", {page.title}).end_object().end_object();
        }
        writer.end_array().end_object();
    }

private:
    void hosted(const domain::HostedRecord& step, json::Writer& writer) {
        using domain::HostedStep;
        if (step.tool == domain::HostedTool::code_execution) {
            const bool call = step.step == HostedStep::call;
            writer.begin_object().key(call ? "executableCode" : "codeExecutionResult");
            writer.begin_object();
            if (call) {
                writer.string("language", "PYTHON").escaped("code", {step.input});
            } else {
                writer.string("outcome", step.failed ? "OUTCOME_FAILED" : "OUTCOME_OK");
                writer.escaped("output", {step.output});
            }
            writer.end_object().end_object();
        } else if (step.step == HostedStep::citations) {
            for (const domain::Source& page : step.sources) add_source(pages_, page);
        } else if (step.step == HostedStep::call && step.tool == domain::HostedTool::web_search) {
            if (!step.input.empty()) queries_.push_back(step.input);
        }
    }

    struct Call {
        std::string id, name, arguments;  // arguments: escaped
    };

    void delta(const Event& event, json::Writer& writer) {
        if (event.block == BlockKind::tool_call) {
            calls_[event.index].arguments += event.text.raw;
        } else if (event.block == BlockKind::text || event.block == BlockKind::refusal) {
            if (event.text.empty()) return;
            writer.begin_object().escaped("text", event.text).end_object();
        } else if (event.block == BlockKind::thinking) {
            if (!event.text.empty()) {
                writer.begin_object().escaped("text", event.text).boolean("thought", true);
                writer.end_object();
            }
            if (!event.signature.empty()) signature(event.signature, writer);
        }
    }

    // Gemini's own signature goes back onto the part it came with; others stand in a thought.
    void signature(json::Escaped given, json::Writer& writer) {
        std::string plain;
        json::append_unescaped(plain, given);
        const auto thought = gemini::unpack_thought(plain);
        if (thought && thought->part == gemini::SignedPart::call) {
            next_call_signature_ = thought->signature;
            return;
        }
        writer.begin_object().string("text", "").boolean("thought", true);
        writer.string("thoughtSignature", thought ? thought->signature : carried_signature(plain));
        writer.end_object();
    }

    void end_call(std::uint32_t index, json::Writer& writer) {
        const auto found = calls_.find(index);
        if (found == calls_.end()) return;
        const Call& call = found->second;
        std::string arguments;
        json::append_unescaped(arguments, {call.arguments});
        json::Document document;
        const auto parsed = document.parse(arguments);
        const bool object = parsed.ok() && parsed->is_object();
        writer.begin_object().key("functionCall").begin_object();
        if (!call.id.empty()) writer.string("id", call.id);
        // A line end between the arguments would end the line of the stream's frame.
        writer.string("name", call.name).key("args").in_place([&](std::string& out) {
            json::append_compact(out, object ? json::Raw(arguments) : json::Raw("{}"));
        });
        writer.end_object();
        if (!next_call_signature_.empty()) {
            writer.string("thoughtSignature", next_call_signature_);
            next_call_signature_.clear();
        }
        writer.end_object();
        calls_.erase(found);
    }

    std::map<std::uint32_t, Call> calls_;
    std::string next_call_signature_;
    std::vector<std::string> queries_;   // escaped
    std::vector<domain::Source> pages_;  // that texts refer to
};

// The object around `parts`, from an opened candidate to the closing brace.
struct Closing {
    bool stopped = false;
    StopReason reason = StopReason::end_turn;
};

void close_response(json::Writer& writer, const Parts& parts, const Closing& closing,
                    const domain::Usage* usage, const EncoderOptions& options) {
    writer.end_array().string("role", "model").end_object();
    if (closing.stopped) parts.write_grounding(writer);
    if (closing.stopped) writer.string("finishReason", finish_reason(closing.reason));
    writer.integer("index", 0).end_object().end_array();
    if (usage != nullptr) write_usage(writer, *usage);
    writer.string("modelVersion", options.model).string("responseId", options.request_id);
    writer.end_object();
}

void open_response(json::Writer& writer) {
    writer.begin_object().key("candidates").begin_array().begin_object();
    writer.key("content").begin_object().key("parts").begin_array();
}

class Encoder final : public StreamEncoder {
public:
    explicit Encoder(EncoderOptions options) : options_(std::move(options)) {}

    void encode(const Event& event, std::string& out) override {
        usage_.update(event.usage);
        if (done_) return;
        if (event.kind == EventKind::error) {
            done_ = true;
            std::string words;
            json::append_unescaped(words, event.text);
            out += frame_of(error_json(status_of(event.error_class), words));
            return;
        }
        const bool stops = event.kind == EventKind::stop;
        std::string frame;
        json::Writer writer(frame);
        open_response(writer);
        const std::size_t opened = frame.size();
        parts_.take(event, writer);
        if (frame.size() == opened && !stops) return;
        done_ = stops;
        close_response(writer, parts_, {stops, event.stop}, stops ? &usage_ : nullptr, options_);
        out += frame_of(frame);
    }

    static std::string frame_of(std::string_view json) {
        std::string frame = "data: ";
        frame.append(json).append("\r\n\r\n");
        return frame;
    }

    static std::string error_json(int status, std::string_view message) {
        std::string body;
        json::Writer writer(body);
        writer.begin_object().key("error").begin_object().integer("code", status);
        writer.string("message", message).string("status", status_word(status));
        writer.end_object().end_object();
        return body;
    }

private:
    const EncoderOptions options_;
    Parts parts_;
    domain::Usage usage_;
    bool done_ = false;
};

// Neighbouring pieces of one text are one part.
std::vector<Event> joined(const std::vector<Event>& events, base::Arena& arena) {
    std::vector<Event> out;
    for (const Event& event : events) {
        const bool same = !out.empty() && event.kind == EventKind::block_delta &&
                          out.back().kind == EventKind::block_delta &&
                          event.block != BlockKind::tool_call && event.block == out.back().block &&
                          event.index == out.back().index && event.signature.empty() &&
                          out.back().signature.empty() && !event.hosted && !out.back().hosted;
        if (!same) {
            out.push_back(event);
            continue;
        }
        std::string text(out.back().text.raw);
        text += event.text.raw;
        out.back().text = {arena.store(text)};
    }
    return out;
}

class Client final : public ClientDialect {
public:
    domain::Protocol protocol() const override { return domain::Protocol::gemini; }
    base::Result<domain::Request> decode_request(const json::Document& document,
                                                 base::Arena& arena) const override {
        return gemini_client::decode_request(document, arena);
    }
    std::unique_ptr<StreamEncoder> stream_encoder(EncoderOptions options) const override {
        return std::make_unique<Encoder>(std::move(options));
    }
    std::string encode_answer(const std::vector<Event>& events,
                              const EncoderOptions& options) const override {
        base::Arena arena;
        std::string body;
        json::Writer writer(body);
        Parts parts;
        domain::Usage usage;
        Closing closing{true, StopReason::end_turn};
        open_response(writer);
        for (const Event& event : joined(events, arena)) {
            usage.update(event.usage);
            if (event.kind == EventKind::stop) closing.reason = event.stop;
            parts.take(event, writer);
        }
        close_response(writer, parts, closing, &usage, options);
        return body;
    }
    std::string encode_error(int status, const base::Error& error,
                             std::string_view) const override {
        return Encoder::error_json(status, error.message);
    }
    std::string encode_stream_error(int status, const base::Error& error,
                                    std::string_view) const override {
        return Encoder::frame_of(Encoder::error_json(status, error.message));
    }
    // Google's SDKs take nothing but data in a stream.
    std::string ping() const override { return {}; }
};

}  // namespace

std::string_view status_word(int status) {
    switch (status) {
        case 400: case 413: case 422: return "INVALID_ARGUMENT";
        case 401: return "UNAUTHENTICATED";
        case 403: return "PERMISSION_DENIED";
        case 404: return "NOT_FOUND";
        case 408: case 504: return "DEADLINE_EXCEEDED";
        case 429: return "RESOURCE_EXHAUSTED";
        case 503: case 529: return "UNAVAILABLE";
        default: return status >= 500 ? "INTERNAL" : "FAILED_PRECONDITION";
    }
}

}  // namespace gemini_client

std::unique_ptr<ClientDialect> make_gemini_client() {
    return std::make_unique<gemini_client::Client>();
}

}  // namespace tollgate::dialect
