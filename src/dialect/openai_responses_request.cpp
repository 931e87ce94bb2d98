#include "dialect/openai_responses_request.hpp"

#include <algorithm>

#include "dialect/body_size.hpp"
#include "dialect/joined_text.hpp"
#include "dialect/identity.hpp"
#include "dialect/openai_responses_input.hpp"
#include "dialect/reasoning.hpp"
#include "dialect/hosted.hpp"
#include "dialect/refused.hpp"
#include "dialect/schema.hpp"
#include "dialect/tool_names.hpp"
#include "dialect/tools_memory.hpp"

namespace tollgate::dialect {
namespace {

constexpr std::int64_t output_tokens_min = 16;  // the interface refuses less

// Writes one body; the fields that configuration imposes (extra_body) replace ours.
class RequestWriter {
public:
    RequestWriter(const domain::Request& request, const domain::Deployment& target)
        : request_(request), target_(target), writer_(out_.body) {}

    base::Result<EncodedRequest> write() {
        if (request_.client == domain::Protocol::openai_chat) {
            TRY_VOID(refuse_untranslatable(request_));
        }
        out_.path = "/responses";
        begin_body(request_, out_, writer_);
        writer_.begin_object();
        if (ours("model")) writer_.string("model", target_.model_name);
        instructions();
        if (ours("input")) {
            writer_.key("input").begin_array();
            ResponsesInput input(writer_, target_, out_.translation);
            TRY_VOID(input.write(request_.messages));
            writer_.end_array();
        }
        TRY_VOID(tools());
        thinking();
        if (ours("store")) writer_.boolean("store", false);
        text_format();
        limits();
        sampling();
        if (request_.stream && ours("stream")) writer_.boolean("stream", true);
        identity();
        configured();
        writer_.end_object();
        note_extras();
        return std::move(out_);
    }

private:
    static bool named(const std::vector<std::pair<std::string, std::string>>& fields,
                      std::string_view name) {
        return std::ranges::any_of(fields, [&](const auto& field) { return field.first == name; });
    }
    // True when the field is ours to write; remembers it, so that defaults do not repeat it.
    bool ours(std::string_view name) {
        if (named(target_.extra_body, name)) return false;
        written_.push_back(name);
        return true;
    }

    void instructions() {
        if (request_.system.empty()) return;
        JoinedText joined;
        for (const auto& part : request_.system) {
            if (!part.cache_control.empty()) out_.translation.drop("cache_control");
            joined.add(part.text);
        }
        if (!joined.empty() && ours("instructions")) joined.write(writer_.key("instructions"));
    }

    base::Result<void> tools() {
        std::vector<const domain::Tool*> functions;
        for (const auto& tool : request_.tools) {
            if (!tool.cache_control.empty()) out_.translation.drop("cache_control");
            if (tool.hosted_kind.empty()) {
                functions.push_back(&tool);
                continue;
            }
            const std::string field = "tools." + std::to_string(&tool - request_.tools.data());
            TRY(const bool taken, take_hosted(tool, field));
            if (!taken) continue;
            hosted_.push_back(&tool);
        }
        if ((functions.empty() && hosted_.empty()) || !ours("tools")) return {};
        writer_.key("tools").begin_array();
        if (!functions.empty()) {
            const auto write = [&](json::Writer& list, Translation& notes) {
                for (const auto* tool : functions) function(list, *tool, notes);
            };
            const ToolsForm form(ToolsForm::Kind::openai_responses, request_, target_);
            ToolsMemory::of_this_thread().elements(writer_, request_.tools_known, form,
                                                   out_.translation, write);
        }
        for (const auto* tool : hosted_) hosted(*tool);
        writer_.end_array();
        tool_choice(functions);
        return {};
    }

    static std::string_view hosted_type(domain::HostedTool tool) {
        if (tool == domain::HostedTool::web_search) return "web_search";
        return tool == domain::HostedTool::code_execution ? "code_interpreter" : "";
    }

    // False where the tool is left out.
    base::Result<bool> take_hosted(const domain::Tool& tool, const std::string& field) {
        if (hosted_type(tool.hosted).empty()) {
            TRY_VOID(cannot_carry_tool(target_, out_.translation, tool, tool.hosted_kind, field,
                                       "the hosted tool " + std::string(tool.hosted_kind) +
                                           " runs at another provider only"));
            return false;
        }
        const bool again = std::ranges::any_of(
            hosted_, [&](const auto* other) { return other->hosted == tool.hosted; });
        if (again) return false;
        const bool search = tool.hosted == domain::HostedTool::web_search;
        (search ? out_.translation.web_search : out_.translation.code_execution) = true;
        const SearchWords words{.allowed_domains = true, .user_location = true,
                                .context_size = true};
        note_options(tool, words, out_.translation);
        return true;
    }

