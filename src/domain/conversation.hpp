// The neutral request that every protocol is decoded into and encoded from.
// Values only. All views borrow the request body or the arena given to the decoder: a Request must
// not outlive either. Text stays JSON-escaped (json::Escaped) so that it is copied, never parsed.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "domain/hosted.hpp"

namespace tollgate::domain {

enum class Protocol : std::uint8_t {
    anthropic, openai_chat, openai_responses, ollama,
    openai_completions,  // legacy text completions: clients speak it, providers get chat
    gemini,              // generateContent, at Google AI and on Vertex
    bedrock_converse,    // Converse; Bedrock's InvokeModel carries `anthropic`
    cohere,              // v2 chat
};
std::string_view to_string(Protocol protocol);

enum class Role : std::uint8_t { user, assistant, system };

enum class PartKind : std::uint8_t {
    text, image, document, audio, tool_call, tool_result, thinking, redacted_thinking, refusal,
    // A provider-run tool's block (server_tool_use, web_search_tool_result, ...): verbatim only.
    hosted,
};

enum class MediaSource : std::uint8_t { none, base64, url, file_id, text, content };

struct Media {
    MediaSource source = MediaSource::none;
    std::string_view media_type;  // image/png, application/pdf, text/plain; audio: wav, mp3
    json::Escaped data;           // base64, URL, file id or text, by source
    json::Escaped title;          // documents
    json::Escaped context;        // documents
    json::Escaped filename;       // OpenAI file parts
    std::string_view detail;      // OpenAI image detail
};

struct Part {
    PartKind kind = PartKind::text;
    bool is_error = false;        // tool_result
    json::Escaped text;           // text, thinking, refusal; redacted_thinking: its data
    json::Escaped signature;      // thinking: Anthropic's, or ours beginning with tg1.
    Media media;                  // image, document, audio
    std::string_view id;          // tool_call: its id; tool_result: the call's id (plain text)
    std::string_view name;        // tool_call (plain text)
    json::Raw input;              // tool_call: arguments as a JSON value
    json::Escaped spelled_input;  // `input` as a client spelled it in a string; empty: it did not
    std::vector<Part> content;    // tool_result, document with source content
    json::Raw cache_control;      // the client's mark on this block, verbatim, or empty
    json::Raw verbatim;           // the block as the client spelled it
};

struct Message {
    Role role = Role::user;
    std::vector<Part> parts;
    std::string_view name;  // OpenAI's optional participant name
};

// How the client spells a call of a tool; targets are told of functions all the same.
enum class CallShape : std::uint8_t {
    function,
    freeform,     // OpenAI's custom tools: a text, which travels as {"input": TEXT}
    tool_search,  // OpenAI's client-side search for further tools
};

struct Tool {
    std::string_view name;      // plain text
    json::Escaped description;
    json::Raw schema;           // JSON schema of the arguments, verbatim; empty: none given
    std::optional<bool> strict;
    std::string_view hosted_kind;  // "web_search_20250305", "bash_20250124"...; "" for functions
    HostedTool hosted = HostedTool::none;  // what hosted_kind means
    SearchOptions search;                  // of a web search
    CallShape call_shape = CallShape::function;
    // OpenAI's namespaces: the tool is client_name in there, and `name` joins the two.
    std::string_view name_space, client_name;
    // Hosted tools that a client offers with every request, wherever it goes: a target without a
    // counterpart gets the request without it.
    bool optional = false;
    json::Raw cache_control;
    json::Raw verbatim;
};

enum class ToolChoiceKind : std::uint8_t { unset, automatic, any, none, named };
struct ToolChoice {
    ToolChoiceKind kind = ToolChoiceKind::unset;
    std::string_view name;
    std::optional<bool> parallel;  // false: at most one call per answer
};

enum class ThinkingMode : std::uint8_t { unset, off, budget, adaptive };
struct Thinking {
    ThinkingMode mode = ThinkingMode::unset;
    std::int64_t budget_tokens = 0;
    std::string_view effort;   // none|minimal|low|medium|high|xhigh|max, "" when not given
    std::string_view display;  // Anthropic's thinking.display, "" when not given
};

enum class OutputKind : std::uint8_t { text, json_object, json_schema };
struct OutputFormat {
    OutputKind kind = OutputKind::text;
    std::string_view name;
    json::Raw schema;
    std::optional<bool> strict;
};

// A field of the client's body that the neutral model has no word for; sent on verbatim only to a
// target of the client's own protocol.
struct Extra {
    std::string_view name;
    json::Raw value;
};

struct Request {
    Protocol client = Protocol::anthropic;
    std::string_view alias;  // the model name the client asked for
    std::vector<Part> system;
    std::vector<Message> messages;
    std::vector<Tool> tools;
    // json::Value::known() of the list that `tools` were decoded from and that they are whole and
    // unchanged; 0: none. Whoever encodes them may keep the text by it.
    std::uint64_t tools_known = 0;
    // The text that the request was decoded from, where it outlives what is encoded from it: long
    // parts of it are then not copied (json::Writer::lend_from). Empty: they are.
    std::string_view lender;
    ToolChoice tool_choice;
    std::optional<std::int64_t> max_output_tokens;
    json::Raw temperature, top_p, top_k;  // numbers as spelled, empty when not given
    json::Raw presence_penalty, frequency_penalty, seed;
    std::vector<json::Escaped> stop_sequences;
    Thinking thinking;
    OutputFormat output;
    std::string_view user_id;     // Anthropic metadata.user_id, OpenAI user / safety_identifier
    std::string_view session_id;  // of the client's session, from user_id or a header
    std::string_view service_tier;
    bool stream = false;
    bool include_usage = false;  // OpenAI stream_options.include_usage
    std::vector<Extra> extras;
};

}  // namespace tollgate::domain
