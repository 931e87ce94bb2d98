// The messages of an OpenAI Chat Completions body, from the neutral conversation.
// Pure; internal to the openai_chat dialect.
#pragma once
#include "base/json.hpp"
#include "base/result.hpp"
#include "dialect/dialect.hpp"

namespace tollgate::dialect::openai_chat {

struct MessageOptions {
    bool thinking_on = false;     // the request asks the target to think
    std::string_view extra_system;  // escaped text to add to the system message, "" for none
};

// Writes the value of "messages". Fails: invalid_request for content that the target cannot carry.
base::Result<void> write_messages(json::Writer& writer, const domain::Request& request,
                                  const domain::Deployment& target, const MessageOptions& options,
                                  Translation& translation);

}  // namespace tollgate::dialect::openai_chat
