// Requests of clients that are configured for a cloud: the path names the model and says whether
// to stream, the body is that of a protocol we speak. They become requests like any other by
// moving what the path says into the body; answers go back in the cloud's framing. Pure.
//
//     Bedrock  /model/{id}/invoke[-with-response-stream]         Anthropic bodies
//              /model/{id}/converse[-stream]                     Converse bodies
//     Vertex   .../publishers/anthropic/models/{m}:[stream]rawPredict  Anthropic bodies
//     Azure    /openai/deployments/{d}/chat/completions          OpenAI bodies
//     Google   /v1beta/models/{m}:[stream]generateContent        Gemini bodies
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "http/message.hpp"

namespace tollgate::gateway {

enum class PathCloud : std::uint8_t { bedrock, vertex, azure, gemini };

struct PathRequest {
    PathCloud cloud = PathCloud::bedrock;
    std::string model;         // percent-decoded; "": the body names it
    bool stream = false;
    bool stream_known = true;  // false: the body says it (Azure)
    std::string key;           // where the query carries it (Google)
};

// The body with `model` and `stream` in it, and without what only the cloud's envelope has.
struct UnwrappedBody {
    std::string text;
    std::string betas;  // for the header anthropic-beta: the body's anthropic_beta, comma separated
};
// Fails: invalid_request for a body that is no JSON object, and for anthropic_beta of wrong type.
base::Result<UnwrappedBody> unwrap(std::string_view body, const PathRequest& request);

// What stands in front of the body's own members once the path's are put there, and how many of
// the body's first bytes it replaces. nullopt for a body that is no object or an empty one. The
// result stands for unwrap()'s, and costs no walk through the body, when the body says none of that
// itself: says_itself() tells, once it is parsed.
struct PathInFront {
    std::string text;
    std::size_t instead_of = 0;
};
std::optional<PathInFront> path_in_front(std::string_view body, const PathRequest& request);
bool says_itself(const json::Document& with_path, const PathRequest& request);
// At most so long is the text for most models' names; longer ones take the longer way.
inline constexpr std::size_t path_in_front_room = 512;

// The body that a question for a count is about: inside Bedrock's {"input":{"invokeModel":{"body":
// base64}}} and {"input":{"converse":{...}}}, inside Gemini's {"generateContentRequest":{...}},
// else the question itself.
// Fails: invalid_request naming the field.
base::Result<std::string> counted_body(const PathRequest& by_path, std::string_view question);

// True when Bedrock's question for a count is about a Converse body.
bool asks_about_converse(std::string_view question);

// The names under which such a client's model may be known here, most literal first:
// us.anthropic.claude-sonnet-4-5-20250929-v1:0 is also claude-sonnet-4-5-20250929, and
// claude-sonnet-4-5@20250929 too.
std::vector<std::string> names_of_cloud_model(std::string_view model);

// Whole server-sent events as messages of Bedrock's event stream: those of Converse under their own
// names, Anthropic's as chunks. What is no event (comments) is left out. An event named `error`
// becomes an exception.
void frame_for_bedrock(std::string& bytes, bool converse);

// The body of a count's answer as the client of that path reads it (null: Anthropic's).
std::string count_answer(const PathRequest* by_path, std::int64_t tokens);

// The body of an error as Bedrock says it, and its type for x-amzn-errortype.
std::string bedrock_error_body(std::string_view message);
std::string_view bedrock_error_type(int status);

}  // namespace tollgate::gateway
