// The `input` items of a Responses request: messages, calls, their outputs, reasoning.
// Used by openai_responses_request.cpp alone; lives for one call.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/dialect.hpp"

namespace tollgate::dialect {

class ResponsesInput {
public:
    ResponsesInput(json::Writer& writer, const domain::Deployment& target,
                   Translation& translation)
        : writer_(writer), target_(target), translation_(translation) {}

    // Writes all items of the conversation into the open array.
    base::Result<void> write(const std::vector<domain::Message>& messages);

private:
    base::Result<void> user(const domain::Message& message);
    base::Result<void> assistant(const domain::Message& message);
    void system(const domain::Message& message);
    void flush_deferred();
    base::Result<void> tool_output(const domain::Part& part);
    base::Result<void> content(const domain::Part& part);
    base::Result<void> image(const domain::Part& part);
    base::Result<void> document(const domain::Part& part);
    void input_text(json::Escaped text);
    void reasoning(const domain::Part& part);
    void tool_call(const domain::Part& part);
    void note_cache_mark(const domain::Part& part);

    json::Writer& writer_;
    const domain::Deployment& target_;
    Translation& translation_;
    bool calls_open_ = false;  // the last assistant turn's calls still wait for their outputs
    std::vector<const domain::Message*> deferred_;  // system messages that came in between
    std::string scratch_;
};

// The parts of a reasoning item that a thinking block's signature carries.
struct ReasoningItem {
    std::string id;
    std::string encrypted_content;
};
std::string pack_reasoning(std::string_view provider, const ReasoningItem& item);
// In the place of a provider's name: a client of Responses sent the item, its maker is not known.
constexpr std::string_view responses_client = "responses";
// Nothing when the signature is not ours, or was made for another provider. "" takes any.
std::optional<ReasoningItem> unpack_reasoning(std::string_view provider,
                                              std::string_view signature);

}  // namespace tollgate::dialect
