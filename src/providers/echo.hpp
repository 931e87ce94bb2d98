// The built-in demo provider: it answers in the process, so that a newcomer sees a client talk to
// the gateway with no account anywhere. Pure: it makes a script of bytes and pauses, the gateway
// plays it. The bytes are Anthropic Messages, so that every client protocol is exercised.
//
// What it does with the last user text:
//   anything                      comes back word by word
//   call tool NAME with {json}    calls that tool, when offered (several: parallel calls)
//   use Bash to run `COMMAND`     calls Bash with {"command": ...}
//   (after a tool result)         the result's text comes back
//   echo: delay 200ms             waits before the first byte
//   echo: slow 50ms per word      waits before each word
//   echo: words 500               answers with that many words
//   echo: fail 529                answers with that status, 400 to 599
//   echo: fail mid-stream         an overloaded_error event after half of the words
//   echo: cut mid-stream          the stream ends after half of the words, with no end mark
// A forced tool is called with the smallest input its schema takes; a JSON schema for the output
// gets the smallest object that fits; a request for a title gets a few words.
#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "domain/conversation.hpp"
#include "providers/provider.hpp"

namespace tollgate::providers {

struct Dialects;

struct EchoStep {
    std::chrono::milliseconds delay{0};  // before the bytes
    std::string bytes;                   // whole SSE frames, or the whole JSON body
};

struct EchoAnswer {
    int status = 200;
    std::string content_type;  // text/event-stream or application/json
    std::vector<EchoStep> steps;
    bool cut = false;  // the connection is to be taken for broken after the last step
};

// `request_id` must be unique per answer: message and tool call ids are made of it.
EchoAnswer echo_answer(const domain::Request& request, std::string_view request_id, bool stream);

class Echo final : public Provider {
public:
    explicit Echo(const Dialects& dialects) : dialects_(dialects) {}
    Description describe() const override;
    domain::Protocol protocol_for(const domain::Deployment& target,
                                  const dialect::Outline& outline,
                                  domain::Protocol client) const override;
    const dialect::ProviderDialect& dialect(domain::Protocol protocol) const override;
    std::string relay_path(const domain::Deployment& target, domain::Protocol protocol,
                           std::string_view client_query, bool stream) const override;
    HeaderList headers(const domain::Deployment& target, domain::Protocol client_protocol,
                       const http::Headers& client) const override;
    ErrorVerdict classify_error(int status, const http::Headers& headers, std::string_view body,
                                domain::Protocol protocol) const override;

private:
    const Dialects& dialects_;
};

}  // namespace tollgate::providers
