// The `messages` of an Ollama request. Used by ollama_request.cpp alone; lives for one call.
#pragma once
#include <list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dialect/dialect.hpp"
#include "dialect/joined_text.hpp"

namespace tollgate::dialect {

class OllamaMessages {
public:
    OllamaMessages(json::Writer& writer, const domain::Deployment& target,
                   Translation& translation)
        : writer_(writer), target_(target), translation_(translation) {}

    base::Result<void> write(const domain::Request& request);

private:
    // What a message's content becomes: one text, and pictures beside it.
    struct Content {
        JoinedText text;
        std::vector<json::Escaped> images;
    };
    base::Result<void> user(const domain::Message& message);
    void assistant(const domain::Message& message);
    void system(const std::vector<domain::Part>& parts);
    void flush_deferred();
    base::Result<void> gather(const domain::Part& part, Content& content);
    base::Result<void> tool_result(const domain::Part& part, Content& pictures);
    void write_message(std::string_view role, const Content& content);
    void open_message(std::string_view role, const JoinedText& text, std::string_view opening = {});
    std::string_view name_of_call(std::string_view id) const;

    json::Writer& writer_;
    const domain::Deployment& target_;
    Translation& translation_;
    std::vector<std::pair<std::string_view, std::string_view>> calls_;  // id, tool's name
    std::list<std::string> notes_;  // what was made up here and is referred to
    bool calls_open_ = false;  // the last assistant turn's calls still wait for their results
    std::vector<const domain::Message*> deferred_;  // system messages that came in between
};

}  // namespace tollgate::dialect
