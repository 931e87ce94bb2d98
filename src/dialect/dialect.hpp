// A dialect: one wire format, translated to and from the neutral model. Pure: no I/O, no clock.
//
// A dialect that clients speak implements ClientDialect, one that providers speak ProviderDialect;
// Anthropic Messages and OpenAI Chat are both. N + M codecs meet in domain::Request and
// domain::Event; there is no translator from one wire format to another.
//
// Dialect objects are stateless singletons owned by the caller of make_*(): const and thread-safe.
// The stream decoders and encoders that they make belong to one answer and to one thread.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/arena.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "domain/conversation.hpp"
#include "domain/event.hpp"
#include "domain/target.hpp"

namespace tollgate::dialect {

// What one attempt changed on the way out, needed to read the answer back. One per attempt.
struct Translation {
    // Tool names that the target could not take: sent name -> the client's name.
    std::vector<std::pair<std::string, std::string>> tool_names;
    std::vector<std::string> dropped;   // for x-tollgate-dropped, in the client's words, no repeats
    std::vector<std::string> warnings;  // for the log
    // The tool whose arguments are the answer's text, where the target has no structured output
    // (response_format, output_config.format); "" when there is none.
    std::string answer_tool;
    // The client's web search or program runs at the provider: its steps belong into the answer.
    bool web_search = false, code_execution = false;
    // Stop sequences that the model refuses: the gateway cuts the stream itself (plain text).
    std::vector<std::string> stop_here;
    // The context in tokens that the provider was told to use (Ollama's num_ctx), 0: none.
    std::int64_t context_sent = 0;
    void drop(std::string_view what);
    std::string_view client_tool_name(std::string_view sent) const;  // itself when not renamed
};

struct EncodedRequest {
    std::string body;
    // What belongs into `body` and was not copied, in order: views of Request::lender, and what
    // they own. None without a lender.
    std::vector<json::Lent> lent;
    std::string path;    // below the deployment's base URL, "/messages", "/chat/completions"
    Translation translation;
};

// Says what a frame of a provider's stream was, so that a relay can pass it on untouched.
struct FrameFacts {
    std::string_view model;    // the value of the model field, a view into the frame's data
    bool has_model = false;
    bool usage_only = false;   // OpenAI's closing chunk with empty choices
    bool end = false;          // message_stop, [DONE]: nothing follows
    bool content = false;      // the answer has begun, even where no event says so (hosted tools)
    // The frame as the client's protocol spells it, where the provider's framing is another one
    // (Anthropic events inside Bedrock's event stream); "" : the provider's own bytes. A view valid
    // until the next feed(); `model` then lies in it.
    std::string_view raw;
};

// Turns a provider's stream into events. Fed one frame at a time: for SSE the event name ("" when
// none) and its data, for NDJSON "" and the line, for AWS event streams the event's type and the
// payload; an exception's type has a ':' before it (":throttlingException").
class StreamDecoder {
public:
    virtual ~StreamDecoder() = default;
    // Appends to `events`; their views stay valid until the next call. A frame that is no valid
    // JSON is an Error (provider); the stream cannot go on after it.
    virtual base::Result<FrameFacts> feed(std::string_view event, std::string_view data,
                                          std::vector<domain::Event>& events) = 0;
    // The provider's bytes have ended: appends what is still owed (block_end, stop) when the answer
    // was complete without its end mark. Returns false when the answer was cut short.
    virtual bool finish(std::vector<domain::Event>& events) = 0;
    // Something for the log that only the answer showed (a prompt cut to the context); "" when
    // nothing did. Asked once, after the end.
    virtual std::string warning() const { return {}; }
};

// A tool whose calls the client wants in a form of their own.
struct AnswerTool {
    std::string name;             // as events name it
    domain::CallShape shape = domain::CallShape::function;
    std::string name_space, client_name;  // "" : none, and `name` itself
};

// What a translated answer needs of its request.
struct AnswerDescription {
    std::vector<AnswerTool> tools;
    // Responses: what the answer repeats of the request: field, JSON value.
    std::vector<std::pair<std::string, std::string>> echo;
};

struct EncoderOptions {
    std::string model;            // the name the client asked for
    std::string request_id;       // for ids that must be made: msg_..., chatcmpl-...
    std::int64_t created = 0;     // Unix seconds
    std::int64_t input_estimate = 0;  // tokens, for message_start when the provider is late
    bool include_usage = false;   // OpenAI: the client asked for the closing usage chunk
    std::shared_ptr<const AnswerDescription> description = nullptr;  // null: needs nothing

