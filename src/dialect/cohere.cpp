#include "dialect/cohere.hpp"

#include <algorithm>

#include "dialect/cohere_request.hpp"
#include "dialect/context_overflow.hpp"
#include "dialect/plain_words.hpp"
#include "dialect/signatures.hpp"
#include "dialect/tool_names.hpp"

namespace tollgate::dialect {
namespace {

using domain::BlockKind;
using domain::ErrorClass;
using domain::Event;
using domain::EventKind;
using domain::StopReason;
using json::Value;

base::Error nonsense(std::string message) {
    return {base::ErrorCode::provider, std::move(message)};
}

class CohereDialect final : public ProviderDialect {
public:
    domain::Protocol protocol() const override { return domain::Protocol::cohere; }
    Framing framing() const override { return Framing::sse; }

    base::Result<EncodedRequest> encode_request(const domain::Request& request,
                                                const domain::Deployment& target) const override {
        return encode_cohere_request(request, target);
    }
    std::unique_ptr<StreamDecoder> stream_decoder(const domain::Deployment& target,
                                                  const Translation& translation) const override {
        return std::make_unique<CohereDecoder>(target, translation);
    }
    base::Result<std::vector<Event>> decode_answer(std::string_view body,
                                                   const domain::Deployment& target,
                                                   const Translation& translation,
                                                   base::Arena& arena) const override {
        json::Document document;
        auto root = document.parse(body);
        if (!root.ok()) {
            return nonsense("the provider's answer is no valid JSON: " + root.error().message);
        }
        CohereDecoder decoder(target, translation);
        std::vector<Event> events;
        TRY_VOID(decoder.whole(*root, events));
        // Views of what the decoder made itself die with it.
        for (auto& event : events) {
            event.text.raw = arena.store(event.text.raw);
            event.signature.raw = arena.store(event.signature.raw);
            event.id = arena.store(event.id);
            event.name = arena.store(event.name);
            event.error_type = arena.store(event.error_type);
        }
        return events;
    }
    ProviderFailure decode_error(int status, std::string_view body) const override {
        json::Document document;
        auto root = document.parse(body);
        if (root.ok() && (*root)["message"].is_string()) {
            return cohere_failure(status, (*root)["message"].text());
        }
        return cohere_failure(status, plain_words(body));
    }
};

// Streams spell a call as an object where an answer has a list of them.
Value single(Value call) {
    if (!call.is_array()) return call;
    for (Value first : call.elements()) return first;
    return {};
}

ErrorClass class_of_status(int status) {
    switch (status) {
        case 401: case 403: return ErrorClass::credential;
        case 402: case 429: return ErrorClass::rate_limited;  // 402: no credit left
        case 408: case 504: return ErrorClass::timeout;
        case 498: return ErrorClass::content_policy;  // a deny-listed word in prompt or answer
        case 503: return ErrorClass::overloaded;
        default: break;
    }
    return status >= 400 && status < 500 ? ErrorClass::bad_request : ErrorClass::provider_fault;
}

}  // namespace

ProviderFailure cohere_failure(int status, std::string_view message) {
    ProviderFailure failure;
    failure.message = message;
    failure.error_class = class_of_status(status);
    const bool about_length = message.find("too many tokens") != message.npos;
    const auto overflow = read_context_overflow(message);
    if (status != 429 && (overflow || about_length)) {
        failure.error_class = ErrorClass::context_overflow;
        failure.type = "too_many_tokens";
        if (overflow) {
            failure.prompt_tokens = overflow->prompt_tokens;
            failure.context_tokens = overflow->context_tokens;
            failure.max_tokens_fitting = overflow->max_tokens_fitting;
        }
    }
    return failure;
}

domain::Usage cohere_usage(Value usage) {
    domain::Usage out;
    auto take = [&](Value figures) {
        if (auto number = figures["input_tokens"].number(); number && out.input < 0) {
            out.input = static_cast<std::int64_t>(*number);
        }
        if (auto number = figures["output_tokens"].number(); number && out.output < 0) {
            out.output = static_cast<std::int64_t>(*number);
        }
    };
    take(usage["billed_units"]);
    take(usage["tokens"]);
    if (auto cached = usage["cached_tokens"].integer(); cached && out.input >= 0) {
        out.cache_read = std::clamp<std::int64_t>(*cached, 0, out.input);
        out.input -= out.cache_read;
    }
    return out;
}

base::Result<FrameFacts> CohereDecoder::feed(std::string_view event, std::string_view data,
                                             std::vector<Event>& events) {
    FrameFacts facts;
    arena_.reset();
    if (ended_ || data.empty() || data.starts_with("[DONE]")) {
        facts.end = ended_;
        return facts;
    }
    auto parsed = document_.parse(data);
    if (!parsed.ok()) {
        return nonsense("the provider's event is no valid JSON: " + parsed.error().message);
    }
    frame_ = data;
    const Value root = *parsed;
    const std::string_view named = root["type"].text(arena_);
    step(named.empty() ? event : named, root, events);
    facts.end = ended_;
    return facts;
}

void CohereDecoder::step(std::string_view type, Value root, std::vector<Event>& events) {
    const Value message = root["delta"]["message"];
    if (type == "message-start") {
        start(root["id"], events);
    } else if (type == "content-start" || type == "content-delta") {
        start({}, events);
        content_part(message["content"], events);
    } else if (type == "content-end") {
        end_text(events);
    } else if (type == "tool-plan-delta") {
        start({}, events);
        text(BlockKind::text, message["tool_plan"].escaped(), events);
    } else if (type == "tool-call-start") {
        start({}, events);
        open_call(root["index"], message["tool_calls"], events);
    } else if (type == "tool-call-delta") {
        arguments(root["index"], message["tool_calls"], events);
    } else if (type == "tool-call-end") {
        if (Call* call = call_of(root["index"])) close_call(*call, events);
    } else if (type == "message-end") {
        start({}, events);
        stop(root["delta"], events);
    } else if (!root["type"].exists() && root["message"].is_string()) {
        fail(cohere_failure(0, root["message"].text()), events);  // an error's body in the stream
    }
}

void CohereDecoder::start(Value id, std::vector<Event>& events) {
    if (started_) return;
    started_ = true;
    Event event;
    event.kind = EventKind::start;
    event.id = id.text(arena_);
    events.push_back(event);
}

void CohereDecoder::content_part(Value part, std::vector<Event>& events) {
    if (part.is_string()) return text(BlockKind::text, part.escaped(), events);
    text(BlockKind::thinking, part["thinking"].escaped(), events);
    text(BlockKind::text, part["text"].escaped(), events);
}

void CohereDecoder::end_text(std::vector<Event>& events) {
    if (!text_open_) return;
    text_open_ = false;
    Event event;
    event.kind = EventKind::block_end;
    event.block = text_kind_;
    event.index = text_block_;
    if (text_kind_ == BlockKind::thinking) {
        event.signature.raw = arena_.store(pack_signature(provider_, {}));
    }
    events.push_back(event);
}

void CohereDecoder::text(BlockKind kind, json::Escaped fragment, std::vector<Event>& events) {
    if (fragment.empty()) return;
    if (text_open_ && text_kind_ != kind) end_text(events);
    Event event;
    event.block = kind;
    if (!text_open_) {
        text_open_ = true;
        text_kind_ = kind;
        text_block_ = blocks_++;
        event.kind = EventKind::block_start;
        event.index = text_block_;
        events.push_back(event);
    }
    event.kind = EventKind::block_delta;
    event.index = text_block_;
    event.text = fragment;
    events.push_back(event);
}

CohereDecoder::Call* CohereDecoder::call_of(Value index) {
    const auto wanted = index.integer();
    for (auto call = calls_.rbegin(); call != calls_.rend(); ++call) {
        if (!wanted || call->provider_index == *wanted) return &*call;
    }
    return nullptr;
}

void CohereDecoder::open_call(Value index, Value call, std::vector<Event>& events) {
    call = single(call);
    end_text(events);
    std::string id = call["id"].text();
    const bool used = std::ranges::any_of(calls_, [&](const Call& each) { return each.id == id; });
    if (id.empty() || used) id = fresh_tool_id(frame_, calls_.size());
    Call& made = calls_.emplace_back();
    made.provider_index = index.integer().value_or(static_cast<std::int64_t>(calls_.size()) - 1);
    made.id = std::move(id);
    made.block = blocks_++;
    made.open = true;
    Event event;
    event.kind = EventKind::block_start;
    event.block = BlockKind::tool_call;
    event.index = made.block;
    event.id = made.id;
    event.name = arena_.store(
        translation_.client_tool_name(call["function"]["name"].text(arena_)));
    events.push_back(event);
    arguments(index, call, events);
}

void CohereDecoder::arguments(Value index, Value call, std::vector<Event>& events) {
    const Value given = single(call)["function"]["arguments"];
    json::Escaped fragment = given.escaped();
    if (given.is_object()) fragment = json::escape(given.raw(), arena_);
    const Call* to = call_of(index);
    if (fragment.empty() || to == nullptr || !to->open) return;
    Event event;
    event.kind = EventKind::block_delta;
    event.block = BlockKind::tool_call;
    event.index = to->block;
    event.text = fragment;
    events.push_back(event);
}

void CohereDecoder::close_call(Call& call, std::vector<Event>& events) {
    if (!call.open) return;
    call.open = false;
    Event event;
    event.kind = EventKind::block_end;
    event.block = BlockKind::tool_call;
    event.index = call.block;
    events.push_back(event);
}

void CohereDecoder::stop(Value delta, std::vector<Event>& events) {
    end_text(events);
    for (Call& call : calls_) close_call(call, events);
    const std::string_view reason = delta["finish_reason"].text(arena_);
    Event event;
    event.kind = EventKind::stop;
    event.usage = cohere_usage(delta["usage"]);
    if (reason.starts_with("ERROR") || reason == "TIMEOUT") {
        auto failure = cohere_failure(0, delta["error"].text());
        if (failure.message.empty()) {
            failure.message = "the provider ended its answer with " + std::string(reason);
        }
        if (reason == "TIMEOUT") failure.error_class = ErrorClass::timeout;
        if (reason == "ERROR_TOXIC") failure.error_class = ErrorClass::content_policy;
        if (failure.type.empty()) failure.type = reason;
        event.kind = EventKind::usage;
        if (event.usage.known()) events.push_back(event);
        return fail(failure, events);
    }
    if (!calls_.empty()) event.stop = StopReason::tool_use;
    if (reason == "MAX_TOKENS") event.stop = StopReason::max_tokens;
    if (reason == "STOP_SEQUENCE") event.stop = StopReason::stop_sequence;
    events.push_back(event);
    ended_ = true;
}

void CohereDecoder::fail(const ProviderFailure& failure, std::vector<Event>& events) {
    Event event;
    event.kind = EventKind::error;
    event.error_class = failure.error_class;
    event.error_type = arena_.store(failure.type);
    event.text = json::escape(failure.message, arena_);
    events.push_back(event);
    ended_ = true;
}

base::Result<void> CohereDecoder::whole(Value root, std::vector<Event>& events) {
    const Value message = root["message"];
    if (message.is_string()) {  // an error under a 200
        fail(cohere_failure(0, message.text()), events);
        return {};
    }
    if (!message.is_object()) return nonsense("the provider's answer has no `message`");
    frame_ = root.raw();
    start(root["id"], events);
    text(BlockKind::text, message["tool_plan"].escaped(), events);
    if (message["content"].is_string()) content_part(message["content"], events);
    for (Value part : message["content"].elements()) content_part(part, events);
    for (Value call : message["tool_calls"].elements()) {
        open_call({}, call, events);
        close_call(calls_.back(), events);
    }
    stop(root, events);
    return {};
}

bool CohereDecoder::finish(std::vector<Event>&) {
    arena_.reset();
    return ended_;
}

Codec make_cohere() { return {nullptr, std::make_unique<CohereDialect>()}; }

}  // namespace tollgate::dialect
