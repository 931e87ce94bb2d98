#include "dialect/openai_chat_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "dialect/hosted.hpp"
#include "dialect/openai_chat.hpp"
#include "dialect/signatures.hpp"

namespace tollgate::dialect::openai_chat {
namespace {

using domain::BlockKind;
using domain::Event;
using domain::EventKind;
using domain::StopReason;
using json::Escaped;
using json::Value;

Event event_of(EventKind kind) {
    Event event;
    event.kind = kind;
    return event;
}

Event block_event(EventKind kind, BlockKind block, std::uint32_t index) {
    Event event;
    event.kind = kind;
    event.block = block;
    event.index = index;
    return event;
}

// With the length known to the compiler, a comparison is a few instructions and no call: it is made
// for each member of each chunk.
template <std::size_t size>
bool is(std::string_view key, const char (&word)[size]) {
    return key.size() == size - 1 && std::memcmp(key.data(), word, size - 1) == 0;
}

bool is_set(Value value) { return value.exists() && !value.is_null(); }

constexpr std::string_view details_field = "reasoning_details";

}  // namespace

Reader::Reader(const domain::Deployment& target, const Translation& translation,
               base::Arena& arena)
    : reasoning_fields_(target.provider.reasoning_in),
      signature_(arena.store(pack_signature(target.provider.type, ""))),
      provider_(arena.store(target.provider.type)),
      model_name_(arena.store(target.model_name)),
      keeps_details_(std::ranges::find(target.provider.reasoning_in, details_field) !=
                     target.provider.reasoning_in.end()),
      names_(translation),
      arena_(arena) {}

void Reader::read(Value root, FrameFacts& facts, std::vector<Event>& events) {
    frame_ = root.raw();
    if (stopped_ || !root.is_object()) return;
    Value choices, error, figures, groq, model, base, found;
    Value::Range range = root.members();
    for (auto it = range.begin(); !(it == range.end()); ++it) {
        std::string_view key = it.key().escaped().raw;
        if (is(key, "choices")) choices = *it;
        else if (is(key, "error")) error = *it;
        else if (is(key, "usage")) figures = *it;
        else if (is(key, "x_groq")) groq = *it;
        else if (is(key, "model")) model = *it;
        else if (is(key, "base_resp")) base = *it;
        else if (is(key, "search_results")) found = *it;
    }
    if (model.is_string()) {
        facts.model = model.escaped().raw;
        facts.has_model = true;
    }
    bool broken = is_set(error) && !(error.is_string() && error.string_empty());
    broken = broken || (base.exists() && base_resp_failed(root));
    if (broken || (!choices.exists() && (root["object"].equals("error") ||
                                         root["detail"].exists()))) {
        failed(read_failure(200, root), events);
        return;
    }
    if (!is_set(figures)) figures = groq["usage"];
    facts.usage_only = choices.is_array() && choices.size() == 0 && is_set(figures);

    if (!started_ && (choices.size() > 0 || is_set(figures))) {
        if (is_set(figures)) usage_.update(read_usage(figures));
        start(root, events);
        figures = Value();  // the start has said them
    }
    if (found.is_array()) pages(found);
    for (Value each : choices.elements()) {
        choice(each, events);
    }
    if (is_set(figures)) usage(figures, events);
}

void Reader::start(Value root, std::vector<Event>& events) {
    started_ = true;
    Event event = event_of(EventKind::start);
    event.id = arena_.store(root["id"].text(arena_));
    event.model = arena_.store(root["model"].text(arena_));
    event.usage = usage_;
    events.push_back(event);
}

void Reader::choice(Value choice, std::vector<Event>& events) {
    Value content, message, reason, figures;
    Value::Range range = choice.members();
    for (auto it = range.begin(); !(it == range.end()); ++it) {
        std::string_view key = it.key().escaped().raw;
        if (is(key, "delta")) content = *it;
        else if (is(key, "message")) message = *it;
        else if (is(key, "finish_reason")) reason = *it;
        else if (is(key, "usage")) figures = *it;
        // Only the first choice is asked for; a second one would be another answer.
        else if (is(key, "index") && (*it).raw() != "0" && (*it).integer().value_or(0) != 0) return;
    }
    delta(content.is_object() ? content : message, events);
    if (figures.is_object()) usage(figures, events);  // Moonshot puts it here
    if (is_set(reason)) finished(choice, events);
}

void Reader::delta(Value delta, std::vector<Event>& events) {
    Value said, refusal, tool_calls, function_call, cited;
    Value thoughts;
    std::size_t trust = reasoning_fields_.size();  // the earliest named field counts
    Value::Range range = delta.members();
    for (auto it = range.begin(); !(it == range.end()); ++it) {
        std::string_view key = it.key().escaped().raw;
        if (is(key, "content")) said = *it;
        else if (is(key, "refusal")) refusal = *it;
        else if (is(key, "tool_calls")) tool_calls = *it;
        else if (is(key, "function_call")) function_call = *it;
        else if (is(key, "annotations")) cited = *it;
        else if (!is(key, "role") && is_set(*it)) {
            if (keeps_details_ && key == details_field) details_.add(*it);
            for (std::size_t i = 0; i < trust; ++i) {
                if (reasoning_fields_[i] != key) continue;
                thoughts = *it;
                trust = i;
            }
        }
    }
    if (is_set(thoughts)) reasoning(thoughts, events);
    if (is_set(said)) content(said, events);
    if (refusal.is_string() && !refusal.string_empty()) {
        refused_ = true;
        text(BlockKind::refusal, refusal.escaped(), events);
    }
    if (cited.is_array()) annotations(cited, events);
    for (Value call : tool_calls.elements()) {
        Value function = call["function"];
        tool_call(call, function.is_object() ? function : call, events);
    }
    if (function_call.is_object()) tool_call(Value(), function_call, events);
}

void Reader::annotations(Value list, std::vector<Event>& events) {
    for (Value each : list.elements()) {
        domain::Source source = read_citation(each);
        if (source.url.empty()) continue;
        auto cited = std::make_shared<domain::HostedRecord>();
        cited->step = domain::HostedStep::citations;
        cited->sources.push_back(source);
        add_source(pages_, std::move(source));
        if (!text_open_ || text_kind_ != BlockKind::text) continue;
        Event event = block_event(EventKind::block_delta, BlockKind::text, text_block_);
        event.hosted = std::move(cited);
        events.push_back(std::move(event));
    }
}

// Perplexity's list of what it searched, in every chunk.
void Reader::pages(Value list) {
    for (Value page : list.elements()) {
        add_source(pages_, {std::string(page["url"].escaped().raw),
                            std::string(page["title"].escaped().raw)});
    }
}

// Nothing of the search itself is told in this protocol: it shows by its pages.
void Reader::search_steps(std::vector<Event>& events) {
    if (!names_.web_search || pages_.empty()) return;
    domain::HostedRecord step;
    step.id = "0";
    append_hosted(std::make_shared<domain::HostedRecord>(step), next_block_++, events);
    step.step = domain::HostedStep::result;
    step.sources = std::move(pages_);
    append_hosted(std::make_shared<domain::HostedRecord>(std::move(step)), next_block_++, events);
    usage_.web_searches = 1;
}

void Reader::reasoning(Value value, std::vector<Event>& events) {
    if (value.is_string()) {
        text(BlockKind::thinking, value.escaped(), events);
    } else if (value.is_array()) {
        for (Value part : value.elements()) reasoning(part, events);
    } else if (value.is_object()) {
        text(BlockKind::thinking, value["text"].escaped(), events);
        text(BlockKind::thinking, value["summary"].escaped(), events);
    }
}

void Reader::content(Value content, std::vector<Event>& events) {
    if (content.is_string()) {
        text(BlockKind::text, content.escaped(), events);
    } else if (content.is_array()) {
        for (Value part : content.elements()) content_part(part, events);
    } else if (content.is_object()) {
        content_part(content, events);
    }
}

void Reader::content_part(Value part, std::vector<Event>& events) {
    if (part.is_string()) {
        text(BlockKind::text, part.escaped(), events);
        return;
    }
    Value type = part["type"];
    if (type.equals("thinking") || type.equals("reasoning")) {
        Value inside = part[type.escaped().raw];
        if (!is_set(inside)) inside = part["summary"];  // Databricks
        reasoning(is_set(inside) ? inside : part["text"], events);
    } else if (type.equals("refusal")) {
        refused_ = true;
        text(BlockKind::refusal, part["refusal"].escaped(), events);
    } else {
        text(BlockKind::text, part["text"].escaped(), events);
    }
}

void Reader::text(BlockKind kind, Escaped text, std::vector<Event>& events) {
    if (text.empty()) return;
    if (text_open_ && text_kind_ != kind) close_text(events);
    if (!text_open_) {
        close_complete_calls(nullptr, events);
        text_open_ = true;
        text_kind_ = kind;
        text_block_ = next_block_++;
        events.push_back(block_event(EventKind::block_start, kind, text_block_));
    }
    Event event = block_event(EventKind::block_delta, kind, text_block_);
    event.text = text;
    events.push_back(event);
}

void Reader::close_text(std::vector<Event>& events) {
    if (!std::exchange(text_open_, false)) return;
    Event event = block_event(EventKind::block_end, text_kind_, text_block_);
    if (text_kind_ == BlockKind::thinking) {
        event.signature = {signature_};
        if (!details_.empty()) {
            event.signature.raw = arena_.store(details_.packed(provider_, model_name_));
        }
        details_.clear();
    }
    events.push_back(event);
}

void Reader::flush_details(std::vector<Event>& events) {
    if (details_.empty()) return;
    close_text(events);
    if (details_.empty()) return;  // the block that was open carries them
    events.push_back(block_event(EventKind::block_start, BlockKind::thinking, next_block_));
    Event event = block_event(EventKind::block_end, BlockKind::thinking, next_block_++);
    event.signature.raw = arena_.store(details_.packed(provider_, model_name_));
    details_.clear();
    events.push_back(event);
}

void Reader::finished(Value choice, std::vector<Event>& events) {
    std::string_view said = choice["finish_reason"].escaped().raw;
    if (said.empty()) return;
    struct Meaning {
        std::string_view word;
        StopReason reason;
    };
    static constexpr Meaning meanings[] = {
        {"stop", StopReason::end_turn},
        {"length", StopReason::max_tokens},
        {"max_tokens", StopReason::max_tokens},
        {"tool_calls", StopReason::tool_use},
        {"function_call", StopReason::tool_use},
        {"tool_use", StopReason::tool_use},
        {"content_filter", StopReason::refusal},
        {"refusal", StopReason::refusal},
        {"safety", StopReason::refusal},
        {"sensitive", StopReason::refusal},                   // GLM
        {"stop_sequence", StopReason::stop_sequence},
        {"model_length", StopReason::context_window},         // Mistral
        {"model_context_window_exceeded", StopReason::context_window},
        {"context_length_exceeded", StopReason::context_window},
    };
    if (said == "error" || said == "network_error" || said == "insufficient_system_resource") {
        ProviderFailure failure;
        failure.error_class = said == "insufficient_system_resource"
                                  ? domain::ErrorClass::overloaded
                                  : domain::ErrorClass::provider_fault;
        failure.type = said;
        failure.message = "the provider ended its answer with finish_reason " + std::string(said);
        failed(failure, events);
        return;
    }
    has_reason_ = true;
    reason_ = StopReason::end_turn;
    for (const Meaning& meaning : meanings) {
        if (meaning.word == said) reason_ = meaning.reason;
    }
    if (reason_ == StopReason::end_turn) {
        // vLLM and SGLang say which sequence it was, OpenRouter that it was one.
        Value matched = choice["stop_reason"];
        if (!matched.is_string()) matched = choice["matched_stop"];
        if (matched.is_string() && !matched.string_empty()) {
            stop_sequence_ = arena_.store(matched.escaped().raw);
            reason_ = StopReason::stop_sequence;
        } else if (choice["native_finish_reason"].equals("stop_sequence")) {
            reason_ = StopReason::stop_sequence;
        }
    }
    close_text(events);
    for (Call& call : calls_) close_call(call, events);
}

void Reader::usage(Value usage, std::vector<Event>& events) {
    usage_.update(read_usage(usage));
    Event event = event_of(EventKind::usage);
    event.usage = usage_;
    events.push_back(event);
}

void Reader::failed(const ProviderFailure& failure, std::vector<Event>& events) {
    stopped_ = true;
    Event event = event_of(EventKind::error);
    event.error_class = failure.error_class;
    event.error_type = arena_.store(failure.type);
    event.text = json::escape(failure.message, arena_);
    event.usage = usage_;
    events.push_back(event);
}

void Reader::end(std::vector<Event>& events) {
    if (std::exchange(stopped_, true)) return;
    if (!std::exchange(started_, true)) events.push_back(event_of(EventKind::start));
    close_text(events);
    for (Call& call : calls_) close_call(call, events);
    flush_details(events);
    search_steps(events);
    Event event = event_of(EventKind::stop);
    bool called = !calls_.empty();
    if (reason_ == StopReason::end_turn || reason_ == StopReason::stop_sequence) {
        if (called) reason_ = StopReason::tool_use;
        if (refused_ && !called) reason_ = StopReason::refusal;
    } else if (reason_ == StopReason::tool_use && !called) {
        reason_ = StopReason::end_turn;
    }
    event.stop = reason_;
    if (reason_ == StopReason::stop_sequence) event.stop_sequence = {stop_sequence_};
    event.usage = usage_;
    events.push_back(event);
}

bool Reader::finish(std::vector<Event>& events) {
    if (stopped_) return true;
    if (!has_reason_) return false;
    end(events);
    return true;
}

}  // namespace tollgate::dialect::openai_chat
