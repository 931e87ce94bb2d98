#include "dialect/ollama_request.hpp"

#include <algorithm>
#include <array>

#include "dialect/body_size.hpp"
#include "dialect/function_tool.hpp"
#include "dialect/ollama_context.hpp"
#include "dialect/ollama_messages.hpp"
#include "dialect/reasoning.hpp"
#include "dialect/refused.hpp"
#include "dialect/tools_memory.hpp"

namespace tollgate::dialect {
namespace {

// Models whose thinking can be switched, of those that the catalog does not describe: a model
// without the ability answers `think` with a 400. The name ends at the tag.
constexpr std::array<std::string_view, 5> thinking_families = {"qwen3", "deepseek-r1",
                                                               "deepseek-v3.1", "magistral",
                                                               "gpt-oss"};
const std::vector<std::string> gpt_oss_levels = {"low", "medium", "high"};

std::string_view family_of(std::string_view model_name) {
    if (const auto slash = model_name.rfind('/'); slash != model_name.npos) {
        model_name.remove_prefix(slash + 1);
    }
    return model_name.substr(0, model_name.find(':'));
}

bool thinks_by_name(std::string_view model_name) {
    if (model_name.find("instruct") != model_name.npos) return false;
    return std::ranges::find(thinking_families, family_of(model_name)) != thinking_families.end();
}

// Configured fields of these names stand at the top of the body, all others among its options.
constexpr std::array<std::string_view, 9> top_fields = {
    "model", "format", "keep_alive", "think", "stream", "truncate", "shift", "logprobs",
    "top_logprobs"};

class RequestWriter {
public:
    RequestWriter(const domain::Request& request, const domain::Deployment& target)
        : request_(request), target_(target), writer_(out_.body) {
        for (const auto& [name, value] : target_.extra_body) {
            if (name == "options") imposed_options_ = value;
        }
    }

    base::Result<EncodedRequest> write() {
        if (request_.client == domain::Protocol::openai_chat) {
            TRY_VOID(refuse_untranslatable(request_));
        }
        out_.path = "/api/chat";
        begin_body(request_, out_, writer_);
        writer_.begin_object();
        if (ours("model")) writer_.string("model", target_.model_name);
        writer_.key("messages").begin_array();
        OllamaMessages messages(writer_, target_, out_.translation);
        TRY_VOID(messages.write(request_));
        writer_.end_array();
        TRY_VOID(tools());
        format();
        think();
        options();
        // Servers that know these fields refuse a prompt that does not fit instead of cutting it,
        // and end an answer at the context's end instead of forgetting its beginning.
        if (ours("truncate")) writer_.boolean("truncate", false);
        if (ours("shift")) writer_.boolean("shift", false);
        if (ours("stream")) writer_.boolean("stream", request_.stream);  // the default is true
        configured(true);
        extras();
        writer_.end_object();
        return std::move(out_);
    }

private:
    bool imposed(std::string_view name) const {
        json::Document options;
        const auto root = options.parse(imposed_options_);
        return (root.ok() && (*root)[name].exists()) ||
               std::ranges::any_of(target_.extra_body,
                                   [&](const auto& field) { return field.first == name; });
    }
    // True when the field is ours to write; remembers it, so that defaults do not repeat it.
    bool ours(std::string_view name) {
        if (imposed(name)) return false;
        written_.push_back(name);
        return true;
    }
    static bool at_top(std::string_view name) {
        return std::ranges::find(top_fields, name) != top_fields.end();
    }

    // The configured fields that stand at the top of the body, or those among its options.
    void configured(bool top) {
        for (const auto& [name, value] : target_.extra_body) {
            if (name == "options" && !top) members(value, true);
            else if (name != "options" && at_top(name) == top) writer_.raw(name, value);
        }
        for (const auto* defaults : {&target_.default_body, &target_.provider.body}) {
            for (const auto& [name, value] : *defaults) {
                if (name == "options" || at_top(name) != top) continue;
                bool there = std::ranges::find(written_, name) != written_.end();
                if (!there && ours(name)) writer_.raw(name, value);
            }
        }
    }
    // `configured`: they are imposed, and nobody has written them before.
    void members(json::Raw object, bool configured) {
        json::Document document;
        auto root = document.parse(object);
        if (!root.ok()) return;
        auto range = root->members();
        for (auto it = range.begin(); !(it == range.end()); ++it) {
            std::string name = it.key().text();
            bool there = std::ranges::find(written_, name) != written_.end();
            if (!configured && (there || imposed(name))) continue;
            writer_.foreign_key(name).raw((*it).raw());
        }
    }

    base::Result<void> tools() {
        using domain::ToolChoiceKind;
        const auto& choice = request_.tool_choice;
        std::vector<const domain::Tool*> offered;
        for (const auto& tool : request_.tools) {
            if (!tool.cache_control.empty()) out_.translation.drop("cache_control");
            if (!tool.hosted_kind.empty()) {
                TRY_VOID(cannot_carry_tool(target_, out_.translation, tool, tool.hosted_kind,
                                           "tools",
                                           "the hosted tool " + std::string(tool.hosted_kind) +
                                               " runs at another provider only"));
                continue;
            }
            // Nothing forces a tool here; offering the named one alone comes nearest.
            bool other = choice.kind == ToolChoiceKind::named && tool.name != choice.name;
            if (!other) offered.push_back(&tool);
        }
        if (choice.kind == ToolChoiceKind::any || choice.kind == ToolChoiceKind::named) {
            out_.translation.drop("tool_choice");
        }
        if (choice.parallel == false) out_.translation.drop("disable_parallel_tool_use");
        if (offered.empty() || choice.kind == ToolChoiceKind::none) return {};
        writer_.key("tools").begin_array();
        const auto write = [&](json::Writer& list, Translation& notes) {
            for (const auto* tool : offered) {
                write_function_tool(list, *tool, false, target_, notes);
            }
        };
        const bool all = choice.kind != ToolChoiceKind::named;  // else it alone is offered
        const ToolsForm form(ToolsForm::Kind::ollama, request_, target_);
        ToolsMemory::of_this_thread().elements(writer_, all ? request_.tools_known : 0, form,
                                               out_.translation, write);
        writer_.end_array();
        return {};
    }

