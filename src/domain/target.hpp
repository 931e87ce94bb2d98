// Where a request may be sent: what a provider accepts (a row of data/providers.yaml), what a model
// can do (a row of data/models.yaml), and the deployment that joins the two with a credential.
// Values, immutable once a snapshot is built; shared between threads as const.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/conversation.hpp"
#include "domain/money.hpp"

namespace tollgate::domain {

enum class AuthStyle : std::uint8_t { bearer, x_api_key, api_key, none };
enum class MaxTokensField : std::uint8_t { max_tokens, max_completion_tokens, by_model };
enum class SystemRole : std::uint8_t { system, developer, by_model };
enum class StreamUsage : std::uint8_t { option, always, never, x_groq };
enum class ReasoningRequired : std::uint8_t {
    no,
    tool_calls,  // while thinking is on, assistant messages with tool calls need reasoning_out
    always,      // all assistant messages do
};
enum class ReasoningControl : std::uint8_t {
    none,              // nothing to send
    reasoning_effort,  // "reasoning_effort": "low"
    thinking_type,     // "thinking": {"type": "enabled" | "disabled"}
    enable_thinking,   // "enable_thinking": true | false
    reasoning_object,  // "reasoning": {"effort": ..} or {"max_tokens": ..} (OpenRouter)
};

// How a chat body asks for the provider's own web search.
enum class WebSearchField : std::uint8_t {
    none,           // it has none
    options,        // "web_search_options": {..}; OpenAI's search models
    plugin,         // "plugins": [{"id": "web"}] (OpenRouter)
    always,         // every answer is searched for (Perplexity)
    enable_search,  // "enable_search": true (DashScope)
};

// How a cloud wraps an Anthropic Messages body: the model stands in the path, `stream` is another
// path, `anthropic_version` moves into the body.
enum class Envelope : std::uint8_t {
    none,
    bedrock,  // anthropic_version bedrock-2023-05-31, betas in the body's anthropic_beta
    vertex,   // anthropic_version vertex-2023-10-16
};

// How the credential is obtained where no ready one is configured.
enum class CredentialKind : std::uint8_t { key, aws, google, entra };

// Where in a cloud a model is; empty fields mean the provider's own default.
struct CloudPlace {
    std::string region;       // AWS: us-east-1; Google: us-central1, global, us, eu
    std::string project;      // Google Cloud project
    std::string api_version;  // Azure: 2024-10-21, v1, preview
    std::string model_id;     // Bedrock: the ARN or profile that stands in the path
    bool fips = false;        // Bedrock: the FIPS endpoint
};

// The deviations of one provider: the quirks of its row in data/providers.yaml.
struct ProviderTraits {
    std::string type;          // openai, openrouter, groq, anthropic, ollama, echo, ...
    std::string display_name;
    std::vector<std::string> aliases;
    Protocol protocol = Protocol::openai_chat;
    bool echo = false;         // the built-in demo provider: answered in the process
    std::string base_url;      // no trailing slash; may hold ${ENV} until assembly expands it
    std::vector<std::string> base_url_env;
    std::vector<std::string> credential_env;
    bool credential_required = true;
    AuthStyle auth = AuthStyle::bearer;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string chat_path = "/chat/completions";
    std::string models_path = "/models";
    bool local = false;         // zone local
    bool responses = false;     // serves /responses
    Envelope envelope = Envelope::none;  // of Anthropic bodies
    CredentialKind credential = CredentialKind::key;
    MaxTokensField max_tokens_field = MaxTokensField::max_tokens;
    SystemRole system_role = SystemRole::system;
    bool system_first_only = false;
    StreamUsage stream_usage = StreamUsage::option;
    std::vector<std::string> reasoning_in = {"reasoning_content", "reasoning"};
    std::string reasoning_out;  // field for prior reasoning; "" : omitted
    ReasoningRequired reasoning_required = ReasoningRequired::no;
    bool forced_tool_thinking = true;  // false: thinking must be off while a tool is forced
    bool user_after_tool = true;  // false: an assistant message must follow tool messages
    ReasoningControl reasoning_control = ReasoningControl::none;
    std::vector<std::string> reasoning_efforts = {"low", "medium", "high"};
    std::string tool_choice_required = "required";  // or "any", "auto"
    bool tool_choice_named = true;
    bool tools = true;
    bool parallel_tool_calls = true;  // accepts the field
    bool strict_tools = false;
    std::vector<std::string> schema_drop;
    bool content_list = true;
    bool images = true;
    bool files = false;
    bool audio = false;
    std::uint32_t stop_max = 4;
    std::string tool_id_charset;      // "" : any
    std::uint32_t tool_id_max = 0;    // 0: any length
    bool tool_id_exact = false;       // tool_id_max is the exact length
    std::uint32_t tool_name_max = 64;
    std::string tool_name_charset = "a-zA-Z0-9_-";
    std::string user_field;           // "user", "safety_identifier" or ""
    bool prompt_cache_key = false;
    bool cache_control = false;
    bool json_schema = true;
    WebSearchField web_search = WebSearchField::none;
    bool top_k = false;
    std::string seed_field = "seed";  // "" : refused
    std::vector<std::pair<std::string, std::string>> body;  // static fields: name, JSON value
};

enum class ThinkingSupport : std::uint8_t { none, manual, both, adaptive, always };

// What one token of each kind costs: pico-USD (1e-12) per token; -1: not known. A price per million
// tokens of 3 USD is 3'000'000.
struct TokenRates {
    PicoUsd input = -1, output = -1;
    PicoUsd cache_read = -1, cache_write_5m = -1, cache_write_1h = -1;
    PicoUsd reasoning = -1;  // -1: as output
    PicoUsd audio_input = -1, audio_output = -1;
    PicoUsd image_output = -1;  // of a picture that was made, where it is counted in tokens
};

// Rates of the whole request once its prompt has more than `above` tokens. The highest threshold
// that is passed counts; -1 keeps the base price of that class.
struct LongContextPrices : TokenRates {
    std::int64_t above = 0;
};

// A factor in thousandths: 1100 is 1.1.
using PerMille = std::int64_t;

// What a class of service costs: a factor on all standard rates, or rates of its own.
struct ServicePrices {
    std::string name;     // batch, flex, priority
    PerMille factor = 0;  // 0: the rates below
    TokenRates rates;
    std::vector<LongContextPrices> long_context;  // ascending
};

struct TokenPrices : TokenRates {
    std::vector<LongContextPrices> long_context;  // ascending by threshold; most models have none
    std::vector<ServicePrices> services;
    // Factors on all token rates by region ("us"); "*": every region but `global`.
    std::vector<std::pair<std::string, PerMille>> regions;
    PerMille fast = 0;  // factor of the fast mode; 0: not known
    // Pico-USD each; -1: not known (none, of a request).
    PicoUsd request = -1, image = -1, web_search = -1;
    std::string valid_from;  // YYYY-MM-DD, "" : not stated
    std::string version;     // what the figures are told by later: date and source of the table
};

enum class ModelMode : std::uint8_t { chat, embedding };

// A row of data/models.yaml, or defaults for a model nobody has described.
struct ModelTraits {
    std::string id;  // provider/model
    std::vector<std::string> aliases;
    std::string family;
    std::string display_name;
    std::string tier;  // Claude's: opus, sonnet, haiku, fable; "" otherwise
    ModelMode mode = ModelMode::chat;
    std::int64_t dimensions = 0;  // of an embedding unless the request asks for fewer; 0: not known
    std::int64_t context_tokens = 128'000;
    std::int64_t input_tokens_max = 0;   // 0: the context
    std::int64_t output_tokens_max = 0;  // 0: not known
    ThinkingSupport thinking = ThinkingSupport::none;
    bool thinking_can_be_disabled = true;
    std::vector<std::string> efforts;  // accepted, weakest first; empty: the provider's list
    bool sampling = true;     // accepts temperature and top_p
    bool stop = true;         // accepts stop sequences
    MaxTokensField max_tokens_field = MaxTokensField::max_tokens;
    SystemRole system_role = SystemRole::system;
    bool tools = true;
    bool tools_need_responses = false;
    bool responses_only = false;
    bool vision = true;
    bool pdf = false;
    bool audio = false;
    bool prefill = false;     // a trailing assistant message is continued
    bool mid_system = true;   // takes a system message inside the conversation
    bool json_schema = true;
    bool forced_tool = true;  // false: refuses a tool_choice that forces a call
    bool parallel_tool_calls = true;  // false: refuses the field parallel_tool_calls
    std::optional<ReasoningControl> reasoning_control;  // wins over the provider's
    bool in_catalog = false;  // false: these are guesses
    TokenPrices prices;
    // What routing compares by until it has measured; negative: not known.
    double quality = -1;         // 0..1
    double first_token_ms = -1;  // until the first token
    double token_ms = -1;        // for each further one
    std::string deprecated_for;  // the successor's name, "" while current
    std::string retires;         // day the provider switches it off, YYYY-MM-DD, "" : not stated
    std::string as_of;           // date of the figures, YYYY-MM-DD
};

// How a provider is asked, without a request of anybody, whether it answers.
enum class HealthCheck : std::uint8_t {
    by_default,  // as the configuration's section says
    off,
    models,      // its list of models
    completion,  // an answer of a few tokens, which costs
};

// One way to reach a model: what a model_list entry, a catalog name or a tenant's model becomes.
struct Deployment {
    std::string id;          // stable within a snapshot: "name#ordinal", for logs and metrics
    std::string group;       // the public name it serves
    ProviderTraits provider;
    ModelTraits model;
    std::string model_name;  // as the provider knows it, without the provider prefix
    std::string base_url;    // effective, no trailing slash
    std::string api_key;     // the ready credential; never logged. "": see Endpoint::credential
    CloudPlace place;
    std::vector<std::pair<std::string, std::string>> extra_headers;
    std::vector<std::pair<std::string, std::string>> extra_body;    // name, JSON value: set always
    std::vector<std::pair<std::string, std::string>> default_body;  // set when the client did not
    std::optional<std::int64_t> default_max_tokens;  // when the client names none
    std::optional<std::int64_t> output_tokens_cap;   // never more than this
    // Bounds on what is sent to it, whoever asks.
    std::optional<std::int64_t> requests_per_minute, tokens_per_minute, parallel_max;
    std::int64_t num_ctx = 0;                        // Ollama's context, 0: the server's
    std::string account;            // the provider's entry in configuration, "" : its own
    std::int64_t weight = 1;
    std::int64_t order = 0;         // lower ones are tried before higher ones
    std::int64_t priority = 0;      // of its provider; higher is preferred where all else is equal
    std::chrono::milliseconds headers_timeout{0};    // 0: the default of routing
    std::chrono::milliseconds total_timeout{0};
    HealthCheck health_check = HealthCheck::by_default;
    bool drop_unsupported = false;  // drop_params: remove what the target cannot carry, and say so
    std::string tenant;             // whose requests alone may come here, "" : everybody's
    std::string identity_key;       // HMAC key for user identifiers sent to the provider
};

// "openai/gpt-5.4": what x-tollgate-model and the logs name.
std::string target_name(const Deployment& deployment);

}  // namespace tollgate::domain
