#include "dialect/openai_chat_tools.hpp"

#include <algorithm>

#include "dialect/refused.hpp"
#include "dialect/schema.hpp"
#include "dialect/tool_names.hpp"

namespace tollgate::dialect::openai_chat {
namespace {

using domain::Tool;
using domain::ToolChoiceKind;

constexpr std::string_view default_format_name = "structured_output";

base::Result<void> take_functions(const domain::Request& request, const domain::Deployment& target,
                                  Translation& translation, ToolPlan& plan) {
    for (std::size_t i = 0; i < request.tools.size(); ++i) {
        const Tool& tool = request.tools[i];
        std::string field = "tools." + std::to_string(i);
        if (!tool.hosted_kind.empty()) {
            std::string what = "tool " + std::string(tool.hosted_kind);
            std::string why = "the hosted tool " + std::string(tool.hosted_kind) +
                              " has no counterpart at this provider";
            TRY_VOID(cannot_carry_tool(target, translation, tool, what, field, why));
            continue;
        }
        if (!target.provider.tools || !target.model.tools) {
            TRY_VOID(cannot_carry(target, translation, "tools", field,
                                  "the target takes no tools"));
            continue;
        }
        if (!tool.cache_control.empty()) translation.drop("cache_control");
        plan.tools.push_back(&tool);
    }
    return {};
}

void quote(std::string& out, std::string_view word) { json::append_string(out, word); }

std::string named_choice(std::string_view name) {
    std::string out = R"({"type":"function","function":{"name":)";
    quote(out, name);
    out += "}}";
    return out;
}

void require_any(const domain::Deployment& target, Translation& translation, ToolPlan& plan) {
    quote(plan.choice, target.provider.tool_choice_required);
    if (target.provider.tool_choice_required == "auto") {
        translation.drop("tool_choice");
    } else {
        plan.forced = true;
    }
}

void plan_named(const domain::Request& request, const domain::Deployment& target,
                Translation& translation, ToolPlan& plan) {
    auto named = std::find_if(plan.tools.begin(), plan.tools.end(), [&](const Tool* tool) {
        return tool->name == request.tool_choice.name;
    });
    if (named == plan.tools.end()) {  // the tool itself was dropped
        translation.drop("tool_choice");
        return;
    }
    if (target.provider.tool_choice_named) {
        plan.choice = named_choice(tool_name_for(target, (*named)->name, translation));
        plan.forced = true;
        return;
    }
    // One tool cannot be named: it is offered alone and some tool is required.
    plan.tools = {*named};
    require_any(target, translation, plan);
}

}  // namespace

base::Result<ToolPlan> plan_tools(const domain::Request& request, const domain::Deployment& target,
                                  Translation& translation) {
    ToolPlan plan;
    TRY_VOID(take_functions(request, target, translation, plan));
    const domain::ToolChoice& choice = request.tool_choice;
    if (plan.tools.empty()) {  // a choice without tools is refused everywhere
        if (!request.tools.empty() && choice.kind != ToolChoiceKind::unset) {
            translation.drop("tool_choice");
        }
        return plan;
    }
    switch (choice.kind) {
        case ToolChoiceKind::unset: break;
        case ToolChoiceKind::automatic: quote(plan.choice, "auto"); break;
        case ToolChoiceKind::none: quote(plan.choice, "none"); break;
        case ToolChoiceKind::any: require_any(target, translation, plan); break;
        case ToolChoiceKind::named: plan_named(request, target, translation, plan); break;
    }
    if (choice.parallel == false) {
        plan.serial = target.provider.parallel_tool_calls;
        if (!plan.serial) translation.drop("disable_parallel_tool_use");
    }
    return plan;
}

void write_tools(json::Writer& writer, const ToolPlan& plan, const domain::Deployment& target,
                 Translation& translation) {
    writer.begin_array();
    for (const Tool* tool : plan.tools) {
        bool strict = tool->strict.value_or(false) && target.provider.strict_tools;
        if (tool->strict.value_or(false) && !strict) translation.drop("strict");
        writer.begin_object().string("type", "function").key("function").begin_object();
        writer.string("name", tool_name_for(target, tool->name, translation));
        if (!tool->description.empty()) writer.escaped("description", tool->description);
        const SchemaRules rules{&target.provider.schema_drop, strict};
        writer.key("parameters").in_place([&](std::string& out) {
            append_schema(out, tool->schema, rules);
        });
        if (strict) writer.boolean("strict", true);
        writer.end_object().end_object();
    }
    writer.end_array();
}

bool carries_json_schema(const domain::Deployment& target) {
    return target.provider.json_schema && target.model.json_schema;
}

void write_response_format(json::Writer& writer, const domain::OutputFormat& format,
                           const domain::Deployment& target) {
    bool with_schema = format.kind == domain::OutputKind::json_schema && !format.schema.empty();
    writer.begin_object();
    if (!with_schema || !carries_json_schema(target)) {
        writer.string("type", "json_object").end_object();
        return;
    }
    bool strict = format.strict.value_or(true);
    std::string schema;
    append_schema(schema, format.schema, {&target.provider.schema_drop, strict});
    writer.string("type", "json_schema").key("json_schema").begin_object();
    writer.string("name", format.name.empty() ? default_format_name : format.name);
    writer.raw("schema", schema);
    if (strict) writer.boolean("strict", true);
    writer.end_object().end_object();
}

std::string schema_instruction(const domain::OutputFormat& format) {
    std::string plain = "Answer with one JSON object and nothing else. It must satisfy this JSON "
                        "schema: ";
    json::append_compact(plain, format.schema);
    std::string out;
    json::append_escaped(out, plain);
    return out;
}

}  // namespace tollgate::dialect::openai_chat
