// An OpenAI Chat Completions body as a neutral request.
#include "dialect/openai_chat_decode.hpp"

#include <algorithm>
#include <array>

#include "dialect/hosted.hpp"
#include "dialect/openai_chat.hpp"
#include "dialect/openai_fields.hpp"
#include "dialect/openai_responses_client.hpp"

namespace tollgate::dialect::openai_chat {
namespace {

using domain::Request;
using domain::ThinkingMode;
using domain::Tool;
using domain::ToolChoiceKind;
using json::Value;

// What the neutral model has words for; everything else is an extra.
constexpr std::array<std::string_view, 28> known_fields = {
    "model", "messages", "tools", "functions", "tool_choice", "function_call",
    "parallel_tool_calls", "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k",
    "presence_penalty", "frequency_penalty", "seed", "stop", "reasoning_effort", "reasoning",
    "response_format", "user", "safety_identifier", "prompt_cache_key", "service_tier", "stream",
    "stream_options", "power_level", "session_id", "web_search_options"};

constexpr std::array<std::string_view, 7> efforts = {"none", "minimal", "low", "medium",
                                                     "high", "xhigh",   "max"};

class RequestDecoder {
public:
    RequestDecoder(const json::Document& document, base::Arena& arena)
        : root_(document.root()), arena_(arena) {}

    base::Result<Request> decode() {
        if (!root_.is_object()) return base::invalid("the body must be a JSON object");
        request_.client = domain::Protocol::openai_chat;
        if (!root_["model"].is_string() || root_["model"].string_empty()) {
            return field_error("model", "is required: the name of a model");
        }
        request_.alias = root_["model"].text(arena_);
        TRY_VOID(messages());
        TRY_VOID(decode_power_level(root_));
        TRY_VOID(tools());
        TRY_VOID(tool_choice());
        TRY_VOID(decode_sampling(root_, request_));
        TRY_VOID(limits());
        TRY_VOID(decode_stop(root_, request_));
        TRY_VOID(thinking());
        TRY_VOID(format());
        TRY_VOID(decode_streaming(root_, request_));
        TRY_VOID(identity());
        extras();
        return std::move(request_);
    }

private:
    base::Result<void> messages() {
        Value list = root_["messages"];
        if (!list.is_array() || list.size() == 0) {
            return field_error("messages", "is required: a list of at least one message");
        }
        return MessagesDecoder(arena_, request_).decode(list);
    }

    base::Result<void> tools() {
        Value list = root_["tools"];
        if (is_set(list) && !list.is_array()) return field_error("tools", "must be a list");
        std::size_t index = 0;
        for (Value tool : list.elements()) {
            TRY_VOID(add_tool(tool, "tools." + std::to_string(index++)));
        }
        const std::size_t listed = request_.tools.size();
        index = 0;
        for (Value function : root_["functions"].elements()) {
            TRY_VOID(add_function(function, "functions." + std::to_string(index++)));
        }
        search();
        if (request_.tools.size() == listed) request_.tools_known = list.known();
        return {};
    }

    // A search is a field here (web_search_options), or OpenRouter's plugin.
    void search() {
        Value spelled = root_["web_search_options"];
        std::string_view kind = "web_search_options";
        if (!spelled.is_object()) {
            kind = "web_search_plugin";
            for (Value plugin : root_["plugins"].elements()) {
                if (plugin["id"].equals("web")) spelled = plugin;
            }
        }
        if (!spelled.is_object()) return;
        Tool& made = request_.tools.emplace_back();
        made.hosted_kind = kind;
        made.name = "web_search";
        made.verbatim = spelled.raw();
        describe_hosted(spelled, arena_, made);
    }

    base::Result<void> add_tool(Value tool, const std::string& field) {
        if (!tool["type"].is_string()) return field_error(field + ".type", "is required: function");
        if (tool["type"].equals("function")) {
            TRY_VOID(add_function(tool["function"], field + ".function"));
        } else {
            Tool& made = request_.tools.emplace_back();
            made.hosted_kind = tool["type"].text(arena_);
            made.name = tool["name"].text(arena_);
            if (made.name.empty()) made.name = made.hosted_kind;
            describe_hosted(tool, arena_, made);
        }
        request_.tools.back().cache_control = tool["cache_control"].raw();
        request_.tools.back().verbatim = tool.raw();
        return {};
    }

    base::Result<void> add_function(Value function, const std::string& field) {
        if (!function["name"].is_string() || function["name"].string_empty()) {
            return field_error(field + ".name", "is required: a string");
        }
        Value parameters = function["parameters"];
        if (is_set(parameters) && !parameters.is_object()) {
            return field_error(field + ".parameters", "must be a JSON schema object");
        }
        Tool& made = request_.tools.emplace_back();
        made.name = function["name"].text(arena_);
        made.description = function["description"].escaped();
        if (parameters.is_object()) made.schema = parameters.raw();
        made.strict = function["strict"].boolean();
        return {};
    }