    void hosted(const domain::Tool& tool) {
        writer_.begin_object().string("type", hosted_type(tool.hosted));
        const domain::SearchOptions& search = tool.search;
        if (tool.hosted == domain::HostedTool::code_execution) {
            writer_.key("container").begin_object().string("type", "auto").end_object();
        }
        if (!search.allowed_domains.empty()) {
            writer_.key("filters").begin_object().raw("allowed_domains", search.allowed_domains);
            writer_.end_object();
        }
        if (!search.user_location.empty()) writer_.raw("user_location", search.user_location);
        if (!search.context_size.empty()) {
            writer_.string("search_context_size", search.context_size);
        }
        writer_.end_object();
    }

    // Hosted tools have no name to be called by: the choice lists what may be called.
    void choose_hosted(const domain::Tool& tool, bool alone) {
        if (alone) {
            writer_.string("tool_choice", "required");
            return;
        }
        writer_.key("tool_choice").begin_object().string("type", "allowed_tools");
        writer_.string("mode", "required").key("tools").begin_array().begin_object();
        writer_.string("type", hosted_type(tool.hosted)).end_object().end_array().end_object();
    }

    void function(json::Writer& writer, const domain::Tool& tool, Translation& notes) {
        bool strict = tool.strict.value_or(false) && target_.provider.strict_tools;
        writer.begin_object().string("type", "function");
        writer.string("name", tool_name_for(target_, tool.name, notes));
        if (!tool.description.empty()) writer.escaped("description", tool.description);
        std::string schema;
        append_schema(schema, tool.schema, {&target_.provider.schema_drop, strict});
        // OpenAI refuses an object that does not list its properties, even when it has none.
        auto end = schema.rfind('}');
        if (end != std::string::npos && schema.find("\"properties\"") == std::string::npos) {
            bool bare = schema.find_first_not_of(" \t\r\n{") == end;
            schema.insert(end, bare ? "\"properties\":{}" : ",\"properties\":{}");
        }
        writer.raw("parameters", schema).boolean("strict", strict).end_object();
    }

    void tool_choice(const std::vector<const domain::Tool*>& functions) {
        using domain::ToolChoiceKind;
        const auto& choice = request_.tool_choice;
        if (choice.kind != ToolChoiceKind::unset && ours("tool_choice")) {
            bool offered = std::ranges::any_of(
                functions, [&](const auto* tool) { return tool->name == choice.name; });
            const auto called = std::ranges::find_if(
                hosted_, [&](const auto* tool) { return tool->name == choice.name; });
            switch (choice.kind) {
                case ToolChoiceKind::any: writer_.string("tool_choice", "required"); break;
                case ToolChoiceKind::none: writer_.string("tool_choice", "none"); break;
                case ToolChoiceKind::named:
                    if (offered) {
                        writer_.key("tool_choice").begin_object().string("type", "function");
                        writer_.string("name",
                                       tool_name_for(target_, choice.name, out_.translation));
                        writer_.end_object();
                        break;
                    }
                    if (called != hosted_.end()) {
                        choose_hosted(**called, functions.empty() && hosted_.size() == 1);
                        break;
                    }
                    [[fallthrough]];  // the named tool was a hosted one that has been dropped
                default: writer_.string("tool_choice", "auto");
            }
        }
        if (choice.parallel.has_value() && ours("parallel_tool_calls")) {
            writer_.boolean("parallel_tool_calls", *choice.parallel);
        }
    }

    void thinking() {
        ReasoningPlan plan = plan_reasoning(request_.thinking, target_);
        bool asked = request_.thinking.mode == domain::ThinkingMode::budget ||
                     request_.thinking.mode == domain::ThinkingMode::adaptive;
        if (asked && plan.wish == ThinkingWish::unspecified) out_.translation.drop("thinking");
        bool shown = plan.wish == ThinkingWish::on && request_.thinking.display != "omitted";
        // OpenAI's models do not search while they hardly think.
        if (plan.effort == "minimal" && out_.translation.web_search) plan.effort = "low";
        if ((shown || !plan.effort.empty()) && ours("reasoning")) {
            writer_.key("reasoning").begin_object();
            if (!plan.effort.empty()) writer_.string("effort", plan.effort);
            if (shown) writer_.string("summary", "auto");
            writer_.end_object();
        }
        const Translation& asked_for = out_.translation;
        const bool on = plan.wish == ThinkingWish::on;
        if (!(on || asked_for.web_search || asked_for.code_execution) || !ours("include")) return;
        writer_.key("include").begin_array();
        if (on) writer_.string("reasoning.encrypted_content");
        if (asked_for.web_search) writer_.string("web_search_call.action.sources");
        if (asked_for.code_execution) writer_.string("code_interpreter_call.outputs");
        writer_.end_array();
    }

