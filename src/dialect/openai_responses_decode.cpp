// An OpenAI Responses body as a neutral request: all fields but the input's items and the tools.
#include <algorithm>
#include <array>

#include "dialect/openai_chat_decode.hpp"
#include "dialect/openai_fields.hpp"
#include "dialect/openai_responses_client.hpp"
#include "dialect/openai_responses_items.hpp"

namespace tollgate::dialect::openai_responses {
namespace {

using domain::Request;
using domain::ThinkingMode;
using json::Value;
using openai_chat::field_error;
using openai_chat::is_set;

// What the neutral model has words for, and what says nothing about the answer; others are extras.
constexpr std::array<std::string_view, 33> known_fields = {
    "model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls",
    "max_output_tokens", "temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty",
    "seed", "reasoning", "text", "user", "safety_identifier", "prompt_cache_key", "service_tier",
    "stream", "stream_options", "store", "include", "previous_response_id", "conversation",
    "background", "prompt", "power_level", "session_id", "client_metadata", "metadata",
    "prompt_cache_retention", "prompt_cache_options"};

constexpr std::array<std::string_view, 8> efforts = {"none", "minimal", "low", "medium",
                                                     "high", "xhigh",   "max", "ultra"};

class RequestDecoder {
public:
    RequestDecoder(const json::Document& document, base::Arena& arena)
        : root_(document.root()), arena_(arena) {}

    base::Result<Request> decode() {
        if (!root_.is_object()) return base::invalid("the body must be a JSON object");
        request_.client = domain::Protocol::openai_responses;
        if (!root_["model"].is_string() || root_["model"].string_empty()) {
            return field_error("model", "is required: the name of a model");
        }
        request_.alias = root_["model"].text(arena_);
        TRY_VOID(refuse_state());
        TRY_VOID(instructions());
        TRY_VOID(decode_tools(root_["tools"], Place("tools"), arena_, request_));
        const std::size_t listed = request_.tools.size();
        TRY_VOID(ItemsDecoder(arena_, request_).decode(root_["input"]));
        if (request_.tools.size() == listed) request_.tools_known = root_["tools"].known();
        TRY_VOID(decode_tool_choice(root_, arena_, request_));
        mark_optional_tools();
        TRY_VOID(openai_chat::decode_power_level(root_));
        TRY_VOID(openai_chat::decode_sampling(root_, request_));
        TRY_VOID(openai_chat::decode_max_tokens(root_, "max_output_tokens", request_));
        TRY_VOID(reasoning());
        TRY_VOID(text());
        TRY_VOID(openai_chat::decode_streaming(root_, request_));
        TRY_VOID(identity());
        extras();
        return std::move(request_);
    }

private:
    // Nothing is kept here between two requests, and a target of another protocol keeps nothing
    // that Responses could refer to.
    base::Result<void> refuse_state() {
        for (std::string_view name : {"previous_response_id", "conversation", "prompt"}) {
            if (!is_set(root_[name])) continue;
            return field_error(name, "refers to what OpenAI has stored, which this model cannot "
                                     "read; send the whole conversation in input");
        }
        for (std::string_view name : {"background", "store"}) {
            const Value value = root_[name];
            if (!is_set(value)) continue;
            if (!value.boolean()) return field_error(name, "must be true or false");
            if (*value.boolean()) {
                return field_error(name, name == "store"
                                             ? "must be false: answers of this model are not "
                                               "stored; send the whole conversation in input"
                                             : "must be false: this model answers at once only");
            }
        }
        return {};
    }

    base::Result<void> instructions() {
        const Value text = root_["instructions"];
        if (!is_set(text)) return {};
        if (!text.is_string()) return field_error("instructions", "must be a string");
        if (!text.string_empty()) request_.system.emplace_back().text = text.escaped();
        return {};
    }

    // Codex offers its web search with every request, whoever answers it.
    void mark_optional_tools() {
        bool codex = false;
        const Value::Range range = root_["client_metadata"].members();
        for (auto it = range.begin(); !(it == range.end()); ++it) {
            codex = codex || it.key().escaped().raw.starts_with("x-codex-");
        }
        if (!codex || request_.tool_choice.kind == domain::ToolChoiceKind::named) return;
        for (auto& tool : request_.tools) tool.optional = !tool.hosted_kind.empty();
    }

    base::Result<void> reasoning() {
        const Value object = root_["reasoning"];
        if (!is_set(object)) return {};
        if (!object.is_object()) return field_error("reasoning", "must be an object");
        const Value effort = object["effort"];
        if (!is_set(effort)) return {};
        const std::string_view word = effort.text(arena_);
        if (std::find(efforts.begin(), efforts.end(), word) == efforts.end()) {
            return field_error("reasoning.effort",
                               "must be none, minimal, low, medium, high, xhigh, max or ultra");
        }
        request_.thinking.mode = word == "none" ? ThinkingMode::off : ThinkingMode::adaptive;
        request_.thinking.effort = word == "ultra" ? "max" : word;  // Codex's most
        return {};
    }

    base::Result<void> text() {
        const Value text = root_["text"];
        if (!is_set(text)) return {};
        if (!text.is_object()) return field_error("text", "must be an object");
        if (is_set(text["verbosity"])) {
            request_.extras.push_back({"verbosity", text["verbosity"].raw()});
        }
        const Value format = text["format"];
        if (!is_set(format) || format["type"].equals("text")) return {};
        if (format["type"].equals("json_object")) {
            request_.output.kind = domain::OutputKind::json_object;
            return {};
        }
        if (!format["type"].equals("json_schema")) {
            return field_error("text.format.type", "must be text, json_object or json_schema");
        }
        if (!format["schema"].is_object()) {
            return field_error("text.format.schema", "is required: a JSON schema");
        }
        request_.output.kind = domain::OutputKind::json_schema;
        request_.output.name = format["name"].text(arena_);
        request_.output.schema = format["schema"].raw();
        request_.output.strict = format["strict"].boolean();
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
        // "auto" is what everybody gets who says nothing.
        if (!root_["service_tier"].equals("auto")) {
            request_.service_tier = root_["service_tier"].text(arena_);
        }
        return {};
    }

    void extras() {
        const Value::Range range = root_.members();
        for (auto it = range.begin(); !(it == range.end()); ++it) {
            const std::string_view name = it.key().text(arena_);
            const bool known =
                std::find(known_fields.begin(), known_fields.end(), name) != known_fields.end();
            const bool neutral = name == "truncation" && (*it).equals("disabled");
            if (!known && !neutral) request_.extras.push_back({name, (*it).raw()});
        }
    }

    Value root_;
    base::Arena& arena_;
    Request request_;
};

}  // namespace

base::Result<Request> decode_request(const json::Document& document, base::Arena& arena) {
    return RequestDecoder(document, arena).decode();
}

}  // namespace tollgate::dialect::openai_responses
