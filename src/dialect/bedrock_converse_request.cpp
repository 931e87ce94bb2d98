// A neutral request, written as a Converse body. The model and whether the answer is streamed stand
// in the path.
#include <algorithm>

#include "dialect/anthropic_turns.hpp"
#include "dialect/bedrock_converse.hpp"
#include "dialect/bedrock_converse_blocks.hpp"
#include "dialect/bedrock_converse_fields.hpp"
#include "dialect/body_size.hpp"
#include "dialect/refused.hpp"
#include "dialect/schema.hpp"
#include "dialect/tool_names.hpp"
#include "dialect/tools_memory.hpp"

namespace tollgate::dialect::converse {
namespace {

using base::Result;
using domain::OutputKind;
using domain::PartKind;
using domain::ToolChoiceKind;

constexpr std::string_view json_instruction =
    "Answer with one valid JSON object and nothing else: no explanation, no Markdown fence.";

class RequestEncoder {
public:
    RequestEncoder(const domain::Request& request, const domain::Deployment& target)
        : request_(request),
          target_(target),
          family_(bedrock_family(target)),
          turns_(anthropic::make_turns(request, false)),
          writer_(out_.body),
          blocks_(writer_, target, out_.translation) {}

    Result<EncodedRequest> run() {
        const bool native = request_.client == domain::Protocol::anthropic;
        if (!native) TRY_VOID(refuse_untranslatable(request_));
        if (turns_.turns.empty()) {
            return base::invalid("messages: at least one message that is not empty is required",
                                 "messages");
        }
        TRY_VOID(choose_tools());
        if (turns_.thinking_removed) out_.translation.drop("thinking");
        const bool forced = answer_by_tool_ || choice_ == ToolChoiceKind::any ||
                            choice_ == ToolChoiceKind::named;
        Fields fields(request_, target_, out_.translation,
                      {forced, turns_.loop_keeps_thinking, answer_by_tool_});
        TRY_VOID(fields.plan());
        begin_body(request_, out_, writer_);
        writer_.begin_object();
        if (!fields.imposed("messages")) TRY_VOID(messages());
        if (!fields.imposed("system")) system();
        if (!fields.imposed("toolConfig")) tool_config();
        fields.write(writer_);
        writer_.end_object();
        return std::move(out_);
    }

private:
    Result<void> messages() {
        writer_.key("messages").begin_array();
        for (const anthropic::Turn& turn : turns_.turns) {
            TRY_VOID(blocks_.turn(turn, &turn == &turns_.turns.back()));
        }
        writer_.end_array();
        return {};
    }

    void system() {
        const bool instruct = request_.output.kind == OutputKind::json_object;
        const auto said = [](const domain::Part& part) { return !anthropic::is_blank(part.text); };
        const bool any = std::ranges::any_of(request_.system, said) || !turns_.system.empty();
        if (!any && !instruct) return;
        writer_.key("system").begin_array();
        for (const auto& part : request_.system) blocks_.system(part);
        for (const auto* part : turns_.system) blocks_.system(*part);
        if (instruct) writer_.begin_object().string("text", json_instruction).end_object();
        writer_.end_array();
    }

    // Which tools are offered, and how strongly.
    Result<void> choose_tools() {
        for (const auto& tool : request_.tools) {
            if (tool.hosted_kind.empty()) {
                offered_.push_back(&tool);
            } else if (!tool.optional) {
                TRY_VOID(cannot_carry(target_, out_.translation, tool.hosted_kind, "tools",
                                      "the hosted tool " + std::string(tool.hosted_kind) +
                                          " is not offered there"));
            }
        }
        if (!offered_.empty() && !target_.model.tools) {
            TRY_VOID(cannot_carry(target_, out_.translation, "tools", "tools",
                                  "this model takes no tools"));
            offered_.clear();
        }
        answer_by_tool_ = request_.output.kind == OutputKind::json_schema &&
                          (!target_.model.json_schema || !target_.provider.json_schema);
        choice_ = offered_.empty() ? ToolChoiceKind::unset : request_.tool_choice.kind;
        if (choice_ == ToolChoiceKind::none) {
            // There is no word for it. Calls in the conversation need their tools declared.
            if (calls_in_history().empty()) {
                offered_.clear();
            } else {
                out_.translation.drop("tool_choice");
            }
            choice_ = ToolChoiceKind::unset;
        }
        const bool forced = choice_ == ToolChoiceKind::any || choice_ == ToolChoiceKind::named;
        if (forced && !target_.model.forced_tool) {
            out_.translation.drop("tool_choice");
            choice_ = ToolChoiceKind::unset;
        }
        if (request_.tool_choice.parallel == false && !offered_.empty()) {
            out_.translation.drop("disable_parallel_tool_use");
        }
        return {};
    }

    // The names of the tools that the conversation has called.
    std::vector<std::string_view> calls_in_history() const {
        std::vector<std::string_view> names;
        bool results = false;
        for (const anthropic::Turn& turn : turns_.turns) {
            results = results || turn.has_tool_result();
            for (const anthropic::Item& item : turn.items) {
                if (item.part == nullptr || item.part->kind != PartKind::tool_call) continue;
                const auto found = std::ranges::find(names, item.part->name);
                if (found == names.end()) names.push_back(item.part->name);
            }
        }
        if (results && names.empty()) names.emplace_back("unavailable_tool");
        return names;
    }

