// Decoding an OpenAI client's messages into the neutral conversation.
// Internal to the openai_chat dialect. Views borrow the document's text and the arena.
#pragma once
#include <string>
#include <string_view>

#include "base/arena.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "domain/conversation.hpp"

namespace tollgate::dialect::openai_chat {

// "FIELD: PROBLEM", with FIELD as the error's field.
base::Error field_error(std::string_view field, std::string_view problem);

class MessagesDecoder {
public:
    MessagesDecoder(base::Arena& arena, domain::Request& request)
        : arena_(arena), request_(request) {}
    // REQUIRES: `messages` is an array. Leading system and developer messages become the system.
    base::Result<void> decode(json::Value messages);

private:
    base::Result<void> message(json::Value message, const std::string& field);
    base::Result<void> system(json::Value message, const std::string& field);
    base::Result<void> assistant(json::Value message, const std::string& field);
    base::Result<void> tool(json::Value message, const std::string& field);
    base::Result<void> content(json::Value content, const std::string& field, bool only_text,
                               std::vector<domain::Part>& parts);
    base::Result<void> part(json::Value value, const std::string& field, bool only_text,
                            std::vector<domain::Part>& parts);
    base::Result<void> image(json::Value value, const std::string& field, domain::Part& part);
    base::Result<void> file(json::Value value, const std::string& field, domain::Part& part);
    base::Result<void> audio(json::Value value, const std::string& field, domain::Part& part);
    base::Result<void> tool_call(json::Value call, const std::string& field, domain::Message& turn);

    base::Arena& arena_;
    domain::Request& request_;
    bool leading_ = true;
    std::size_t legacy_calls_ = 0;  // function_call has no id: one is made of its ordinal
};

}  // namespace tollgate::dialect::openai_chat
