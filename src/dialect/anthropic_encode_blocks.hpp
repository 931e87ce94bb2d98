// Content blocks, tools and system text as Anthropic spells them.
// Internal to dialect/anthropic*.cpp. Not thread-safe; one per request being encoded.
#pragma once
#include "dialect/anthropic_turns.hpp"
#include "dialect/dialect.hpp"

namespace tollgate::dialect::anthropic {

// Anthropic's own tool that does what `tool` does, where the target runs it; else empty.
struct HostedSpelling {
    std::string_view type, name;
};
HostedSpelling hosted_spelling(const domain::Deployment& target, domain::HostedTool tool);

class BlockWriter {
public:
    BlockWriter(json::Writer& writer, const domain::Request& request,
                const domain::Deployment& target, Translation& translation)
        : writer_(writer),
          target_(target),
          translation_(translation),
          native_(request.client == domain::Protocol::anthropic) {}

    // Fails: invalid_request for what the target cannot carry.
    base::Result<void> turn(const Turn& turn, bool last);
    void system(const domain::Part& part);
    base::Result<void> tool(const domain::Tool& tool, std::size_t index);

private:
    base::Result<void> hosted_tool(const domain::Tool& tool, std::size_t index);
    base::Result<void> item(const Item& item, bool trim);
    base::Result<void> part(const domain::Part& part, bool trim);
    void text(json::Escaped text, json::Raw cache_control);
    base::Result<void> media(const domain::Part& part);
    base::Result<void> document(const domain::Part& part);
    void source(const domain::Media& media);
    void tool_call(const domain::Part& part);
    base::Result<void> tool_result(const domain::Part& part);
    void mark(json::Raw cache_control);

    json::Writer& writer_;
    const domain::Deployment& target_;
    Translation& translation_;
    const bool native_;  // blocks of an Anthropic client are sent as they were spelled
};

}  // namespace tollgate::dialect::anthropic
