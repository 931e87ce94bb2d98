// Reads the chunks of an OpenAI-shaped stream, or a whole answer, into events.
// Tolerates what servers of this family really send: missing and repeated call indexes, empty and
// repeated ids, content as a list, reasoning under several names, usage in several places.
// Internal to the openai_chat dialect. One object per answer, one thread.
#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "base/json.hpp"
#include "dialect/dialect.hpp"
#include "dialect/openai_chat_details.hpp"

namespace tollgate::dialect::openai_chat {

// Follows the text of a call's arguments, given in escaped fragments, to see where its JSON ends.
class JsonExtent {
public:
    void feed(json::Escaped fragment);
    bool complete() const { return begun_ && depth_ == 0 && !in_string_; }
    bool begun() const { return begun_; }

private:
    void take(char c);
    bool begun_ = false, in_string_ = false, escaped_ = false;
    std::uint32_t depth_ = 0;
};

class Reader {
public:
    // `arena` holds what must outlive one chunk: ids and names. It must outlive the reader; so must
    // what `read` is given, until the events have been used.
    Reader(const domain::Deployment& target, const Translation& translation, base::Arena& arena);

    // One chunk or one whole answer. Appends to `events`.
    void read(json::Value root, FrameFacts& facts, std::vector<domain::Event>& events);
    // The provider's end mark: appends what is still owed.
    void end(std::vector<domain::Event>& events);
    // The bytes have ended. False: the answer was cut short.
    bool finish(std::vector<domain::Event>& events);

private:
    struct Call {
        std::int64_t provider_index = -1;  // -1: none was given
        std::string_view provider_id;
        std::string_view id;
        std::string_view name;
        std::uint32_t block = 0;
        bool opened = false;   // block_start was sent
        bool closed = false;
        JsonExtent extent;
        std::string held;      // escaped arguments that came before the name
    };

    void start(json::Value root, std::vector<domain::Event>& events);
    void choice(json::Value choice, std::vector<domain::Event>& events);
    void delta(json::Value delta, std::vector<domain::Event>& events);
    void content(json::Value content, std::vector<domain::Event>& events);
    void content_part(json::Value part, std::vector<domain::Event>& events);
    void reasoning(json::Value value, std::vector<domain::Event>& events);
    void text(domain::BlockKind kind, json::Escaped text, std::vector<domain::Event>& events);
    void close_text(std::vector<domain::Event>& events);
    // Details that no thinking block has carried yet get an empty one.
    void flush_details(std::vector<domain::Event>& events);
    void tool_call(json::Value call, json::Value function, std::vector<domain::Event>& events);
    Call& call_for(json::Value call, json::Value function, json::Escaped arguments);
    bool begins_new_call(const Call& last, json::Escaped id, std::string_view name,
                         json::Escaped arguments) const;
    Call& add_call(std::int64_t index, json::Value id);
    void open_call(Call& call, std::vector<domain::Event>& events);
    void close_call(Call& call, std::vector<domain::Event>& events);
    void close_complete_calls(const Call* except, std::vector<domain::Event>& events);
    void finished(json::Value choice, std::vector<domain::Event>& events);
    void annotations(json::Value list, std::vector<domain::Event>& events);
    void pages(json::Value list);
    void search_steps(std::vector<domain::Event>& events);
    void usage(json::Value usage, std::vector<domain::Event>& events);
    void failed(const ProviderFailure& failure, std::vector<domain::Event>& events);

    const std::vector<std::string> reasoning_fields_;
    const std::string_view signature_;  // of thinking blocks made here
    const std::string_view provider_, model_name_;
    const bool keeps_details_;  // reasoning_details are read and go back
    const Translation names_;
    base::Arena& arena_;

    bool started_ = false, stopped_ = false, has_reason_ = false, refused_ = false;
    bool text_open_ = false;
    domain::BlockKind text_kind_ = domain::BlockKind::text;
    std::uint32_t text_block_ = 0;
    std::uint32_t next_block_ = 0;
    ReasoningDetails details_;  // not carried by a block yet
    std::deque<Call> calls_;
    Call* last_call_ = nullptr;
    domain::StopReason reason_ = domain::StopReason::end_turn;
    std::string_view stop_sequence_;  // escaped
    std::vector<domain::Source> pages_;  // of the provider's own web search
    domain::Usage usage_;
    std::string_view frame_;  // the text of the chunk being read
};

}  // namespace tollgate::dialect::openai_chat
