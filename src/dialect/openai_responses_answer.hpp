// The answer of a Responses call as events, streamed or whole: what was delivered of each output
// item, so that text or arguments which a server sends only in a closing event still arrive, and
// nothing arrives twice. One object per answer; one thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/dialect.hpp"

namespace tollgate::dialect {

using Events = std::vector<domain::Event>;

class ResponsesAnswer {
public:
    // Keeps copies of what it needs of both.
    ResponsesAnswer(const domain::Deployment& target, const Translation& translation)
        : provider_(target.provider.type), translation_(translation) {}

    // `response` is a response object; emits start once, with its id and model.
    void start(json::Value response, Events& events);
    void item_added(std::int64_t output_index, json::Value item, Events& events);
    // A fragment of a message's part; `kind` is text or refusal.
    void text(std::int64_t output_index, std::int64_t part, domain::BlockKind kind,
              json::Escaped fragment, Events& events);
    // A whole part, of which some may have been delivered as fragments.
    void text_done(std::int64_t output_index, std::int64_t part, domain::BlockKind kind,
                   json::Escaped whole, Events& events);
    // A fragment of a reasoning item: of a summary, or of the reasoning itself where a server shows
    // it; only the kind that came first is delivered.
    void thought(std::int64_t output_index, std::int64_t part, bool summary,
                 json::Escaped fragment, Events& events);
    // A page that a message's part refers to; in the order of the part's list.
    void annotation(std::int64_t item, std::int64_t part, json::Value annotation, Events& events);
    void arguments(std::int64_t output_index, json::Escaped fragment, Events& events);
    void arguments_done(std::int64_t output_index, json::Escaped whole, Events& events);
    // Delivers what is missing of the item and ends its blocks.
    void item_done(std::int64_t output_index, json::Value item, Events& events);
    // The closing response object, whatever its status: items not seen, usage, stop or error.
    void finish(json::Value response, Events& events);
    // An end without a closing object: open blocks end, stop says what was seen. False when an item
    // is unfinished or there was none.
    bool finish_unsaid(Events& events);
    // Emits an error event from {code|type, message}, however deep the server put it.
    void fail(json::Value problem, Events& events);
    bool ended() const { return ended_; }
    // Views in events may point here: to be called before a new batch of events is made.
    void forget_views() { arena_.reset(); }

private:
    struct Block {
        std::int64_t item = 0, part = 0;
        domain::BlockKind kind = domain::BlockKind::text;
        bool open = true;
        bool delivered = false;     // some of its text or arguments
        bool freeform = false;      // a custom tool's call: text instead of arguments
        bool summary = true;        // thinking: which kind is shown
        std::size_t annotations = 0;  // text: delivered
        std::int64_t last_part = 0;  // thinking: of the fragment before
    };
    Block& block(std::int64_t item, std::int64_t part, domain::BlockKind kind, Events& events);
    Block* find(std::int64_t item, std::int64_t part);
    Block& open_block(std::int64_t item, std::int64_t part, domain::BlockKind kind,
                      domain::Event start, Events& events);
    void delta(const Block& block, json::Escaped text, Events& events);
    void end(Block& block, Events& events, json::Escaped signature = {});
    void ensure_started(Events& events);
    void tool_start(std::int64_t output_index, json::Value item, Events& events);
    void message_done(std::int64_t output_index, json::Value item, Events& events);
    void reasoning_done(std::int64_t output_index, json::Value item, Events& events);
    void hosted(domain::HostedRecord step, Events& events);
    void searched(json::Value item, Events& events);
    void computed(json::Value item, Events& events);
    void search_results(Events& events);
    std::string_view call_id(json::Value item);
    void stop(domain::StopReason reason, Events& events);
    domain::StopReason natural_stop() const;

    std::string provider_;
    Translation translation_;
    base::Arena arena_;
    std::vector<Block> blocks_;              // by their index in events
    std::vector<std::int64_t> items_done_;
    std::vector<domain::HostedRecord> searches_;  // their results: given with the last event
    std::vector<domain::Source> cited_;           // by any text
    std::vector<std::string> call_ids_;      // given out so far
    std::string response_id_;
    domain::Usage usage_;
    bool started_ = false, ended_ = false;
};

// input_tokens and its kin of a Responses usage object; -1 where nothing is said.
domain::Usage responses_usage(json::Value usage);
// What {code, type, message} of a failed response means.
domain::ErrorClass responses_error_class(std::string_view code, std::string_view message);

}  // namespace tollgate::dialect
