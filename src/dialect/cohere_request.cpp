#include "dialect/cohere_request.hpp"

#include <algorithm>
#include <array>

#include "dialect/body_size.hpp"
#include "dialect/cohere_messages.hpp"
#include "dialect/function_tool.hpp"
#include "dialect/reasoning.hpp"
#include "dialect/refused.hpp"
#include "dialect/schema.hpp"
#include "dialect/tools_memory.hpp"

namespace tollgate::dialect {
namespace {

// Cohere's own words, which an OpenAI client may send along.
constexpr std::array<std::string_view, 5> own_fields = {"safety_mode", "citation_options",
                                                        "documents", "priority", "strict_tools"};
constexpr double top_p_max = 0.99;
constexpr std::size_t stop_max = 5;

class RequestWriter {
public:
    RequestWriter(const domain::Request& request, const domain::Deployment& target)
        : request_(request), target_(target), writer_(out_.body) {}

    base::Result<EncodedRequest> write() {
        if (request_.client != domain::Protocol::anthropic) {
            TRY_VOID(refuse_untranslatable(request_));
        }
        out_.path = target_.provider.chat_path;
        TRY_VOID(pick_tools());
        begin_body(request_, out_, writer_);
        writer_.begin_object();
        if (ours("model")) writer_.string("model", target_.model_name);
        writer_.key("messages");
        CohereMessages messages(writer_, target_, out_.translation);
        const std::string instruction = schema_in_words();
        TRY_VOID(messages.write(request_, {instruction}));
        tools();
        format();
        think();
        limits();
        sampling();
        stop_sequences();
        extras();
        if (ours("stream")) writer_.boolean("stream", request_.stream);
        configured();
        writer_.end_object();
        return std::move(out_);
    }

private:
    bool imposed(std::string_view name) const {
        return std::ranges::any_of(target_.extra_body,
                                   [&](const auto& field) { return field.first == name; });
    }
    // True when the field is ours to write; remembers it, so that defaults do not repeat it.
    bool ours(std::string_view name) {
        if (imposed(name) || written(name)) return false;
        written_.push_back(name);
        return true;
    }
    bool written(std::string_view name) const {
        return std::ranges::find(written_, name) != written_.end();
    }
    void configured() {
        for (const auto& [name, value] : target_.extra_body) writer_.raw(name, value);
        for (const auto& [name, value] : target_.default_body) {
            if (ours(name)) writer_.raw(name, value);
        }
    }

    // A named tool cannot be forced: it is offered alone, and some tool is required.
    base::Result<void> pick_tools() {
        const auto& choice = request_.tool_choice;
        for (const auto& tool : request_.tools) {
            if (!tool.cache_control.empty()) out_.translation.drop("cache_control");
            if (!tool.hosted_kind.empty()) {
                TRY_VOID(cannot_carry_tool(target_, out_.translation, tool, tool.hosted_kind,
                                           "tools",
                                           "the hosted tool " + std::string(tool.hosted_kind) +
                                               " runs at another provider only"));
                continue;
            }
            if (!target_.provider.tools || !target_.model.tools) {
                TRY_VOID(cannot_carry(target_, out_.translation, "tools", "tools",
                                      "this model takes no tools"));
                continue;
            }
            if (tool.strict.value_or(false)) out_.translation.drop("strict");
            const bool other =
                choice.kind == domain::ToolChoiceKind::named && tool.name != choice.name;
            if (!other) offered_.push_back(&tool);
        }
        return {};
    }

    void tools() {
        if (offered_.empty()) return;
        if (ours("tools")) {
            writer_.key("tools").begin_array();
            const auto write = [&](json::Writer& list, Translation& notes) {
                for (const auto* tool : offered_) {
                    write_function_tool(list, *tool, false, target_, notes);
                }
            };
            // Of a named tool's list it alone is offered.
            const bool all = request_.tool_choice.kind != domain::ToolChoiceKind::named;
            const ToolsForm form(ToolsForm::Kind::cohere, request_, target_);
            ToolsMemory::of_this_thread().elements(writer_, all ? request_.tools_known : 0, form,
                                                   out_.translation, write);
            writer_.end_array();
        }
        using domain::ToolChoiceKind;
        const auto& choice = request_.tool_choice;
        if (choice.kind == ToolChoiceKind::any || choice.kind == ToolChoiceKind::named) {
            if (ours("tool_choice")) writer_.string("tool_choice", "REQUIRED");
        } else if (choice.kind == ToolChoiceKind::none && ours("tool_choice")) {
            writer_.string("tool_choice", "NONE");
        }
        if (choice.parallel == false) out_.translation.drop("disable_parallel_tool_use");
    }