    void tool_config() {
        std::vector<std::string_view> former;
        if (offered_.empty() && !answer_by_tool_) former = calls_in_history();
        if (offered_.empty() && !answer_by_tool_ && former.empty()) return;
        writer_.key("toolConfig").begin_object().key("tools").begin_array();
        if (!offered_.empty()) offered_tools();
        // Bedrock refuses calls in the conversation whose tools nobody declares.
        for (const std::string_view name : former) {
            specification(writer_, out_.translation, name,
                          {R"(This tool is not available any more; do not call it.)"},
                          R"({"type":"object","properties":{}})", false);
        }
        if (answer_by_tool_) answer_tool();
        writer_.end_array();
        tool_choice();
        writer_.end_object();
    }

    void offered_tools() {
        const bool marked = std::ranges::any_of(
            offered_, [](const domain::Tool* tool) { return !tool->cache_control.empty(); });
        const auto write_all = [&](json::Writer& list, Translation& notes) {
            for (const auto* tool : offered_) {
                write(list, notes, *tool);
                if (marked) blocks_.cache_point(tool->cache_control, true);
            }
        };
        ToolsForm form(ToolsForm::Kind::converse, request_, target_);
        form.more = family_ == BedrockFamily::nova ? 1 : 0;
        // Marks are written by the writer of blocks, at once.
        ToolsMemory::of_this_thread().elements(writer_, marked ? 0 : request_.tools_known, form,
                                               out_.translation, write_all);
    }

    void write(json::Writer& list, Translation& notes, const domain::Tool& tool) {
        static const std::vector<std::string> nova_drop = {"$schema", "additionalProperties"};
        const bool nova = family_ == BedrockFamily::nova;
        schema_.clear();
        append_schema(schema_, tool.schema,
                      {nova ? &nova_drop : &target_.provider.schema_drop, false});
        const bool strict = tool.strict == true && target_.provider.strict_tools;
        specification(list, notes, tool.name, tool.description, schema_, strict);
    }

    void specification(json::Writer& list, Translation& notes, std::string_view name,
                       json::Escaped description, json::Raw schema, bool strict) {
        list.begin_object().key("toolSpec").begin_object();
        list.string("name", tool_name_for(target_, name, notes));
        if (!anthropic::is_blank(description)) list.escaped("description", description);
        list.key("inputSchema").begin_object().raw("json", schema).end_object();
        if (strict) list.boolean("strict", true);
        list.end_object().end_object();
    }

    // The tool whose arguments are the answer, where the model has no structured output.
    void answer_tool() {
        const std::string_view name =
            request_.output.name.empty() ? "structured_answer" : request_.output.name;
        out_.translation.answer_tool = fit_name(name, "a-zA-Z0-9_-", 64);
        specification(writer_, out_.translation, out_.translation.answer_tool,
                      {"Gives the final answer. Call it exactly once, at the end."},
                      request_.output.schema.empty() ? R"({"type":"object"})"
                                                     : request_.output.schema,
                      false);
    }

    void tool_choice() {
        if (answer_by_tool_) {
            if (!target_.model.forced_tool) return;
            if (offered_.empty() || request_.tool_choice.kind == ToolChoiceKind::none) {
                named(out_.translation.answer_tool);
            } else if (choice_ != ToolChoiceKind::named) {
                writer_.key("toolChoice").begin_object().raw("any", "{}").end_object();
            } else {
                named(tool_name_for(target_, request_.tool_choice.name, out_.translation));
            }
            return;
        }
        switch (choice_) {
            case ToolChoiceKind::automatic:
                writer_.key("toolChoice").begin_object().raw("auto", "{}").end_object();
                return;
            case ToolChoiceKind::any:
                writer_.key("toolChoice").begin_object().raw("any", "{}").end_object();
                return;
            case ToolChoiceKind::named:
                named(tool_name_for(target_, request_.tool_choice.name, out_.translation));
                return;
            case ToolChoiceKind::unset:
            case ToolChoiceKind::none: return;
        }
    }

    void named(std::string_view tool) {
        writer_.key("toolChoice").begin_object().key("tool").begin_object();
        writer_.string("name", tool).end_object().end_object();
    }

    const domain::Request& request_;
    const domain::Deployment& target_;
    const BedrockFamily family_;
    const anthropic::Turns turns_;
    EncodedRequest out_;
    json::Writer writer_;
    BlockWriter blocks_;
    std::vector<const domain::Tool*> offered_;
    std::string schema_;  // of the tool that is being written
    ToolChoiceKind choice_ = ToolChoiceKind::unset;
    bool answer_by_tool_ = false;
};

}  // namespace

Result<EncodedRequest> encode_request(const domain::Request& request,
                                      const domain::Deployment& target) {
    return RequestEncoder(request, target).run();
}

}  // namespace tollgate::dialect::converse
