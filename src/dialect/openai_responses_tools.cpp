// Tools and tool choice of an OpenAI Responses body.
#include <algorithm>

#include "dialect/hosted.hpp"
#include "dialect/members.hpp"
#include "dialect/openai_chat_decode.hpp"
#include "dialect/openai_fields.hpp"
#include "dialect/openai_responses_client.hpp"
#include "dialect/openai_responses_freeform.hpp"

namespace tollgate::dialect::openai_responses {
namespace {

using domain::CallShape;
using domain::Request;
using domain::Tool;
using domain::ToolChoiceKind;
using json::Value;
using openai_chat::field_error;
using openai_chat::is_set;

using ToolMembers = Members<"type", "name", "description", "parameters", "strict">;

base::Result<void> name_tool(const ToolMembers& members, const Place& field,
                             std::string_view name_space, base::Arena& arena, Tool& made) {
    const Value name = members.get<"name">();
    if (!name.is_string() || name.string_empty()) {
        return field.error("name", "is required: a string");
    }
    made.client_name = name.text(arena);
    made.name_space = name_space;
    made.name = joined_name(name_space, made.client_name, arena);
    made.description = members.get<"description">().escaped();
    return {};
}

base::Result<void> function(const ToolMembers& members, const Place& field, Tool& made) {
    const Value parameters = members.get<"parameters">();
    if (is_set(parameters) && !parameters.is_object()) {
        return field.error("parameters", "must be a JSON schema object");
    }
    if (parameters.is_object()) made.schema = parameters.raw();
    made.strict = members.get<"strict">().boolean();
    return {};
}

void freeform(Value tool, base::Arena& arena, Tool& made) {
    made.call_shape = CallShape::freeform;
    made.description = freeform_description(tool, arena);
    made.schema = freeform_schema();
}

Tool tool_search(Value tool) {
    Tool made;
    made.name = made.client_name = tool_search_name;
    made.call_shape = CallShape::tool_search;
    made.description = tool["description"].escaped();
    if (tool["parameters"].is_object()) made.schema = tool["parameters"].raw();
    made.verbatim = tool.raw();
    return made;
}

Tool hosted(Value tool, base::Arena& arena) {
    Tool made;
    made.hosted_kind = made.name = tool["type"].text(arena);
    made.verbatim = tool.raw();
    describe_hosted(tool, arena, made);
    return made;
}

void add(Tool tool, Request& request) {
    const bool known = std::ranges::any_of(request.tools, [&](const Tool& other) {
        return other.name == tool.name && other.hosted_kind == tool.hosted_kind;
    });
    if (!known) request.tools.push_back(std::move(tool));
}

const Tool* find_tool(const Request& request, std::string_view name, std::string_view space) {
    for (const Tool& tool : request.tools) {
        const bool here = space.empty() || tool.name_space == space;
        if (here && (tool.client_name == name || tool.name == name)) return &tool;
    }
    return nullptr;
}

// The tools that a choice of type allowed_tools lists; the others are not offered.
base::Result<void> keep_allowed(Value choice, base::Arena& arena, Request& request) {
    if (!choice["tools"].is_array()) {
        return field_error("tool_choice.tools", "is required: a list of tools");
    }
    std::vector<Tool> kept;
    for (const Value each : choice["tools"].elements()) {
        const std::string_view name =
            each["name"].is_string() ? each["name"].text(arena) : each["type"].text(arena);
        const Tool* tool = find_tool(request, name, each["namespace"].text(arena));
        if (tool == nullptr) {
            return field_error("tool_choice.tools",
                               "names " + std::string(name) + ", which is not in tools");
        }
        kept.push_back(*tool);
    }
    request.tools = std::move(kept);
    request.tools_known = 0;
    const bool required = choice["mode"].equals("required");
    request.tool_choice.kind = required ? ToolChoiceKind::any : ToolChoiceKind::automatic;
    return {};
}

}  // namespace

std::string_view joined_name(std::string_view name_space, std::string_view name,
                             base::Arena& arena) {
    if (name_space.empty()) return name;
    std::string joined(name_space);
    joined += "__";
    joined += name;
    return arena.store(joined);
}

base::Result<void> decode_tool(Value tool, const Place& field, std::string_view name_space,
                               base::Arena& arena, Request& request) {
    const ToolMembers members(tool);
    const Value named = members.get<"type">();
    if (!named.is_string() || named.string_empty()) {
        return field.error("type", "is required: function, custom or a hosted tool");
    }
    const std::string_view type = named.text(arena);
    if (type == "function" || type == "custom") {
        Tool made;
        TRY_VOID(name_tool(members, field, name_space, arena, made));
        made.verbatim = tool.raw();
        if (type == "function") {
            TRY_VOID(function(members, field, made));
        } else {
            freeform(tool, arena, made);
        }
        add(std::move(made), request);
    } else if (type == "namespace" && name_space.empty()) {
        const Value name = members.get<"name">();
        if (!name.is_string() || name.string_empty()) {
            return field.error("name", "is required: a string");
        }
        const std::string_view space = name.text(arena);
        const Place place(field, "tools");
        std::size_t index = 0;
        for (const Value inner : tool["tools"].elements()) {
            TRY_VOID(decode_tool(inner, Place(place, index++), space, arena, request));
        }
    } else if (type == "tool_search" && tool["execution"].equals("client")) {
        add(tool_search(tool), request);
    } else {
        add(hosted(tool, arena), request);
    }
    return {};
}

base::Result<void> decode_tools(Value list, const Place& field, base::Arena& arena,
                                Request& request) {
    if (!is_set(list)) return {};
    if (!list.is_array()) return field.error({}, "must be a list");
    request.tools.reserve(request.tools.size() + list.size());
    std::size_t index = 0;
    for (const Value tool : list.elements()) {
        TRY_VOID(decode_tool(tool, Place(field, index++), {}, arena, request));
    }
    return {};
}

base::Result<void> decode_tool_choice(Value root, base::Arena& arena, Request& request) {
    request.tool_choice.parallel = root["parallel_tool_calls"].boolean();
    const Value choice = root["tool_choice"];
    if (!is_set(choice)) return {};
    if (choice.is_string()) {
        if (choice.equals("auto")) request.tool_choice.kind = ToolChoiceKind::automatic;
        else if (choice.equals("none")) request.tool_choice.kind = ToolChoiceKind::none;
        else if (choice.equals("required")) request.tool_choice.kind = ToolChoiceKind::any;
        else return field_error("tool_choice", "must be auto, none, required or name a tool");
        return {};
    }
    const Value type = choice["type"];
    if (!type.is_string()) {
        return field_error("tool_choice", "must be auto, none, required or name a tool: "
                                          "{\"type\":\"function\",\"name\":\"...\"}");
    }
    if (type.equals("allowed_tools")) return keep_allowed(choice, arena, request);
    const bool by_name = type.equals("function") || type.equals("custom");
    if (by_name && !choice["name"].is_string()) {
        return field_error("tool_choice.name", "is required: a string");
    }
    const std::string_view name = by_name ? choice["name"].text(arena) : type.text(arena);
    const Tool* tool = find_tool(request, name, choice["namespace"].text(arena));
    if (tool == nullptr) {
        return field_error("tool_choice",
                           "names " + std::string(name) + ", which is not in tools");
    }
    request.tool_choice.kind = ToolChoiceKind::named;
    request.tool_choice.name = tool->name;
    return {};
}

}  // namespace tollgate::dialect::openai_responses
