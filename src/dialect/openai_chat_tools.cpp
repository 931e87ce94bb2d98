#include "dialect/openai_chat_tools.hpp"

#include <algorithm>

#include "dialect/function_tool.hpp"
#include "dialect/hosted.hpp"
#include "dialect/refused.hpp"
#include "dialect/schema.hpp"
#include "dialect/tool_names.hpp"
#include "dialect/tools_memory.hpp"

namespace tollgate::dialect::openai_chat {
namespace {

using domain::Tool;
using domain::ToolChoiceKind;

constexpr std::string_view default_format_name = "structured_output";

using domain::WebSearchField;

// web_search_options is spoken by OpenAI's search models alone, which say so in their names.
WebSearchField search_of(const domain::Deployment& target) {
    const WebSearchField field = target.provider.web_search;
    const bool able = field != WebSearchField::options ||
                      target.model_name.find("-search-") != std::string::npos;
    return able ? field : WebSearchField::none;
}

// True where the target has a search of its own, which `plan` then asks for.
bool take_search(const domain::Request& request, const domain::Deployment& target,
                 const Tool& tool, Translation& translation, ToolPlan& plan) {
    const bool own = request.client == domain::Protocol::openai_chat;
    if (own && tool.hosted_kind == "web_search_plugin") return true;  // an extra of this protocol
    if (own && tool.hosted_kind == "web_search_options") {
        plan.search = &tool;
        return true;
    }
    const WebSearchField spelling = search_of(target);
    if (tool.hosted != domain::HostedTool::web_search || spelling == WebSearchField::none) {
        return false;
    }
    SearchWords words;
    words.context_size = spelling == WebSearchField::options || spelling == WebSearchField::always;
    words.uses_max = spelling == WebSearchField::plugin;
    words.user_location = words.context_size || words.uses_max;
    words.allowed_domains = spelling == WebSearchField::plugin;
    words.blocked_domains = words.allowed_domains && tool.search.allowed_domains.empty();
    note_options(tool, words, translation);
    translation.web_search = true;
    plan.search = &tool;
    return true;
}

base::Result<void> take_functions(const domain::Request& request, const domain::Deployment& target,
                                  Translation& translation, ToolPlan& plan) {
    plan.tools.reserve(request.tools.size());
    plan.known = request.tools_known;
    for (const Tool& tool : request.tools) {
        const auto field = [&] {
            return "tools." + std::to_string(&tool - request.tools.data());
        };
        if (!tool.hosted_kind.empty()) {
            if (take_search(request, target, tool, translation, plan)) continue;
            std::string what = "tool " + std::string(tool.hosted_kind);
            std::string why = "the hosted tool " + std::string(tool.hosted_kind) +
                              " has no counterpart at this provider";
            TRY_VOID(cannot_carry_tool(target, translation, tool, what, field(), why));
            continue;
        }
        if (!target.provider.tools || !target.model.tools) {
            TRY_VOID(cannot_carry(target, translation, "tools", field(),
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
    plan.known = 0;
    require_any(target, translation, plan);
}

void write_function(json::Writer& writer, const Tool& tool, const domain::Deployment& target,
                    Translation& translation) {
    const bool strict = tool.strict.value_or(false) && target.provider.strict_tools;
    if (tool.strict.value_or(false) && !strict) translation.drop("strict");
    write_function_tool(writer, tool, strict, target, translation);
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

void write_tools(json::Writer& writer, const ToolPlan& plan, const domain::Request& request,
                 const domain::Deployment& target, Translation& translation) {
    const auto write = [&](json::Writer& list, Translation& notes) {
        for (const Tool* tool : plan.tools) write_function(list, *tool, target, notes);
    };
    writer.begin_array();
    const ToolsForm form(ToolsForm::Kind::openai_chat, request, target);
    ToolsMemory::of_this_thread().elements(writer, plan.known, form, translation, write);
    writer.end_array();
}

std::string_view search_field(const ToolPlan& plan, const domain::Deployment& target) {
    if (plan.search->hosted_kind == "web_search_options") return "web_search_options";
    switch (target.provider.web_search) {
        case WebSearchField::plugin: return "plugins";
        case WebSearchField::enable_search: return "enable_search";
        default: return "web_search_options";
    }
}

namespace {

void write_options(json::Writer& writer, const domain::SearchOptions& search) {
    writer.begin_object();
    if (!search.context_size.empty()) writer.string("search_context_size", search.context_size);
    if (!search.user_location.empty()) {
        json::Document document;
        const auto place = document.parse(search.user_location);
        writer.key("user_location").begin_object().string("type", "approximate");
        writer.key("approximate").begin_object();
        const json::Value::Range members =
            place.ok() ? place->members() : json::Value::Range();
        for (auto it = members.begin(); !(it == members.end()); ++it) {
            if (!it.key().equals("type")) writer.raw(it.key().escaped().raw, (*it).raw());
        }
        writer.end_object().end_object();
    }
    writer.end_object();
}

}  // namespace

void write_search(json::Writer& writer, const ToolPlan& plan, const domain::Deployment& target) {
    const domain::SearchOptions& search = plan.search->search;
    const std::string_view field = search_field(plan, target);
    if (field == "enable_search") {
        writer.boolean(true);
    } else if (field != "plugins") {
        if (plan.search->hosted_kind == field) {
            writer.raw(plan.search->verbatim);
        } else {
            write_options(writer, search);
        }
    } else {
        writer.begin_array().begin_object().string("id", "web");
        if (!search.allowed_domains.empty()) {
            writer.raw("include_domains", search.allowed_domains);
        } else if (!search.blocked_domains.empty()) {
            writer.raw("exclude_domains", search.blocked_domains);
        }
        if (!search.uses_max.empty()) writer.raw("max_uses", search.uses_max);
        if (!search.user_location.empty()) writer.raw("user_location", search.user_location);
        writer.end_object().end_array();
    }
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
    bool strict = format.strict.value_or(false);
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