    void text_format() {
        const auto& format = request_.output;
        json::Raw verbosity = extra("verbosity");
        bool shaped = format.kind != domain::OutputKind::text;
        if ((!shaped && verbosity.empty()) || !ours("text")) return;
        writer_.key("text").begin_object();
        if (!verbosity.empty()) writer_.raw("verbosity", verbosity);
        if (shaped) writer_.key("format").begin_object();
        if (format.kind == domain::OutputKind::json_object) {
            writer_.string("type", "json_object");
        } else if (format.kind == domain::OutputKind::json_schema) {
            bool strict = format.strict.value_or(false);
            writer_.string("type", "json_schema");
            writer_.string("name", format.name.empty() ? "output" : format.name);
            std::string schema;
            append_schema(schema, format.schema, {&target_.provider.schema_drop, strict});
            writer_.raw("schema", schema).boolean("strict", strict);
        }
        if (shaped) writer_.end_object();
        writer_.end_object();
    }

    void limits() {
        auto wanted = request_.max_output_tokens ? request_.max_output_tokens
                                                 : target_.default_max_tokens;
        if (!wanted || !ours("max_output_tokens")) return;
        std::int64_t tokens = std::max(*wanted, output_tokens_min);
        if (target_.model.output_tokens_max > 0) {
            tokens = std::min(tokens, target_.model.output_tokens_max);
        }
        if (target_.output_tokens_cap) tokens = std::min(tokens, *target_.output_tokens_cap);
        writer_.integer("max_output_tokens", tokens);
    }

    void sampling() {
        auto number = [&](std::string_view name, json::Raw value, bool accepted) {
            if (value.empty()) return;
            if (!accepted) out_.translation.drop(name);
            else if (ours(name)) writer_.raw(name, value);
        };
        number("temperature", request_.temperature, target_.model.sampling);
        number("top_p", request_.top_p, target_.model.sampling);
        number("top_k", request_.top_k, false);
        number("presence_penalty", request_.presence_penalty, false);
        number("frequency_penalty", request_.frequency_penalty, false);
        number("seed", request_.seed, false);
        // The interface has no stop sequences at all.
        for (const auto& stop : request_.stop_sequences) {
            json::append_unescaped(out_.translation.stop_here.emplace_back(), stop);
        }
    }

    void identity() {
        const auto& key = target_.identity_key;
        const auto& field = target_.provider.user_field;
        if (target_.provider.prompt_cache_key && !request_.session_id.empty() &&
            ours("prompt_cache_key")) {
            writer_.string("prompt_cache_key", session_identifier(key, request_.session_id));
        }
        // Without a key of our own the identifier could be guessed from the user's name.
        if (!field.empty() && !key.empty() && !request_.user_id.empty() && ours(field)) {
            writer_.string(field, user_identifier(key, request_.user_id));
        }
        if (request_.service_tier.empty() || !ours("service_tier")) return;
        bool standard = request_.service_tier == "standard_only";  // Anthropic's word
        writer_.string("service_tier", standard ? "default" : request_.service_tier);
    }

    void configured() {
        for (const auto& [name, value] : target_.extra_body) writer_.raw(name, value);
        for (const auto* defaults : {&target_.default_body, &target_.provider.body}) {
            for (const auto& [name, value] : *defaults) {
                bool there = std::ranges::find(written_, name) != written_.end();
                if (!there && ours(name)) writer_.raw(name, value);
            }
        }
    }

    json::Raw extra(std::string_view name) const {
        for (const auto& field : request_.extras) {
            if (field.name == name) return field.value;
        }
        return {};
    }

    void note_extras() {
        if (request_.client == domain::Protocol::openai_responses) return;
        for (const auto& field : request_.extras) {
            bool bridged = field.name == "verbosity";
            bool neutral = field.value == "null" || field.value == "false" || field.name == "n";
            if (!bridged && !neutral) out_.translation.drop(field.name);
        }
    }

    const domain::Request& request_;
    const domain::Deployment& target_;
    EncodedRequest out_;
    json::Writer writer_;
    std::vector<std::string_view> written_;
    std::vector<const domain::Tool*> hosted_;  // that run there
};

}  // namespace

base::Result<EncodedRequest> encode_responses_request(const domain::Request& request,
                                                      const domain::Deployment& target) {
    return RequestWriter(request, target).write();
}

}  // namespace tollgate::dialect