    base::Result<void> tool_choice() {
        request_.tool_choice.parallel = root_["parallel_tool_calls"].boolean();
        bool legacy = !is_set(root_["tool_choice"]);
        std::string_view field = legacy ? "function_call" : "tool_choice";
        Value choice = root_[field];
        if (!is_set(choice)) return {};
        if (choice.is_string()) {
            if (choice.equals("auto")) request_.tool_choice.kind = ToolChoiceKind::automatic;
            else if (choice.equals("none")) request_.tool_choice.kind = ToolChoiceKind::none;
            else if (choice.equals("required") || choice.equals("any"))
                request_.tool_choice.kind = ToolChoiceKind::any;
            else return field_error(field, "must be auto, none, required or a function");
            return {};
        }
        Value name = legacy ? choice["name"] : choice["function"]["name"];
        if (!name.is_string()) {
            return field_error(field, "must be auto, none, required or name one function: "
                                      "{\"type\":\"function\",\"function\":{\"name\":\"...\"}}");
        }
        request_.tool_choice.kind = ToolChoiceKind::named;
        request_.tool_choice.name = name.text(arena_);
        return {};
    }

    base::Result<void> limits() {
        TRY_VOID(decode_max_tokens(root_, "max_tokens", request_));
        return decode_max_tokens(root_, "max_completion_tokens", request_);
    }

    base::Result<void> thinking() {
        Value object = root_["reasoning"];  // OpenRouter's form
        Value effort = root_["reasoning_effort"];
        std::string_view field = "reasoning_effort";
        if (!is_set(effort) && is_set(object["effort"])) {
            effort = object["effort"];
            field = "reasoning.effort";
        }
        if (is_set(effort)) {
            std::string_view word = effort.text(arena_);
            if (std::find(efforts.begin(), efforts.end(), word) == efforts.end()) {
                return field_error(field, "must be none, minimal, low, medium, high, xhigh or max");
            }
            request_.thinking.mode = word == "none" ? ThinkingMode::off : ThinkingMode::adaptive;
            request_.thinking.effort = word;
            return {};
        }
        if (auto budget = object["max_tokens"].integer(); budget && *budget > 0) {
            request_.thinking.mode = ThinkingMode::budget;
            request_.thinking.budget_tokens = *budget;
        } else if (auto enabled = object["enabled"].boolean()) {
            request_.thinking.mode = *enabled ? ThinkingMode::adaptive : ThinkingMode::off;
        }
        return {};
    }

    base::Result<void> format() {
        Value format = root_["response_format"];
        if (!is_set(format)) return {};
        Value type = format["type"];
        if (type.equals("text")) return {};
        if (type.equals("json_object")) {
            request_.output.kind = domain::OutputKind::json_object;
            return {};
        }
        if (!type.equals("json_schema")) {
            return field_error("response_format.type", "must be text, json_object or json_schema");
        }
        Value schema = format["json_schema"];
        if (!schema["schema"].is_object()) {
            return field_error("response_format.json_schema.schema", "is required: a JSON schema");
        }
        request_.output.kind = domain::OutputKind::json_schema;
        request_.output.name = schema["name"].text(arena_);
        request_.output.schema = schema["schema"].raw();
        request_.output.strict = schema["strict"].boolean();
        return {};
    }

    base::Result<void> identity() {
        for (std::string_view name : {"user", "safety_identifier"}) {
            if (!is_set(root_[name])) continue;
            if (!root_[name].is_string()) return field_error(name, "must be a string");
            request_.user_id = root_[name].text(arena_);
        }
        for (std::string_view name : {"session_id", "prompt_cache_key"}) {
            if (root_[name].is_string()) request_.session_id = root_[name].text(arena_);
        }
        request_.service_tier = root_["service_tier"].text(arena_);
        return {};
    }

    void extras() {
        Value::Range range = root_.members();
        for (auto it = range.begin(); !(it == range.end()); ++it) {
            std::string_view name = it.key().text(arena_);
            if (std::find(known_fields.begin(), known_fields.end(), name) == known_fields.end()) {
                request_.extras.push_back({name, (*it).raw()});
            }
        }
    }

    Value root_;
    base::Arena& arena_;
    Request request_;
};

}  // namespace

base::Result<Request> decode_request(const json::Document& document, base::Arena& arena) {
    // Cursor sends Responses bodies to the path of Chat Completions and wants an answer of Chat's.
    const Value root = document.root();
    if (!root["messages"].exists() && root["input"].exists()) {
        return openai_responses::decode_request(document, arena);
    }
    return RequestDecoder(document, arena).decode();
}

}  // namespace tollgate::dialect::openai_chat
