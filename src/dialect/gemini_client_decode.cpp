// A generateContent body as a neutral request.
#include "dialect/gemini_client.hpp"
#include "dialect/hosted.hpp"

namespace tollgate::dialect::gemini_client {
namespace {

using domain::Request;
using domain::ThinkingMode;
using domain::ToolChoiceKind;
using json::Value;

constexpr std::string_view config_name = "generationConfig";

base::Result<void> decode_tools(Value root, base::Arena& arena, Request& request) {
    const Value tools = root["tools"];
    if (is_set(tools) && !tools.is_array()) return field_error("tools", "must be a list");
    for (const Value tool : tools.elements()) {
        for (const Value function :
             field(tool, "functionDeclarations", "function_declarations").elements()) {
            if (!function["name"].is_string()) {
                return field_error("tools.functionDeclarations.name", "is required: a string");
            }
            domain::Tool& made = request.tools.emplace_back();
            made.name = function["name"].text(arena);
            made.description = function["description"].escaped();
            const Value json_schema =
                field(function, "parametersJsonSchema", "parameters_json_schema");
            if (json_schema.is_object()) {
                made.schema = json_schema.raw();
            } else if (function["parameters"].is_object()) {
                std::string schema;
                append_json_schema(schema, function["parameters"]);
                made.schema = arena.store(schema);
            }
        }
        for (const auto& [camel, snake] :
             {std::pair<std::string_view, std::string_view>{"googleSearch", "google_search"},
              {"googleSearchRetrieval", "google_search_retrieval"},
              {"codeExecution", "code_execution"},
              {"urlContext", "url_context"}}) {
            if (!is_set(field(tool, camel, snake))) continue;
            domain::Tool& hosted = request.tools.emplace_back();
            hosted.name = snake == "google_search" ? "web_search" : snake;
            hosted.hosted_kind = snake;
            hosted.verbatim = tool.raw();
            hosted.hosted = hosted_tool(snake);
            const Value exclude = field(field(tool, camel, snake), "excludeDomains",
                                        "exclude_domains");
            if (exclude.size() > 0) hosted.search.blocked_domains = exclude.raw();
        }
    }
    request.tools_known = tools.known();
    return {};
}

base::Result<void> decode_tool_choice(Value root, base::Arena& arena, Request& request) {
    const Value config =
        field(field(root, "toolConfig", "tool_config"), "functionCallingConfig",
              "function_calling_config");
    if (!config.is_object()) return {};
    const Value mode = config["mode"];
    const Value allowed = field(config, "allowedFunctionNames", "allowed_function_names");
    domain::ToolChoice& choice = request.tool_choice;
    if (mode.equals("ANY")) {
        choice.kind = allowed.size() == 1 ? ToolChoiceKind::named : ToolChoiceKind::any;
        for (const Value name : allowed.elements()) choice.name = name.text(arena);
        if (choice.kind == ToolChoiceKind::any) choice.name = {};
    } else if (mode.equals("NONE")) {
        choice.kind = ToolChoiceKind::none;
    } else if (mode.equals("AUTO") || mode.equals("VALIDATED") || !is_set(mode) ||
               mode.equals("MODE_UNSPECIFIED")) {
        choice.kind = ToolChoiceKind::automatic;
    } else {
        return field_error("toolConfig.functionCallingConfig.mode", "must be AUTO, ANY or NONE");
    }
    return {};
}

base::Result<void> decode_output(Value config, base::Arena& arena, Request& request) {
    const Value type = field(config, "responseMimeType", "response_mime_type");
    const Value json_schema = field(config, "responseJsonSchema", "response_json_schema");
    const Value schema = field(config, "responseSchema", "response_schema");
    domain::OutputFormat& output = request.output;
    if (json_schema.is_object()) {
        output.kind = domain::OutputKind::json_schema;
        output.schema = json_schema.raw();
    } else if (schema.is_object()) {
        std::string converted;
        append_json_schema(converted, schema);
        output.kind = domain::OutputKind::json_schema;
        output.schema = arena.store(converted);
    } else if (type.equals("application/json")) {
        output.kind = domain::OutputKind::json_object;
    } else if (is_set(type) && !type.equals("text/plain")) {
        return field_error("generationConfig.responseMimeType",
                           "must be text/plain or application/json");
    }
    if (output.kind != domain::OutputKind::json_schema) return {};
    output.name = "answer";
    output.strict = true;  // it always holds to the schema; OpenAI's only if asked
    return {};
}

void decode_thinking(Value config, base::Arena& arena, Request& request) {
    const Value thinking = field(config, "thinkingConfig", "thinking_config");
    if (!thinking.is_object()) return;
    const auto budget = field(thinking, "thinkingBudget", "thinking_budget").integer();
    const Value level = field(thinking, "thinkingLevel", "thinking_level");
    if (budget && *budget == 0) {
        request.thinking.mode = ThinkingMode::off;
    } else if (budget && *budget > 0) {
        request.thinking.mode = ThinkingMode::budget;
        request.thinking.budget_tokens = *budget;
    } else if (budget || level.is_string()) {
        request.thinking.mode = ThinkingMode::adaptive;
    }
    if (!level.is_string()) return;
    std::string word = level.text();
    for (char& c : word) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    if (word != "thinking_level_unspecified") request.thinking.effort = arena.store(word);
}

base::Result<void> decode_config(Value config, base::Arena& arena, Request& request) {
    if (!is_set(config)) return {};
    if (!config.is_object()) return field_error(config_name, "must be an object");
    const auto number = [&](std::string_view camel, std::string_view snake,
                            json::Raw& out) -> base::Result<void> {
        const Value value = field(config, camel, snake);
        if (!is_set(value)) return {};
        if (!value.number()) {
            return field_error("generationConfig." + std::string(camel), "must be a number");
        }
        out = value.raw();
        return {};
    };
    TRY_VOID(number("temperature", "temperature", request.temperature));
    TRY_VOID(number("topP", "top_p", request.top_p));
    TRY_VOID(number("topK", "top_k", request.top_k));
    TRY_VOID(number("presencePenalty", "presence_penalty", request.presence_penalty));
    TRY_VOID(number("frequencyPenalty", "frequency_penalty", request.frequency_penalty));
    TRY_VOID(number("seed", "seed", request.seed));
    const Value most = field(config, "maxOutputTokens", "max_output_tokens");
    if (is_set(most)) {
        request.max_output_tokens = most.integer();
        if (!request.max_output_tokens || *request.max_output_tokens < 1) {
            return field_error("generationConfig.maxOutputTokens", "must be a number above 0");
        }
    }
    if (field(config, "candidateCount", "candidate_count").integer().value_or(1) > 1) {
        return field_error("generationConfig.candidateCount", "only one candidate can be given");
    }
    for (const Value stop : field(config, "stopSequences", "stop_sequences").elements()) {
        if (!stop.is_string()) {
            return field_error("generationConfig.stopSequences", "must be a list of strings");
        }
        request.stop_sequences.push_back(stop.escaped());
    }
    decode_thinking(config, arena, request);
    return decode_output(config, arena, request);
}

}  // namespace

Value field(Value object, std::string_view camel, std::string_view snake) {
    const Value value = object[camel];
    return value.exists() ? value : object[snake];
}

bool is_set(Value value) { return value.exists() && !value.is_null(); }

base::Error field_error(std::string_view field, std::string_view problem) {
    std::string message(field);
    message.append(": ").append(problem);
    return base::invalid(std::move(message), std::string(field));
}

base::Result<Request> decode_request(const json::Document& document, base::Arena& arena) {
    const Value root = document.root();
    if (!root.is_object()) return base::invalid("the body must be a JSON object", "");
    Request request;
    request.client = domain::Protocol::gemini;
    request.alias = root["model"].text(arena);
    request.stream = root["stream"].boolean().value_or(false);
    if (is_set(field(root, "cachedContent", "cached_content"))) {
        return field_error("cachedContent", "cached contents live at Google: this model has none");
    }
    TRY_VOID(decode_contents(root, arena, request));
    TRY_VOID(decode_tools(root, arena, request));
    TRY_VOID(decode_tool_choice(root, arena, request));
    TRY_VOID(decode_config(field(root, config_name, "generation_config"), arena, request));
    return request;
}

}  // namespace tollgate::dialect::gemini_client