    const AnswerDescription& described() const {
        static const AnswerDescription nothing;
        return description ? *description : nothing;
    }
};

// Turns events into a client's stream.
class StreamEncoder {
public:
    virtual ~StreamEncoder() = default;
    // Appends the bytes to `out`, whole frames only.
    virtual void encode(const domain::Event& event, std::string& out) = 0;
    // The answer breaks off: appends its last frames. False where they need nothing of this
    // answer: ClientDialect::encode_stream_error() makes them.
    virtual bool break_off(const base::Error&, std::string&) { return false; }
};

struct Outline;

class ClientDialect {
public:
    virtual ~ClientDialect() = default;
    virtual domain::Protocol protocol() const = 0;
    // Decodes a whole body. Views in the Request borrow `document`'s text and `arena`.
    // Fails: invalid_request naming the field and what was expected.
    virtual base::Result<domain::Request> decode_request(const json::Document& document,
                                                         base::Arena& arena) const = 0;
    // Copies what it needs: it may outlive the request. Null: a translated answer needs nothing.
    virtual std::shared_ptr<const AnswerDescription> describe_answer(const domain::Request&,
                                                                     const Outline&) const {
        return nullptr;
    }
    virtual std::unique_ptr<StreamEncoder> stream_encoder(EncoderOptions options) const = 0;
    // The whole answer as one JSON body, from its events.
    virtual std::string encode_answer(const std::vector<domain::Event>& events,
                                      const EncoderOptions& options) const = 0;
    // The error envelope for a body, and the frame that ends a broken stream.
    virtual std::string encode_error(int status, const base::Error& error,
                                     std::string_view request_id) const = 0;
    virtual std::string encode_stream_error(int status, const base::Error& error,
                                            std::string_view request_id) const = 0;
    // A frame that keeps an idle stream alive ("" when the protocol has none).
    virtual std::string ping() const = 0;
};

// What a provider said when it refused. `message` is plain text.
struct ProviderFailure {
    domain::ErrorClass error_class = domain::ErrorClass::provider_fault;
    std::string type;      // the provider's type or code
    std::string message;   // the provider's words, "" when the body said nothing
    std::int64_t prompt_tokens = 0;   // context_overflow: as stated, else 0
    std::int64_t context_tokens = 0;  // context_overflow: the limit as stated, else 0
    // Too much is only input + max_tokens: the largest max_tokens that fits, else 0.
    std::int64_t max_tokens_fitting = 0;
};

enum class Framing : std::uint8_t { sse, ndjson, aws_event_stream };

class ProviderDialect {
public:
    virtual ~ProviderDialect() = default;
    virtual domain::Protocol protocol() const = 0;
    virtual Framing framing() const = 0;
    // Fails: invalid_request when the target cannot carry something that would change the answer
    // and deployment.drop_unsupported is off.
    virtual base::Result<EncodedRequest> encode_request(const domain::Request& request,
                                                        const domain::Deployment& target) const = 0;
    virtual std::unique_ptr<StreamDecoder> stream_decoder(const domain::Deployment& target,
                                                          const Translation& translation) const = 0;
    // A whole JSON answer as events; the views borrow `body` and `arena`.
    // Fails: provider, when the body is no answer of this protocol.
    virtual base::Result<std::vector<domain::Event>> decode_answer(
        std::string_view body, const domain::Deployment& target, const Translation& translation,
        base::Arena& arena) const = 0;
    virtual ProviderFailure decode_error(int status, std::string_view body) const = 0;
};

// The status that stands for a failure inside a stream, where the envelope names one: nobody was
// answered with it.
int status_of(domain::ErrorClass error_class);

// Both sides of a protocol in one object, made once and owned by the caller.
struct Codec {
    std::unique_ptr<ClientDialect> client;      // null: no client speaks it
    std::unique_ptr<ProviderDialect> provider;  // null: no provider speaks it
};
Codec make_anthropic();
Codec make_openai_chat();
Codec make_openai_responses();
Codec make_ollama();            // provider side only
Codec make_gemini();            // also of Vertex
Codec make_bedrock_converse();  // provider side only
// Anthropic Messages inside Bedrock's InvokeModel: the protocol is `anthropic`, the framing of
// streams is Bedrock's. Provider side only.
Codec make_bedrock_invoke();
Codec make_cohere();            // provider side only
Codec make_openai_completions();  // client side only

// A replacement within the client's body: [begin, end) gives way to `text`.
struct Splice {
    std::size_t begin = 0, end = 0;
    std::string text;
};
// What equal dialects on both sides need to know of a body, without decoding it.
struct Outline {
    std::string_view model;        // plain text unless `model_escaped`
    std::size_t model_begin = 0, model_end = 0;  // span of the value with its quotes
    bool stream = false;
    bool include_usage = false;    // OpenAI stream_options.include_usage is true
    std::int64_t max_tokens = 0;   // 0: not given
    // A Responses body on the path of OpenAI Chat: a target that speaks Chat cannot be relayed to.
    bool foreign = false;
    // Whether a tool is asked for that OpenAI-like servers run behind Responses alone; not known
    // when the body was not parsed.
    std::optional<bool> hosted_tool;
    std::vector<json::TopField> fields;
};
// The words that begin a hosted tool's type, or name the member that describes it, and whether a
// list of tools has one that OpenAI-like servers run behind Responses alone.
std::span<const std::string_view> hosted_tool_words();
bool names_hosted_tool(json::Value tools);
// Fails: invalid_request for malformed JSON (with the byte offset), a missing or wrong `model`, a
// wrong `stream`, a key named twice at the top level.
base::Result<Outline> outline(domain::Protocol protocol, std::string_view body,
                              base::Arena& arena);
// The same of a body that was parsed already, without reading it again. REQUIRES: parsed.root()
// exists. Both borrow the text.
base::Result<Outline> outline(domain::Protocol protocol, const json::Document& parsed,
                              base::Arena& arena);
// The same of a body that we made ourselves: the top-level fields alone, for a body may name no
// model. Fails: invalid_request when it is no JSON object.
base::Result<Outline> outline_translated(domain::Protocol protocol, std::string_view body);
// How `target` spells the most output tokens of a request.
std::string_view max_tokens_name(domain::Protocol protocol, const domain::Deployment& target);
// The splices that make `body` fit `target` of the same protocol: model, thinking blocks of our own
// making, stream_options.include_usage, configured parameters. Sorted, not overlapping.
// `parsed`: of `body`, where somebody has parsed it and holds it still; null: what has to be read
// is searched for. Fails: invalid_request when the body is malformed where it has to be read.
base::Result<std::vector<Splice>> relay_splices(domain::Protocol protocol, std::string_view body,
                                                const Outline& outline,
                                                const domain::Deployment& target,
                                                Translation& translation,
                                                const json::Document* parsed = nullptr);

// What a relay needs of a whole JSON answer of its client's own protocol, without decoding it.
struct AnswerOutline {
    std::size_t model_begin = 0, model_end = 0;  // span of the value with its quotes; equal: none
    domain::Usage usage;
};
// Fails: provider when the body is no plain answer of `protocol` (no JSON object, an error inside a
// 200): decode_answer() then says what it is.
base::Result<AnswerOutline> outline_answer(domain::Protocol protocol, std::string_view body);

}  // namespace tollgate::dialect
