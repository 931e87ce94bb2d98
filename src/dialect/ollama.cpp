#include "dialect/ollama.hpp"

#include <algorithm>

#include "dialect/ollama_request.hpp"
#include "dialect/plain_words.hpp"
#include "dialect/signatures.hpp"
#include "dialect/tool_names.hpp"

namespace tollgate::dialect {
namespace {

using domain::BlockKind;
using domain::ErrorClass;
using domain::Event;
using domain::EventKind;
using domain::Protocol;
using domain::StopReason;

base::Error nonsense(std::string message) {
    return {base::ErrorCode::provider, std::move(message)};
}

class OllamaDialect final : public ProviderDialect {
public:
    Protocol protocol() const override { return Protocol::ollama; }
    Framing framing() const override { return Framing::ndjson; }

    base::Result<EncodedRequest> encode_request(const domain::Request& request,
                                                const domain::Deployment& target) const override {
        return encode_ollama_request(request, target);
    }
    std::unique_ptr<StreamDecoder> stream_decoder(const domain::Deployment& target,
                                                  const Translation& translation) const override {
        return std::make_unique<OllamaDecoder>(target, translation);
    }
    base::Result<std::vector<Event>> decode_answer(std::string_view body,
                                                   const domain::Deployment& target,
                                                   const Translation& translation,
                                                   base::Arena& arena) const override {
        OllamaDecoder decoder(target, translation);
        std::vector<Event> events;
        TRY(auto facts, decoder.feed("", body, events));
        if (!facts.end) return nonsense("the provider's answer is cut short: `done` is not true");
        // Views of what the decoder made itself die with it.
        for (auto& event : events) {
            event.text.raw = arena.store(event.text.raw);
            event.signature.raw = arena.store(event.signature.raw);
            event.id = arena.store(event.id);
            event.name = arena.store(event.name);
            event.model = arena.store(event.model);
        }
        return events;
    }
    ProviderFailure decode_error(int status, std::string_view body) const override {
        json::Document document;
        auto root = document.parse(body);
        if (!root.ok()) return ollama_failure(status, plain_words(body));
        json::Value error = (*root)["error"];
        if (error.is_object()) error = error["message"];  // its OpenAI-shaped routes
        return ollama_failure(status, error.text());
    }
};

// The name between the first pair of quotes: model "llama3.2" not found, model 'x' not found.
std::string_view quoted_name(std::string_view message) {
    for (const char quote : {'"', '\''}) {
        const auto from = message.find(quote);
        if (from == message.npos) continue;
        const auto to = message.find(quote, from + 1);
        if (to != message.npos) return message.substr(from + 1, to - from - 1);
    }
    return "MODEL";
}

}  // namespace

ProviderFailure ollama_failure(int status, std::string_view message) {
    auto says = [&](std::string_view words) { return message.find(words) != message.npos; };
    ProviderFailure failure;
    failure.message = message;
    if (says("context length") || says("context window") || says("prompt too long") ||
        says("exceeds the available context")) {
        failure.error_class = ErrorClass::context_overflow;
    } else if (status == 503 || says("server busy")) {
        failure.error_class = ErrorClass::overloaded;
    } else if (status == 401 || status == 403) {
        failure.error_class = ErrorClass::credential;
    } else if (status == 429) {
        failure.error_class = ErrorClass::rate_limited;
    } else if (status >= 400 && status < 500) {
        failure.error_class = ErrorClass::bad_request;
    }
    if (says("not found") && says("model")) {
        failure.type = "model_not_found";
        if (!says("pull")) failure.message += ", try pulling it first";
        failure.message += " (on the Ollama host: ollama pull ";
        failure.message += quoted_name(message);
        failure.message += ')';
    } else if (says("does not support")) {
        failure.error_class = ErrorClass::bad_request;
        failure.type = "not_supported";
        failure.message += "; choose a model that has the ability (ollama show MODEL lists them)";
    }
    return failure;
}

base::Result<FrameFacts> OllamaDecoder::feed(std::string_view, std::string_view data,
                                             std::vector<Event>& events) {
    FrameFacts facts;
    arena_.reset();
    if (ended_) return facts;
    auto parsed = document_.parse(data);
    if (!parsed.ok()) {
        return nonsense("the provider's line is no valid JSON: " + parsed.error().message);
    }
    json::Value root = *parsed;
    if (root["error"].exists()) {
        fail(root["error"], events);
        facts.end = true;
        return facts;
    }
    json::Value message = root["message"];
    if (!message.is_object() && root["done"].boolean() != true) {
        return nonsense("the provider's line has neither `message` nor `error`");
    }
    if (!started_) {
        started_ = true;
        Event event;
        event.kind = EventKind::start;
        event.model = root["model"].text(arena_);
        events.push_back(event);
    }
    text(BlockKind::thinking, message["thinking"].escaped(), events);
    text(BlockKind::text, message["content"].escaped(), events);
    for (json::Value call : message["tool_calls"].elements()) tool_call(call, data, events);
    if (root["done"].boolean() == true) {
        done(root, events);
        facts.end = true;
    }
    return facts;
}

void OllamaDecoder::end_block(std::vector<Event>& events) {
    if (!block_open_) return;
    block_open_ = false;
    Event event;
    event.kind = EventKind::block_end;
    event.block = block_;
    event.index = blocks_ - 1;
    if (block_ == BlockKind::thinking) {
        event.signature.raw = arena_.store(pack_signature(provider_, {}));
    }
    events.push_back(event);
}

void OllamaDecoder::text(BlockKind kind, json::Escaped fragment, std::vector<Event>& events) {
    if (fragment.empty()) return;
    if (!block_open_ || block_ != kind) {
        end_block(events);
        Event start;
        start.kind = EventKind::block_start;
        start.block = kind;
        start.index = blocks_++;
        events.push_back(start);
        block_open_ = true;
        block_ = kind;
    }
    Event delta;
    delta.kind = EventKind::block_delta;
    delta.block = kind;
    delta.index = blocks_ - 1;
    delta.text = fragment;
    events.push_back(delta);
}

void OllamaDecoder::tool_call(json::Value call, std::string_view line,
                              std::vector<Event>& events) {
    end_block(events);
    json::Value function = call["function"];
    std::string id = call["id"].text();
    bool used = std::ranges::find(call_ids_, id) != call_ids_.end();
    // The line carries a time stamp, so that ids differ from turn to turn.
    if (id.empty() || used) id = fresh_tool_id(line, call_ids_.size());
    call_ids_.push_back(id);
    Event event;
    event.kind = EventKind::block_start;
    event.block = BlockKind::tool_call;
    event.index = blocks_++;
    event.id = arena_.store(id);
    event.name = translation_.client_tool_name(function["name"].text(arena_));
    events.push_back(event);
    json::Value input = function["arguments"];
    std::string arguments;
    if (input.is_string()) json::append_unescaped(arguments, input.escaped());
    else if (input.is_object()) json::append_compact(arguments, input.raw());
    if (arguments.empty()) arguments = "{}";
    event.kind = EventKind::block_delta;
    event.id = event.name = {};
    event.text = json::escape(arena_.store(arguments), arena_);
    events.push_back(event);
    event.kind = EventKind::block_end;
    event.text = {};
    events.push_back(event);
}

void OllamaDecoder::done(json::Value root, std::vector<Event>& events) {
    end_block(events);
    Event event;
    event.kind = EventKind::stop;
    // Zero means that nothing was counted (a cached prompt), not that nothing was read.
    event.usage.input = root["prompt_eval_count"].integer().value_or(0);
    event.usage.output = root["eval_count"].integer().value_or(0);
    if (event.usage.input == 0) event.usage.input = -1;
    if (event.usage.output == 0) event.usage.output = -1;
    auto used = domain::Usage::or_zero(event.usage.input) +
                domain::Usage::or_zero(event.usage.output);
    bool full = translation_.context_sent > 0 && used >= translation_.context_sent;
    if (!call_ids_.empty()) event.stop = StopReason::tool_use;
    else if (root["done_reason"].equals("length")) {
        event.stop = full ? StopReason::context_window : StopReason::max_tokens;
    }
    // A prompt as long as the context to the token has been cut to it.
    if (translation_.context_sent > 0 && event.usage.input >= translation_.context_sent - 1) {
        warning_ = "the prompt filled the whole context of " + target_ + " (" +
                   std::to_string(translation_.context_sent) +
                   " tokens): its beginning has been cut off; raise num_ctx or the model's limit";
    }
    events.push_back(event);
    ended_ = true;
}

void OllamaDecoder::fail(json::Value problem, std::vector<Event>& events) {
    auto failure = ollama_failure(0, problem.is_object() ? problem["message"].text()
                                                         : problem.text());
    Event event;
    event.kind = EventKind::error;
    event.error_class = failure.error_class;
    event.error_type = arena_.store(failure.type);
    event.text = json::escape(arena_.store(failure.message), arena_);
    events.push_back(event);
    ended_ = true;
}

bool OllamaDecoder::finish(std::vector<Event>&) {
    arena_.reset();
    return ended_;
}

Codec make_ollama() { return {nullptr, std::make_unique<OllamaDialect>()}; }

}  // namespace tollgate::dialect
