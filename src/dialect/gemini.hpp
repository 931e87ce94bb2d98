// Gemini's generateContent as providers speak it, at Google's developer API and on Vertex alike.
// Internal to dialect/gemini*.cpp, except for tests.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "dialect/dialect.hpp"

namespace tollgate::dialect::gemini {

// A stream is a sequence of whole GenerateContentResponse objects, each with what is new; there is
// no end mark. One object per answer; one thread.
class Decoder final : public StreamDecoder {
public:
    // Keeps copies of what it needs of both.
    Decoder(const domain::Deployment& target, const Translation& translation);

    base::Result<FrameFacts> feed(std::string_view event, std::string_view data,
                                  std::vector<domain::Event>& events) override;
    bool finish(std::vector<domain::Event>& events) override;

    // The answer is whole: a response without a finishReason counts as complete.
    void end_whole(std::vector<domain::Event>& events);
    bool ended() const { return ended_; }

private:
    using Events = std::vector<domain::Event>;
    void read(json::Value response, std::string_view data, Events& events);
    void start(json::Value response, Events& events);
    void part(json::Value part, std::string_view data, Events& events);
    void text(domain::BlockKind kind, json::Escaped fragment, Events& events);
    void call(json::Value part, std::string_view data, Events& events);
    void signed_thought(std::string_view signature, Events& events);
    void code(json::Value part, Events& events);
    // What Google searched for and found, told with the last chunks.
    void grounding(json::Value metadata);
    void search_steps(Events& events);
    void hosted(domain::HostedRecord step, Events& events);
    void end_block(Events& events, std::string_view signature = {});
    void take_reason(json::Value candidate, Events& events);
    void refuse(json::Value candidate, Events& events);
    void stop(Events& events);
    void fail(domain::ErrorClass error_class, std::string_view type, std::string_view message,
              Events& events);
    std::string_view packed(bool call, std::string_view signature);

    const std::string origin_;  // who signs the thoughts of this answer
    const Translation translation_;
    json::Document document_;
    base::Arena arena_;
    std::vector<std::string> call_ids_;  // given out so far
    std::string text_signature_;         // of the open text block
    domain::HostedRecord search_;  // queries and pages so far
    std::int64_t queries_ = 0;
    std::string program_;  // the call whose output comes next
    domain::Usage usage_;
    domain::BlockKind block_ = domain::BlockKind::text;  // of the open block
    domain::StopReason reason_ = domain::StopReason::end_turn;
    std::uint32_t blocks_ = 0;
    bool started_ = false, block_open_ = false, said_something_ = false;
    bool reason_known_ = false, ended_ = false;
};

// promptTokenCount and its kin; -1 where nothing is said.
domain::Usage read_usage(json::Value usage_metadata);

// What {code, message, status, details} means.
ProviderFailure read_failure(int status, json::Value error);

}  // namespace tollgate::dialect::gemini
