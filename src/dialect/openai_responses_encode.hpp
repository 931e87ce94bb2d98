// Events as an OpenAI Responses answer: the items of its output, and, for a stream, the frames
// that tell of them in OpenAI's order. Internal to dialect/openai_responses*.cpp.
// One object per answer; one thread.
#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/openai_responses_client.hpp"
#include "dialect/openai_responses_freeform.hpp"

namespace tollgate::dialect::openai_responses {

// "resp_..." of the request, or the provider's own where it made such a one.
std::string answer_id(std::string_view provider_id, std::string_view request_id);

// The code that an `error` event and a failed response give.
std::string_view error_code(base::ErrorCode code);
std::string_view error_code(domain::ErrorClass error_class);

// The members of an `error` event, flat as documented and nested as OpenAI's SDKs look for them:
// they raise only what has an `error`.
void write_error_members(json::Writer& writer, std::string_view code, json::Escaped message);

// How the answer stands, for the response object.
struct Standing {
    std::string_view status;             // in_progress, completed, incomplete, failed
    std::string_view incomplete_reason;  // "" : null
    std::string_view error_code;         // "" : no error
    json::Escaped error_message;
    const std::vector<std::string>* output = nullptr;  // items as JSON; null: none yet
    const domain::Usage* usage = nullptr;              // null: not known yet
};
// Writes the response object.
void write_response(json::Writer& writer, std::string_view id, const EncoderOptions& options,
                    const Standing& standing);

class AnswerEncoder final : public StreamEncoder {
public:
    enum class Frames : std::uint8_t { written, none };
    AnswerEncoder(EncoderOptions options, Frames frames)
        : options_(std::move(options)), frames_(frames) {}

    void encode(const domain::Event& event, std::string& out) override;
    bool break_off(const base::Error& error, std::string& out) override;
    // The whole answer as one object. REQUIRES: all its events have been encoded.
    std::string whole() const;

private:
    // One item of the output.
    struct Item {
        std::uint32_t block = 0;  // as events number it
        domain::BlockKind kind = domain::BlockKind::text;
        bool open = true;         // for the provider
        bool begun = false;       // its place in the output is taken
        std::size_t place = 0;    // output_index, once begun
        std::string id;
        std::string call_id, name;     // calls
        const AnswerTool* tool = nullptr;
        FreeformText freeform;
        std::string text;              // escaped: all deltas so far
        std::string annotations;       // text: a JSON list without its brackets
        std::int64_t annotated = 0;    // how many
        std::string signature, data;   // thinking; redacted thinking
        std::string delta_head;        // of a delta's frame, behind its sequence number
    };

    json::Writer begin_frame(std::string_view type, std::string& out);
    void end_frame(json::Writer& writer, std::string& out);
    void response_frame(std::string_view type, const Standing& standing, std::string& out);
    void item_frame(std::string_view type, const Item& item, std::string_view status,
                    std::string& out);
    // `event` is added or done; nothing for calls, whose text is no part.
    void part_frame(std::string_view event, const Item& item, std::string& out);
    void delta_frame(Item& item, json::Escaped delta, std::string& out);
    void text_done_frame(const Item& item, std::string& out);

    // Steps of provider-run tools: an item each, whole when it is known.
    void hosted(const domain::HostedRecord& step, std::string& out);
    void hosted_item(const domain::HostedRecord& call, const domain::HostedRecord& result,
                     std::string& out);
    void annotate(Item& item, const domain::HostedRecord& cited, std::string& out);
    void start(const domain::Event& event, std::string& out);
    void block_start(const domain::Event& event, std::string& out);
    void block_delta(const domain::Event& event, std::string& out);
    void begin(Item& item, std::string& out);
    void finish(Item& item, std::string_view status, std::string& out);
    void stop(const domain::Event& event, std::string& out);
    void fail(std::string_view code, json::Escaped message, std::string& out);
    Item* find(std::uint32_t block);
    Standing at_the_end() const;
    void write_item(json::Writer& writer, const Item& item, std::string_view status) const;
    void write_call(json::Writer& writer, const Item& item, std::string_view status) const;
    void write_reasoning(json::Writer& writer, const Item& item, std::string_view status) const;

    const EncoderOptions options_;
    const Frames frames_;
    std::string id_;
    std::deque<Item> items_;           // stays in place: views point into it
    std::vector<domain::HostedRecord> programs_;  // that have not printed yet
    std::vector<std::string> output_;  // finished items as JSON, by place
    domain::Usage usage_;
    domain::StopReason stop_ = domain::StopReason::end_turn;
    std::int64_t sequence_ = 0;
    bool refused_ = false;             // in words of the model
    bool ended_ = false;
};

}  // namespace tollgate::dialect::openai_responses
