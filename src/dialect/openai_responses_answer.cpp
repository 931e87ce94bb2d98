#include "dialect/openai_responses_answer.hpp"

#include <algorithm>

#include "dialect/hosted.hpp"
#include "dialect/openai_responses_input.hpp"
#include "dialect/tool_names.hpp"

namespace tollgate::dialect {
namespace {

using domain::BlockKind;
using domain::ErrorClass;
using domain::Event;
using domain::EventKind;
using domain::StopReason;

constexpr std::int64_t whole_item = -1;  // part number of blocks that are an item of their own
constexpr std::int64_t of_no_item = -2;  // both numbers of hosted blocks: nothing is added to them

bool is_call(json::Value item) {
    return item["type"].equals("function_call") || item["type"].equals("custom_tool_call");
}

}  // namespace

domain::Usage responses_usage(json::Value usage) {
    domain::Usage out;
    if (!usage.is_object()) return out;
    auto count = [](json::Value value) { return value.integer().value_or(-1); };
    json::Value details = usage["input_tokens_details"];
    std::int64_t input = count(usage["input_tokens"]);
    out.cache_read = count(details["cached_tokens"]);
    out.cache_write_5m = count(details["cache_write_tokens"]);
    out.output = count(usage["output_tokens"]);
    out.reasoning = count(usage["output_tokens_details"]["reasoning_tokens"]);
    if (input >= 0) {
        auto cached = domain::Usage::or_zero(out.cache_read) +
                      domain::Usage::or_zero(out.cache_write_5m);
        out.input = std::max<std::int64_t>(0, input - cached);
    }
    return out;
}

void ResponsesAnswer::ensure_started(Events& events) {
    if (!started_) start({}, events);
}

void ResponsesAnswer::start(json::Value response, Events& events) {
    if (started_) return;
    started_ = true;
    response_id_ = response["id"].text();
    Event event;
    event.kind = EventKind::start;
    event.id = response["id"].text(arena_);
    event.model = response["model"].text(arena_);
    event.usage = responses_usage(response["usage"]);
    events.push_back(event);
}

ResponsesAnswer::Block* ResponsesAnswer::find(std::int64_t item, std::int64_t part) {
    auto found = std::ranges::find_if(blocks_, [&](const Block& block) {
        return block.item == item && block.part == part;
    });
    return found == blocks_.end() ? nullptr : &*found;
}

ResponsesAnswer::Block& ResponsesAnswer::open_block(std::int64_t item, std::int64_t part,
                                                    BlockKind kind, Event event, Events& events) {
    ensure_started(events);
    event.kind = EventKind::block_start;
    event.block = kind;
    event.index = static_cast<std::uint32_t>(blocks_.size());
    events.push_back(event);
    Block block;
    block.item = item;
    block.part = part;
    block.kind = kind;
    return blocks_.emplace_back(block);
}

ResponsesAnswer::Block& ResponsesAnswer::block(std::int64_t item, std::int64_t part,
                                               BlockKind kind, Events& events) {
    Block* known = find(item, part);
    return known ? *known : open_block(item, part, kind, {}, events);
}

void ResponsesAnswer::delta(const Block& block, json::Escaped text, Events& events) {
    Event event;
    event.kind = EventKind::block_delta;
    event.block = block.kind;
    event.index = static_cast<std::uint32_t>(&block - blocks_.data());
    event.text = text;
    events.push_back(event);
}

void ResponsesAnswer::end(Block& block, Events& events, json::Escaped signature) {
    if (!block.open) return;
    block.open = false;
    Event event;
    event.kind = EventKind::block_end;
    event.block = block.kind;
    event.index = static_cast<std::uint32_t>(&block - blocks_.data());
    event.signature = signature;
    events.push_back(event);
}

void ResponsesAnswer::text(std::int64_t output_index, std::int64_t part, BlockKind kind,
                           json::Escaped fragment, Events& events) {
    if (fragment.empty()) return;
    Block& target = block(output_index, part, kind, events);
    if (!target.open) return;
    target.delivered = true;
    delta(target, fragment, events);
}

void ResponsesAnswer::text_done(std::int64_t output_index, std::int64_t part, BlockKind kind,
                                json::Escaped whole, Events& events) {
    Block* known = find(output_index, part);
    if (!known || !known->delivered) text(output_index, part, kind, whole, events);
    known = find(output_index, part);
    if (known) end(*known, events);
}

void ResponsesAnswer::annotation(std::int64_t item, std::int64_t part, json::Value annotation,
                                 Events& events) {
    Block& target = block(item, part, BlockKind::text, events);
    ++target.annotations;
    domain::Source source = read_citation(annotation);
    if (source.url.empty()) return;
    auto cited = std::make_shared<domain::HostedRecord>();
    cited->step = domain::HostedStep::citations;
    cited->sources.push_back(source);
    add_source(cited_, std::move(source));
    Event event;
    event.kind = EventKind::block_delta;
    event.block = target.kind;
    event.index = static_cast<std::uint32_t>(&target - blocks_.data());
    event.hosted = std::move(cited);
    events.push_back(std::move(event));
}

void ResponsesAnswer::hosted(domain::HostedRecord step, Events& events) {
    const auto index = static_cast<std::uint32_t>(blocks_.size());
    Block& block = blocks_.emplace_back();
    block.item = block.part = of_no_item;
    block.kind = BlockKind::hosted;
    block.open = false;
    append_hosted(std::make_shared<domain::HostedRecord>(std::move(step)), index, events);
}

// A search's pages are told at the end of the answer, when the texts have given them their titles.
void ResponsesAnswer::searched(json::Value item, Events& events) {
    const json::Value action = item["action"];
    if (!translation_.web_search || !(action["type"].equals("search") || !action.exists())) return;
    domain::HostedRecord search;
    search.id = item["id"].text();
    if (search.id.empty()) search.id = "ws_" + std::to_string(searches_.size());
    search.input = action["query"].escaped().raw;
    for (json::Value query : action["queries"].elements()) {
        if (action["query"].is_string()) break;
        if (!search.input.empty()) search.input += "; ";
        search.input += query.escaped().raw;
    }
    hosted(search, events);
    for (json::Value page : action["sources"].elements()) {
        add_source(search.sources, {std::string(page["url"].escaped().raw),
                                    std::string(page["title"].escaped().raw)});
    }
    search.step = domain::HostedStep::result;
    search.failed = item["status"].equals("failed");
    searches_.push_back(std::move(search));
}

void ResponsesAnswer::search_results(Events& events) {
    for (domain::HostedRecord& search : searches_) {
        const bool last = &search == &searches_.back();
        if (last && !cited_.empty()) search.sources = cited_;
        hosted(std::move(search), events);
    }
    if (!searches_.empty()) usage_.web_searches = static_cast<std::int64_t>(searches_.size());
    searches_.clear();
}

// A program and what it printed.
void ResponsesAnswer::computed(json::Value item, Events& events) {
    domain::HostedRecord step;
    step.tool = domain::HostedTool::code_execution;
    step.id = item["id"].text();
    step.input = item["code"].escaped().raw;
    for (const auto kind : {domain::HostedStep::call, domain::HostedStep::result}) {
        step.step = kind;
        if (kind == domain::HostedStep::result) {
            for (json::Value output : item["outputs"].elements()) {
                step.output += output["logs"].escaped().raw;
            }
            step.failed = item["status"].equals("failed");
        }
        hosted(step, events);
    }
}

void ResponsesAnswer::thought(std::int64_t output_index, std::int64_t part, bool summary,
                              json::Escaped fragment, Events& events) {
    if (fragment.empty()) return;
    Block& target = block(output_index, whole_item, BlockKind::thinking, events);
    if (!target.delivered) {
        target.summary = summary;
        target.last_part = part;
    }
    if (!target.open || target.summary != summary) return;
    if (target.last_part != part) delta(target, json::Escaped{"\\n\\n"}, events);
    target.last_part = part;
    target.delivered = true;
    delta(target, fragment, events);
}

std::string_view ResponsesAnswer::call_id(json::Value item) {
    std::string id = item["call_id"].text();
    if (id.empty()) id = item["id"].text();
    bool used = std::ranges::find(call_ids_, id) != call_ids_.end();
    if (id.empty() || used) id = fresh_tool_id(response_id_, call_ids_.size());
    call_ids_.push_back(id);
    return arena_.store(id);
}

void ResponsesAnswer::tool_start(std::int64_t output_index, json::Value item, Events& events) {
    Event event;
    event.id = call_id(item);
    event.name = translation_.client_tool_name(item["name"].text(arena_));
    open_block(output_index, whole_item, BlockKind::tool_call, event, events).freeform =
        item["type"].equals("custom_tool_call");
}

void ResponsesAnswer::item_added(std::int64_t output_index, json::Value item, Events& events) {
    ensure_started(events);
    // A call whose name is still missing waits for its closing event.
    if (!is_call(item) || item["name"].string_empty()) return;
    if (!find(output_index, whole_item)) tool_start(output_index, item, events);
}

void ResponsesAnswer::arguments(std::int64_t output_index, json::Escaped fragment,
                                Events& events) {
    Block* target = find(output_index, whole_item);
    if (!target || !target->open || fragment.empty()) return;
    if (target->freeform) {
        // The text of a freeform call is the one argument of a function elsewhere.
        std::string inside = target->delivered ? "" : R"({\"input\":\")";
        json::append_escaped(inside, fragment.raw);
        fragment = {arena_.store(inside)};
    }
    target->delivered = true;
    delta(*target, fragment, events);
}

void ResponsesAnswer::arguments_done(std::int64_t output_index, json::Escaped whole,
                                     Events& events) {
    Block* target = find(output_index, whole_item);
    if (target && !target->delivered) arguments(output_index, whole, events);
}

void ResponsesAnswer::item_done(std::int64_t output_index, json::Value item, Events& events) {
    if (std::ranges::find(items_done_, output_index) != items_done_.end()) return;
    items_done_.push_back(output_index);
    ensure_started(events);
    json::Value type = item["type"];
    if (is_call(item)) {
        if (!find(output_index, whole_item)) tool_start(output_index, item, events);
        const bool text = type.equals("custom_tool_call");
        arguments_done(output_index, item[text ? "input" : "arguments"].escaped(), events);
        Block& call = *find(output_index, whole_item);
        if (text && call.open) {
            delta(call, {call.delivered ? R"(\"})" : R"({\"input\":\"\"})"}, events);
        }
    } else if (type.equals("message")) {
        message_done(output_index, item, events);
    } else if (type.equals("reasoning")) {
        reasoning_done(output_index, item, events);
    } else if (type.equals("web_search_call")) {
        searched(item, events);
    } else if (type.equals("code_interpreter_call")) {
        computed(item, events);
    }
    for (Block& one : blocks_) {
        if (one.item == output_index) end(one, events);
    }
}

void ResponsesAnswer::message_done(std::int64_t output_index, json::Value item, Events& events) {
    std::int64_t part = 0;
    for (json::Value content : item["content"].elements()) {
        bool refused = content["type"].equals("refusal");
        if (!refused) {
            std::size_t at = 0;
            for (json::Value each : content["annotations"].elements()) {
                const Block* known = find(output_index, part);
                if (at++ < (known ? known->annotations : 0)) continue;
                annotation(output_index, part, each, events);
            }
        }
        if (refused || content["type"].equals("output_text")) {
            text_done(output_index, part, refused ? BlockKind::refusal : BlockKind::text,
                      content[refused ? "refusal" : "text"].escaped(), events);
        }
        ++part;
    }
}

void ResponsesAnswer::reasoning_done(std::int64_t output_index, json::Value item,
                                     Events& events) {
    Block* known = find(output_index, whole_item);
    if (!known || !known->delivered) {
        std::int64_t part = 0;
        for (json::Value one : item["summary"].elements()) {
            thought(output_index, part++, true, one["text"].escaped(), events);
        }
        for (json::Value one : item["content"].elements()) {
            thought(output_index, part++, false, one["text"].escaped(), events);
        }
    }
    ReasoningItem packed{item["id"].text(), item["encrypted_content"].text()};
    json::Escaped signature;
    if (!packed.encrypted_content.empty()) {
        signature.raw = arena_.store(pack_reasoning(provider_, packed));
        // Reasoning without words still has to come back with the next turn.
        block(output_index, whole_item, BlockKind::thinking, events);
    }
    if (Block* target = find(output_index, whole_item)) end(*target, events, signature);
}

StopReason ResponsesAnswer::natural_stop() const {
    bool refused = false;
    for (const Block& one : blocks_) {
        if (one.kind == BlockKind::tool_call) return StopReason::tool_use;
        refused = refused || one.kind == BlockKind::refusal;
    }
    return refused ? StopReason::refusal : StopReason::end_turn;
}

void ResponsesAnswer::stop(StopReason reason, Events& events) {
    for (Block& one : blocks_) end(one, events);
    search_results(events);
    Event event;
    event.kind = EventKind::stop;
    event.stop = reason;
    event.usage = usage_;
    events.push_back(event);
    ended_ = true;
}

void ResponsesAnswer::finish(json::Value response, Events& events) {
    if (ended_) return;
    start(response, events);
    json::Value status = response["status"];
    usage_.update(responses_usage(response["usage"]));
    if (status.equals("failed") || status.equals("cancelled") ||
        response["error"].is_object()) {
        return fail(response["error"], events);
    }
    std::int64_t index = 0;
    for (json::Value item : response["output"].elements()) item_done(index++, item, events);
    if (!status.equals("incomplete")) return stop(natural_stop(), events);
    bool filtered = response["incomplete_details"]["reason"].equals("content_filter");
    stop(filtered ? StopReason::refusal : StopReason::max_tokens, events);
}

bool ResponsesAnswer::finish_unsaid(Events& events) {
    if (ended_) return true;
    bool unfinished = std::ranges::any_of(blocks_, &Block::open);
    if (unfinished || blocks_.empty()) return false;
    stop(natural_stop(), events);
    return true;
}

void ResponsesAnswer::fail(json::Value problem, Events& events) {
    if (ended_) return;
    if (problem["error"].is_object()) problem = problem["error"];
    auto code = problem["code"].text(arena_);
    if (code.empty()) code = problem["type"].text(arena_);
    json::Escaped message = problem["message"].escaped();
    Event event;
    event.kind = EventKind::error;
    event.error_type = code;
    event.error_class = responses_error_class(code, json::unescape(message, arena_));
    event.text = message.empty() ? json::Escaped{"The provider ended the answer with an error"}
                                 : message;
    event.usage = usage_;
    events.push_back(event);
    ended_ = true;
}

}  // namespace tollgate::dialect