    bool with_schema() const {
        return request_.output.kind == domain::OutputKind::json_schema &&
               !request_.output.schema.empty();
    }
    // A format is refused together with tools, so the model is told in words then.
    bool takes_format() const {
        const bool knows = target_.provider.json_schema && target_.model.json_schema;
        return offered_.empty() && (knows || !with_schema());
    }
    std::string schema_in_words() const {
        if (request_.output.kind == domain::OutputKind::text || takes_format()) return {};
        std::string plain = "Answer with one JSON object and nothing else.";
        if (with_schema()) {
            plain += " It must satisfy this JSON schema: ";
            json::append_compact(plain, request_.output.schema);
        }
        std::string out;
        json::append_escaped(out, plain);
        return out;
    }
    void format() {
        if (request_.output.kind == domain::OutputKind::text || !takes_format()) return;
        if (!ours("response_format")) return;
        writer_.key("response_format").begin_object().string("type", "json_object");
        if (with_schema()) {
            writer_.key("json_schema").in_place([&](std::string& out) {
                append_schema(out, request_.output.schema, {&target_.provider.schema_drop, false});
            });
        }
        writer_.end_object();
    }

    // The models that know `thinking` think unless they are told not to.
    void think() {
        const auto& wish = request_.thinking;
        const bool off = wish.mode == domain::ThinkingMode::off || wish.effort == "none";
        const bool on = !off && (wish.mode != domain::ThinkingMode::unset || !wish.effort.empty());
        if (!cohere_model_reasons(target_)) {
            if (on) out_.translation.drop("thinking");
            return;
        }
        if ((!on && !off) || !ours("thinking")) return;
        writer_.key("thinking").begin_object().string("type", on ? "enabled" : "disabled");
        std::int64_t budget = wish.budget_tokens;
        if (budget <= 0 && !wish.effort.empty()) budget = budget_of_effort(wish.effort);
        if (on && budget > 0) writer_.integer("token_budget", budget);
        writer_.end_object();
    }

    void limits() {
        auto tokens = request_.max_output_tokens;
        if (!tokens) tokens = target_.default_max_tokens;
        const std::int64_t most = target_.model.output_tokens_max;
        if (tokens && most > 0) tokens = std::min(*tokens, most);
        if (target_.output_tokens_cap) {
            tokens = std::min(tokens.value_or(*target_.output_tokens_cap),
                              *target_.output_tokens_cap);
        }
        if (tokens && ours("max_tokens")) writer_.integer("max_tokens", *tokens);
        if (tokens && request_.max_output_tokens && *tokens < *request_.max_output_tokens) {
            out_.translation.warnings.push_back(
                "max_tokens lowered from " + std::to_string(*request_.max_output_tokens) + " to " +
                std::to_string(*tokens));
        }
    }

    void number(std::string_view name, json::Raw value) {
        if (value.empty() || value == "null") return;
        if (!target_.model.sampling) out_.translation.drop(name);
        else if (ours(name)) writer_.raw(name, value);
    }

    void sampling() {
        number("temperature", request_.temperature);
        number("k", request_.top_k);
        json::Document document;
        const auto top_p = document.parse(request_.top_p.empty() ? "null" : request_.top_p);
        // The whole mass is said by saying nothing: 1 is out of range here.
        if (top_p.ok() && top_p->number().value_or(1) <= top_p_max) number("p", request_.top_p);
        number("presence_penalty", request_.presence_penalty);
        number("frequency_penalty", request_.frequency_penalty);
        number("seed", request_.seed);
    }

    void stop_sequences() {
        const auto& all = request_.stop_sequences;
        if (all.empty()) return;
        if (!target_.model.stop) {  // the gateway ends the answer itself
            for (const auto& stop : all) {
                json::append_unescaped(out_.translation.stop_here.emplace_back(), stop);
            }
            return;
        }
        if (all.size() > stop_max) {
            out_.translation.drop("stop_sequences after the first " + std::to_string(stop_max));
        }
        if (!ours("stop_sequences")) return;
        writer_.key("stop_sequences").begin_array();
        for (std::size_t i = 0; i < std::min(all.size(), stop_max); ++i) writer_.escaped(all[i]);
        writer_.end_array();
    }

    void extras() {
        const bool openai = request_.client == domain::Protocol::openai_chat;
        for (const auto& field : request_.extras) {
            if (openai && std::ranges::find(own_fields, field.name) != own_fields.end()) {
                if (ours(field.name)) writer_.raw(field.name, field.value);
                continue;
            }
            const bool neutral = field.value == "null" || field.value == "false" ||
                                 field.value == "[]" || field.value == "{}" || field.name == "n";
            if (!neutral) out_.translation.drop(field.name);
        }
    }

    const domain::Request& request_;
    const domain::Deployment& target_;
    EncodedRequest out_;
    json::Writer writer_;
    std::vector<const domain::Tool*> offered_;
    std::vector<std::string_view> written_;
};

}  // namespace

base::Result<EncodedRequest> encode_cohere_request(const domain::Request& request,
                                                   const domain::Deployment& target) {
    return RequestWriter(request, target).write();
}

}  // namespace tollgate::dialect
