// The `messages` of a Cohere v2 request. Used by cohere_request.cpp alone; lives for one call.
#pragma once
#include <list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/dialect.hpp"
#include "dialect/joined_text.hpp"

namespace tollgate::dialect {

// Only the reasoning models know thoughts; others refuse them.
bool cohere_model_reasons(const domain::Deployment& target);

class CohereMessages {
public:
    CohereMessages(json::Writer& writer, const domain::Deployment& target,
                   Translation& translation)
        : writer_(writer), target_(target), translation_(translation) {}

    // Writes the value of "messages". `extra_system` (escaped) joins the system message.
    // Fails: invalid_request for content that the target cannot carry.
    base::Result<void> write(const domain::Request& request, json::Escaped extra_system);

private:
    // A run of text, or a picture between such runs.
    struct Piece {
        const domain::Part* image = nullptr;
        json::Escaped text;
    };
    using Pieces = std::vector<Piece>;

    bool takes_images() const { return target_.provider.images && target_.model.vision; }
    base::Result<void> between(std::span<const domain::Message> turns);
    void assistant(const domain::Message& message);
    base::Result<void> tool_result(const domain::Part& result, Pieces& pictures);
    json::Escaped keep(std::string text) { return {made_.emplace_back(std::move(text))}; }
    void write_tool_message(const domain::Part& result, const JoinedText& text,
                            const std::vector<const domain::Part*>& documents);
    void answer_open_calls();
    base::Result<void> gather(const domain::Part& part, Pieces& pieces);
    void system(const std::vector<domain::Part>& parts, json::Escaped extra);
    void marked_system(const std::vector<domain::Part>& parts, Pieces& pieces);
    void write_user(Pieces& pieces);
    void note_mark(const domain::Part& part);

    json::Writer& writer_;
    const domain::Deployment& target_;
    Translation& translation_;
    std::list<std::string> made_;  // texts that were made up here and are referred to
    std::vector<const domain::Part*> open_calls_;  // of the last assistant turn, without a result
};

}  // namespace tollgate::dialect
