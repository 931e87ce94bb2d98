// Gemini's answers as events.
#include <algorithm>
#include <array>

#include "dialect/gemini.hpp"
#include "dialect/gemini_model.hpp"
#include "dialect/hosted.hpp"
#include "dialect/tool_names.hpp"

namespace tollgate::dialect::gemini {
namespace {

using domain::BlockKind;
using domain::ErrorClass;
using domain::Event;
using domain::EventKind;
using domain::StopReason;
using json::Value;

constexpr std::string_view id_charset = "a-zA-Z0-9_-";
constexpr std::size_t id_max = 64;

template <std::size_t N>
bool one_of(std::string_view word, const std::array<std::string_view, N>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// The provider withheld the rest of the answer.
constexpr std::array<std::string_view, 10> refusals = {
    "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR"};
// FUNCTION_CALL is not in Google's list, but some servers of this shape say it.
constexpr std::array<std::string_view, 4> natural_ends = {"STOP", "FUNCTION_CALL", "CONTINUATION",
                                                          "FINISH_REASON_UNSPECIFIED"};

// What went wrong, for a reason that is neither an end nor a refusal.
std::string_view trouble(std::string_view reason) {
    if (reason == "MALFORMED_FUNCTION_CALL") return "the model wrote a tool call that is not valid";
    if (reason == "UNEXPECTED_TOOL_CALL") {
        return "the model called a tool although none was offered or allowed";
    }
    if (reason == "TOO_MANY_TOOL_CALLS") return "the model called tools too many times in a row";
    if (reason == "MISSING_THOUGHT_SIGNATURE") {
        return "the history lacks a thought signature that the model wants";
    }
    if (reason == "MALFORMED_RESPONSE") return "the model's answer was malformed";
    if (reason == "NO_IMAGE") return "the model was to make an image and made none";
    return "the model stopped for a reason that the provider does not explain";
}

bool fits_as_id(std::string_view id) {
    return !id.empty() && id.size() <= id_max &&
           std::all_of(id.begin(), id.end(), [](char c) { return in_charset(c, id_charset); });
}

}  // namespace

domain::Usage read_usage(Value metadata) {
    domain::Usage usage;
    const auto prompt = metadata["promptTokenCount"].integer();
    if (!prompt || *prompt <= 0) return usage;  // servers that do not count say 0
    auto count = [&](const char* name) {
        return std::max<std::int64_t>(0, metadata[name].integer().value_or(0));
    };
    const std::int64_t cached = std::min(count("cachedContentTokenCount"), *prompt);
    usage.input = *prompt - cached + count("toolUsePromptTokenCount");
    usage.cache_read = cached;
    usage.output = count("candidatesTokenCount") + count("thoughtsTokenCount");
    if (metadata["thoughtsTokenCount"].exists()) usage.reasoning = count("thoughtsTokenCount");
    return usage;
}

Decoder::Decoder(const domain::Deployment& target, const Translation& translation)
    : origin_(domain::target_name(target)), translation_(translation) {}

base::Result<FrameFacts> Decoder::feed(std::string_view, std::string_view data, Events& events) {
    FrameFacts facts;
    arena_.reset();
    if (data.empty() || data == "[DONE]") return facts;
    auto parsed = document_.parse(data);
    if (!parsed.ok()) {
        return base::Error{base::ErrorCode::provider,
                           "the provider's answer holds something that is no valid JSON: " +
                               parsed.error().message};
    }
    if (!parsed->is_object() && !parsed->is_array()) {
        return base::Error{base::ErrorCode::provider,
                           "the provider's answer is no JSON object of this protocol"};
    }
    if (parsed->is_object()) {
        read(*parsed, data, events);
        const Value model = (*parsed)["modelVersion"];
        facts.has_model = model.is_string();
        facts.model = model.raw();
    }
    for (Value each : parsed->elements()) read(each, data, events);
    facts.end = ended_;
    return facts;
}

void Decoder::read(Value response, std::string_view data, Events& events) {
    if (ended_) return;
    if (Value error = response["error"]; error.is_object()) {
        const ProviderFailure failure = read_failure(0, error);
        fail(failure.error_class, failure.type, failure.message, events);
        return;
    }
    const domain::Usage usage = read_usage(response["usageMetadata"]);
    usage_.update(usage);
    start(response, events);
    const Value feedback = response["promptFeedback"];
    if (Value reason = feedback["blockReason"]; reason.is_string()) {
        std::string message = "the prompt was blocked (" + reason.text() + ")";
        if (feedback["blockReasonMessage"].is_string()) {
            message += ": " + feedback["blockReasonMessage"].text();
        }
        fail(ErrorClass::content_policy, reason.text(arena_), message, events);
        return;
    }
    Value candidate;
    for (Value each : response["candidates"].elements()) {
        candidate = each;
        break;
    }
    for (Value each : candidate["content"]["parts"].elements()) part(each, data, events);
    if (Value found = candidate["groundingMetadata"]; found.is_object()) grounding(found);
    if (candidate["finishReason"].is_string()) take_reason(candidate, events);
    if (ended_) return;
    // Where the reason comes with the counts, nothing follows.
    if (reason_known_ && usage.known()) {
        stop(events);
    } else if (usage.known()) {
        Event event;
        event.kind = EventKind::usage;
        event.usage = usage_;
        events.push_back(event);
    }
}

void Decoder::start(Value response, Events& events) {
    if (started_) return;
    started_ = true;
    Event event;
    event.kind = EventKind::start;
    event.id = response["responseId"].text(arena_);
    event.model = response["modelVersion"].text(arena_);
    event.usage = usage_;
    events.push_back(event);
}

void Decoder::part(Value part, std::string_view data, Events& events) {
    if (part["functionCall"].is_object()) {
        call(part, data, events);
        return;
    }
    if (part["executableCode"].is_object() || part["codeExecutionResult"].is_object()) {
        code(part, events);
        return;
    }
    if (Value media = part["inlineData"]; media.is_object()) {
        const std::string note = "[the model answered with " + media["mimeType"].text() +
                                 ", which cannot be shown here]";
        text(BlockKind::text, json::escape(arena_.store(note), arena_), events);
        return;
    }
    const bool thought = part["thought"].boolean() == true;
    text(thought ? BlockKind::thinking : BlockKind::text, part["text"].escaped(), events);
    if (!thought && part["thoughtSignature"].is_string()) {
        text_signature_ = part["thoughtSignature"].text();
    }
}

void Decoder::text(BlockKind kind, json::Escaped fragment, Events& events) {
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
    if (kind != BlockKind::thinking) said_something_ = true;
    Event delta;
    delta.kind = EventKind::block_delta;
    delta.block = kind;
    delta.index = blocks_ - 1;
    delta.text = fragment;
    events.push_back(delta);
}

void Decoder::end_block(Events& events, std::string_view signature) {
    if (!block_open_) return;
    block_open_ = false;
    Event event;
    event.kind = EventKind::block_end;
    event.block = block_;
    event.index = blocks_ - 1;
    if (block_ == BlockKind::text && !text_signature_.empty()) {
        event.signature.raw = packed(false, text_signature_);
        text_signature_.clear();
    } else if (block_ == BlockKind::thinking) {
        event.signature.raw = signature;
    }
    events.push_back(event);
}

std::string_view Decoder::packed(bool call, std::string_view signature) {
    return arena_.store(
        pack_thought(call ? SignedPart::call : SignedPart::text, origin_, signature));
}

// A call's signature travels in the thinking block before it; there may have been no thoughts.
void Decoder::signed_thought(std::string_view signature, Events& events) {
    const std::string_view mark = packed(true, signature);
    if (!block_open_ || block_ != BlockKind::thinking) {
        end_block(events);
        Event start;
        start.kind = EventKind::block_start;
        start.block = BlockKind::thinking;
        start.index = blocks_++;
        events.push_back(start);
        block_open_ = true;
        block_ = BlockKind::thinking;
    }
    end_block(events, mark);
}

void Decoder::call(Value part, std::string_view data, Events& events) {
    const Value function = part["functionCall"];
    if (Value signature = part["thoughtSignature"]; !signature.string_empty()) {
        signed_thought(signature.text(), events);
    }
    end_block(events);
    std::string id = function["id"].text();
    const bool used = std::find(call_ids_.begin(), call_ids_.end(), id) != call_ids_.end();
    // The response's id and counts are among the data, so ids differ from turn to turn.
    if (used || !fits_as_id(id)) id = fresh_tool_id(data, call_ids_.size());
    call_ids_.push_back(id);
    said_something_ = true;
    Event event;
    event.kind = EventKind::block_start;
    event.block = BlockKind::tool_call;
    event.index = blocks_++;
    event.id = arena_.store(id);
    event.name = translation_.client_tool_name(function["name"].text(arena_));
    events.push_back(event);
    std::string arguments;
    if (function["args"].is_object()) {
        json::append_compact_escaped(arguments, function["args"].raw());
    } else {
        arguments = "{}";
    }
    event.kind = EventKind::block_delta;
    event.id = event.name = {};
    event.text.raw = arena_.store(arguments);
    events.push_back(event);
    event.kind = EventKind::block_end;
    event.text = {};
    events.push_back(event);
}

void Decoder::hosted(domain::HostedRecord step, Events& events) {
    append_hosted(std::make_shared<domain::HostedRecord>(std::move(step)), blocks_++, events);
    said_something_ = true;
}

void Decoder::grounding(Value metadata) {
    const Value queries = metadata["webSearchQueries"];
    if (queries.size() > 0) {
        search_.input.clear();
        queries_ = static_cast<std::int64_t>(queries.size());
    }
    for (Value query : queries.elements()) {
        if (!search_.input.empty()) search_.input += "; ";
        search_.input += query.escaped().raw;
    }
    for (Value chunk : metadata["groundingChunks"].elements()) {
        add_source(search_.sources, {std::string(chunk["web"]["uri"].escaped().raw),
                                     std::string(chunk["web"]["title"].escaped().raw)});
    }
}

// The pages belong to the text that is still open; the search itself is told behind it.
void Decoder::search_steps(Events& events) {
    if (search_.input.empty() && search_.sources.empty()) return;
    domain::HostedRecord step = std::move(search_);
    step.id = "0";
    if (block_open_ && block_ == BlockKind::text && !step.sources.empty()) {
        auto cited = std::make_shared<domain::HostedRecord>();
        cited->step = domain::HostedStep::citations;
        cited->sources = step.sources;
        Event event;
        event.kind = EventKind::block_delta;
        event.index = blocks_ - 1;
        event.hosted = std::move(cited);
        events.push_back(std::move(event));
    }
    end_block(events);
    if (!translation_.web_search) return;
    usage_.web_searches = std::max<std::int64_t>(queries_, 1);
    domain::HostedRecord call = step;
    call.sources.clear();
    hosted(std::move(call), events);
    step.step = domain::HostedStep::result;
    hosted(std::move(step), events);
}

// Code that the provider ran by itself, and what came of it: where the client did not ask for it in
// words of its own, shown as text.
void Decoder::code(Value part, Events& events) {
    const Value written = part["executableCode"], result = part["codeExecutionResult"];
    if (translation_.code_execution) {
        domain::HostedRecord step;
        step.tool = domain::HostedTool::code_execution;
        if (written.is_object()) {
            program_ = std::to_string(blocks_);
            step.input = written["code"].escaped().raw;
        } else {
            step.step = domain::HostedStep::result;
            step.output = result["output"].escaped().raw;
            step.failed = !result["outcome"].equals("OUTCOME_OK");
        }
        step.id = program_;
        end_block(events);
        hosted(std::move(step), events);
        return;
    }
    std::string shown = said_something_ ? "\\n```" : "```";
    if (written.is_object()) {
        shown += written["language"].equals("PYTHON") ? "python\\n" : "\\n";
        shown += written["code"].escaped().raw;
    } else {
        shown += "\\n";
        shown += result["output"].escaped().raw;
    }
    if (!shown.ends_with("\\n")) shown += "\\n";
    shown += "```\\n";
    text(BlockKind::text, {arena_.store(shown)}, events);
}

void Decoder::take_reason(Value candidate, Events& events) {
    const std::string_view reason = candidate["finishReason"].text(arena_);
    reason_known_ = true;
    if (one_of(reason, natural_ends)) {
        reason_ = call_ids_.empty() ? StopReason::end_turn : StopReason::tool_use;
    } else if (reason == "MAX_TOKENS") {
        reason_ = StopReason::max_tokens;
    } else if (one_of(reason, refusals)) {
        refuse(candidate, events);
    } else {
        std::string message(trouble(reason));
        message += " (finishReason ";
        message += reason;
        message += ")";
        if (candidate["finishMessage"].is_string()) {
            message += ": " + candidate["finishMessage"].text();
        }
        const bool ours = reason == "MISSING_THOUGHT_SIGNATURE";
        fail(ours ? ErrorClass::bad_request : ErrorClass::provider_fault, reason, message, events);
    }
}

// Where nothing was said before, the reason is told.
void Decoder::refuse(Value candidate, Events& events) {
    reason_ = StopReason::refusal;
    if (said_something_) return;
    std::string message = "The provider withheld the answer (" + candidate["finishReason"].text() +
                          ")";
    if (candidate["finishMessage"].is_string()) {
        message += ": " + candidate["finishMessage"].text();
    }
    text(BlockKind::refusal, json::escape(arena_.store(message), arena_), events);
}

void Decoder::stop(Events& events) {
    search_steps(events);
    end_block(events);
    ended_ = true;
    Event event;
    event.kind = EventKind::stop;
    event.stop = reason_;
    event.usage = usage_;
    events.push_back(event);
}

void Decoder::fail(ErrorClass error_class, std::string_view type, std::string_view message,
                   Events& events) {
    ended_ = true;
    Event event;
    event.kind = EventKind::error;
    event.error_class = error_class;
    event.error_type = arena_.store(type);
    event.text = json::escape(arena_.store(message), arena_);
    event.usage = usage_;
    events.push_back(event);
}

bool Decoder::finish(Events& events) {
    arena_.reset();
    if (!ended_ && reason_known_) stop(events);
    return ended_;
}

void Decoder::end_whole(Events& events) {
    if (!ended_ && (reason_known_ || said_something_)) {
        if (!reason_known_ && !call_ids_.empty()) reason_ = StopReason::tool_use;
        stop(events);
    }
}

}  // namespace tollgate::dialect::gemini