    void format() {
        const auto& output = request_.output;
        if (output.kind == domain::OutputKind::text || !ours("format")) return;
        if (output.kind == domain::OutputKind::json_object || output.schema.empty()) {
            writer_.string("format", "json");
        } else {
            writer_.raw("format", output.schema);
        }
    }

    // A model without the ability answers `think` with a 400, so only known ones get it.
    void think() {
        const auto& wish = request_.thinking;
        const auto& model = target_.model;
        const bool by_name = !model.in_catalog && thinks_by_name(target_.model_name);
        const bool leveled = by_name && family_of(target_.model_name) == "gpt-oss";
        const auto& efforts = leveled ? gpt_oss_levels : model.efforts;
        bool able = by_name || model.thinking != domain::ThinkingSupport::none || !efforts.empty();
        bool off = wish.mode == domain::ThinkingMode::off || wish.effort == "none";
        bool on = !off && (wish.mode != domain::ThinkingMode::unset || !wish.effort.empty());
        if (!able) {
            if (on) out_.translation.drop("thinking");
            return;
        }
        if ((!on && !off) || !ours("think")) return;
        if (efforts.empty()) {
            writer_.boolean("think", on);
            return;
        }
        std::string_view effort = wish.effort;
        if (off) effort = "none";
        else if (effort.empty() && wish.budget_tokens > 0) {
            effort = effort_of_budget(wish.budget_tokens);
        } else if (effort.empty()) {
            effort = "medium";
        }
        auto word = clamp_effort(effort, efforts);
        if (word == "none") writer_.boolean("think", false);
        else writer_.string("think", word);
    }

    std::int64_t output_tokens() const {
        std::int64_t tokens =
            request_.max_output_tokens.value_or(target_.default_max_tokens.value_or(0));
        if (tokens > 0 && target_.model.output_tokens_max > 0) {
            tokens = std::min(tokens, target_.model.output_tokens_max);
        }
        if (target_.output_tokens_cap) {
            tokens = tokens > 0 ? std::min(tokens, *target_.output_tokens_cap)
                                : *target_.output_tokens_cap;
        }
        return tokens;
    }

    void options() {
        std::int64_t output = output_tokens();
        std::int64_t context = context_for(request_, target_, output);
        std::int64_t prompt = prompt_tokens_at_most(request_);
        if (prompt > context) {
            out_.translation.warnings.push_back(
                "the prompt may need " + std::to_string(prompt) +
                " tokens, but the context of " + target_name(target_) + " is " +
                std::to_string(context));
        } else if (target_.num_ctx > 0 && context > target_.num_ctx) {
            out_.translation.warnings.push_back(
                "num_ctx " + std::to_string(target_.num_ctx) + " of " + target_name(target_) +
                " is too small for this prompt: " + std::to_string(context) + " is asked for");
        }
        writer_.key("options").begin_object();
        if (ours("num_ctx")) {
            out_.translation.context_sent = context;
            writer_.integer("num_ctx", context);
        }
        if (output > 0 && ours("num_predict")) writer_.integer("num_predict", output);
        number("temperature", request_.temperature, target_.model.sampling);
        number("top_p", request_.top_p, target_.model.sampling);
        number("top_k", request_.top_k, target_.model.sampling);
        number("presence_penalty", request_.presence_penalty, true);
        number("frequency_penalty", request_.frequency_penalty, true);
        number("seed", request_.seed, true);
        if (!request_.stop_sequences.empty() && ours("stop")) {
            writer_.key("stop").begin_array();
            for (const auto& stop : request_.stop_sequences) writer_.escaped(stop);
            writer_.end_array();
        }
        configured(false);
        for (const auto& field : request_.extras) {
            if (own_word(field) && field.name == "options") members(field.value, false);
        }
        writer_.end_object();
    }

    void number(std::string_view name, json::Raw value, bool accepted) {
        if (value.empty()) return;
        if (!accepted) out_.translation.drop(name);
        else if (ours(name)) writer_.raw(name, value);
    }

    // An OpenAI client may send Ollama's own words along, as its SDK's extra_body does.
    bool own_word(const domain::Extra& field) const {
        return request_.client == domain::Protocol::openai_chat &&
               (field.name == "keep_alive" || field.name == "options");
    }
    void extras() {
        for (const auto& field : request_.extras) {
            if (own_word(field)) {
                if (field.name == "keep_alive" && ours("keep_alive")) {
                    writer_.raw("keep_alive", field.value);
                }
                continue;
            }
            bool neutral = field.value == "null" || field.value == "false" || field.name == "n";
            if (!neutral) out_.translation.drop(field.name);
        }
    }

    const domain::Request& request_;
    const domain::Deployment& target_;
    json::Raw imposed_options_ = "{}";
    EncodedRequest out_;
    json::Writer writer_;
    std::vector<std::string_view> written_;
};

}  // namespace

base::Result<EncodedRequest> encode_ollama_request(const domain::Request& request,
                                                   const domain::Deployment& target) {
    return RequestWriter(request, target).write();
}

}  // namespace tollgate::dialect
