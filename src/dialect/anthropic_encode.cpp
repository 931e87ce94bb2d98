// A neutral request, written as an Anthropic Messages body.
#include <algorithm>

#include "dialect/anthropic.hpp"
#include "dialect/anthropic_encode_blocks.hpp"
#include "dialect/anthropic_thinking.hpp"
#include "dialect/body_size.hpp"
#include "dialect/identity.hpp"
#include "dialect/refused.hpp"
#include "dialect/relay_fields.hpp"
#include "dialect/schema.hpp"
#include "dialect/tool_names.hpp"

namespace tollgate::dialect::anthropic {
namespace {

using base::Result;
using domain::OutputKind;
using domain::ToolChoiceKind;

constexpr std::string_view json_instruction =
    "Answer with one valid JSON object and nothing else: no explanation, no Markdown fence.";
constexpr std::int64_t default_max_tokens = 4096;

class RequestEncoder {
public:
    RequestEncoder(const domain::Request& request, const domain::Deployment& target)
        : request_(request),
          target_(target),
          native_(request.client == domain::Protocol::anthropic),
          turns_(make_turns(request, target.model.mid_system)),
          writer_(out_.body),
          blocks_(writer_, request, target, out_.translation) {}

    Result<EncodedRequest> run() {
        if (!native_) TRY_VOID(refuse_untranslatable(request_));
        if (turns_.turns.empty()) {
            return base::invalid("messages: at least one message that is not empty is required",
                                 "messages");
        }
        out_.path = target_.provider.chat_path;
        plan();
        begin_body(request_, out_, writer_);
        writer_.begin_object();
        head();
        system();
        TRY_VOID(messages());
        TRY_VOID(tools());
        tool_choice();
        thinking();
        sampling();
        stop_sequences();
        identity();
        extras();
        configured();
        writer_.end_object();
        return std::move(out_);
    }

private:
    void head() {
        const bool enveloped = target_.provider.envelope != domain::Envelope::none;
        if (enveloped && begin_field("anthropic_version")) {
            writer_.raw(envelope_version(target_.provider.envelope));
        }
        if (!enveloped && begin_field("model")) writer_.string(target_.model_name);
        if (begin_field("max_tokens")) writer_.integer(max_tokens_);
        if (!enveloped && request_.stream && begin_field("stream")) writer_.boolean(true);
    }

    // Writes the key unless configuration sets that field itself.
    bool begin_field(std::string_view name) {
        if (!admit(name)) return false;
        writer_.key(name);
        return true;
    }

    bool admit(std::string_view name) {
        for (const auto& [key, value] : target_.extra_body) {
            if (key == name) return false;
        }
        written_.push_back(name);
        return true;
    }

    void plan() {
        const bool structured = request_.output.kind == OutputKind::json_schema;
        answer_by_tool_ = structured && !target_.model.json_schema;
        max_tokens_ = request_.max_output_tokens.value_or(target_.default_max_tokens.value_or(
            target_.model.output_tokens_max > 0 ? target_.model.output_tokens_max
                                                : default_max_tokens));
        if (target_.model.output_tokens_max > 0) {
            max_tokens_ = std::min(max_tokens_, target_.model.output_tokens_max);
        }
        if (target_.output_tokens_cap) {
            max_tokens_ = std::min(max_tokens_, *target_.output_tokens_cap);
        }
        ThinkingContext context;
        context.max_tokens = max_tokens_;
        context.forced_tool = answer_by_tool_ || request_.tool_choice.kind == ToolChoiceKind::any ||
                              request_.tool_choice.kind == ToolChoiceKind::named;
        context.effort_alone = native_;
        context.loop_keeps_thinking = turns_.loop_keeps_thinking;
        thinking_ = plan_thinking(request_.thinking, target_, context);
        if (turns_.thinking_removed || thinking_.refused) out_.translation.drop("thinking");
    }

    void system() {
        const bool instruct = request_.output.kind == OutputKind::json_object;
        if (request_.system.empty() && turns_.system.empty() && !instruct) return;
        if (!begin_field("system")) return;
        writer_.begin_array();
        for (const auto& part : request_.system) blocks_.system(part);
        for (const auto* part : turns_.system) blocks_.system(*part);
        if (instruct) {
            writer_.begin_object().string("type", "text").string("text", json_instruction);
            writer_.end_object();
        }
        writer_.end_array();
    }

    Result<void> messages() {
        begin_field("messages");
        writer_.begin_array();
        for (const Turn& turn : turns_.turns) {
            TRY_VOID(blocks_.turn(turn, &turn == &turns_.turns.back()));
        }
        writer_.end_array();
        return {};
    }

    Result<void> tools() {
        if (request_.tools.empty() && !answer_by_tool_) return {};
        if (!begin_field("tools")) return {};
        writer_.begin_array();
        const std::size_t opened = out_.body.size() + out_.lent.size();
        std::size_t index = 0;
        for (const auto& tool : request_.tools) TRY_VOID(blocks_.tool(tool, index++));
        if (answer_by_tool_) answer_tool();
        has_tools_ = out_.body.size() + out_.lent.size() != opened;
        writer_.end_array();
        return {};
    }

    // The tool whose arguments are the answer, where the model has no structured output.
    void answer_tool() {
        const std::string_view name =
            request_.output.name.empty() ? "structured_answer" : request_.output.name;
        out_.translation.answer_tool = fit_name(name, "a-zA-Z0-9_-", 64);
        writer_.begin_object().string("name", out_.translation.answer_tool);
        writer_.string("description", "Gives the final answer. Call it exactly once, at the end.");
        writer_.raw("input_schema", request_.output.schema).end_object();
    }

    void tool_choice() {
        if (!has_tools_) return;  // a choice without tools is refused
        const domain::ToolChoice& choice = request_.tool_choice;
        const bool serial = choice.parallel.has_value() && !*choice.parallel;
        std::string_view type;
        std::string name;
        switch (choice.kind) {
            case ToolChoiceKind::unset: type = serial ? "auto" : ""; break;
            case ToolChoiceKind::automatic: type = "auto"; break;
            case ToolChoiceKind::any: type = "any"; break;
            case ToolChoiceKind::none: type = "none"; break;
            case ToolChoiceKind::named:
                type = "tool";
                name = chosen_name();
                if (!name.empty()) break;
                type = "auto";  // the named tool has been dropped
                out_.translation.drop("tool_choice");
                break;
        }
        if (answer_by_tool_ && type != "tool") {
            const bool only = request_.tools.empty() || type == "none";
            type = only ? "tool" : "any";
            name = only ? out_.translation.answer_tool : "";
        }
        if (type.empty() || !begin_field("tool_choice")) return;
        writer_.begin_object().string("type", type);
        if (!name.empty()) writer_.string("name", name);
        if (serial && type != "none") writer_.boolean("disable_parallel_tool_use", true);
        writer_.end_object();
    }

    // "" where the target does not have the tool.
    std::string chosen_name() {
        const std::string_view name = request_.tool_choice.name;
        for (const domain::Tool& tool : request_.tools) {
            if (native_ || tool.name != name || tool.hosted_kind.empty()) continue;
            return std::string(hosted_spelling(target_, tool.hosted).name);
        }
        return tool_name_for(target_, name, out_.translation);
    }

    void thinking() {
        if (thinking_.mode != ThinkingField::absent && begin_field("thinking")) {
            writer_.begin_object();
            if (thinking_.mode == ThinkingField::disabled) writer_.string("type", "disabled");
            if (thinking_.mode == ThinkingField::adaptive) writer_.string("type", "adaptive");
            if (thinking_.mode == ThinkingField::enabled) {
                writer_.string("type", "enabled").integer("budget_tokens", thinking_.budget_tokens);
            }
            const bool on = thinking_.mode != ThinkingField::disabled;
            if (on && !request_.thinking.display.empty()) {
                writer_.string("display", request_.thinking.display);
            }
            writer_.end_object();
        }
        const bool format = request_.output.kind == OutputKind::json_schema && !answer_by_tool_;
        if ((thinking_.effort.empty() && !format) || !begin_field("output_config")) return;
        writer_.begin_object();
        if (!thinking_.effort.empty()) writer_.string("effort", thinking_.effort);
        if (format) {
            writer_.key("format").begin_object().string("type", "json_schema");
            if (native_) {
                writer_.raw("schema", request_.output.schema);
            } else {
                const SchemaRules rules{&refused_by_anthropic(), false, true};
                writer_.key("schema").in_place(
                    [&](std::string& out) { append_schema(out, request_.output.schema, rules); });
            }
            writer_.end_object();
        }
        writer_.end_object();
    }

    void number(std::string_view name, json::Raw value, bool accepted) {
        if (value.empty()) return;
        if (!accepted) {
            out_.translation.drop(name);
        } else if (begin_field(name)) {
            // OpenAI's temperature goes up to 2, Anthropic's to 1.
            const bool hot = name == "temperature" && !native_ && above_one(value);
            writer_.raw(hot ? json::Raw("1") : value);
        }
    }

    static bool above_one(json::Raw value) {
        json::Document document;
        const auto number = document.parse(value);
        return number.ok() && number->number().value_or(0) > 1.0;
    }

    void sampling() {
        const bool accepted = target_.model.sampling;
        const bool thinks =
            thinking_.mode == ThinkingField::enabled || thinking_.mode == ThinkingField::adaptive;
        const bool free = accepted && !(thinks && !native_);
        number("temperature", request_.temperature, free);
        // Current models take one of the two.
        const bool both = !native_ && !request_.temperature.empty();
        number("top_p", request_.top_p, free && !both);
        number("top_k", request_.top_k, free);
        for (const auto& [name, value] :
             {std::pair<std::string_view, json::Raw>{"presence_penalty", request_.presence_penalty},
              {"frequency_penalty", request_.frequency_penalty},
              {"seed", request_.seed}}) {
            if (!value.empty() && value != "0") out_.translation.drop(name);
        }
    }

    void stop_sequences() {
        std::vector<json::Escaped> accepted;
        for (json::Escaped stop : request_.stop_sequences) {
            if (target_.model.stop && !is_blank(stop)) {
                accepted.push_back(stop);
            } else if (!stop.empty()) {
                // Refused there (white space alone, always): the gateway cuts the answer itself.
                std::string plain;
                json::append_unescaped(plain, stop);
                out_.translation.stop_here.push_back(std::move(plain));
            }
        }
        if (accepted.empty() || !begin_field("stop_sequences")) return;
        writer_.begin_array();
        for (json::Escaped stop : accepted) writer_.escaped(stop);
        writer_.end_array();
    }

    void identity() {
        if (request_.user_id.empty()) return;
        if (!native_ && target_.identity_key.empty()) return;
        if (!begin_field("metadata")) return;
        writer_.begin_object();
        if (native_) {
            writer_.string("user_id", request_.user_id);
        } else {
            writer_.string("user_id", user_identifier(target_.identity_key, request_.user_id));
        }
        writer_.end_object();
    }

    void extras() {
        if (!native_) return;
        if (!request_.service_tier.empty() && begin_field("service_tier")) {
            writer_.string(request_.service_tier);
        }
        for (const domain::Extra& extra : request_.extras) {
            if (extra.name != "power_level" && admit(extra.name)) {
                writer_.foreign_key(extra.name).raw(extra.value);
            }
        }
    }

    void configured() {
        for (const auto& [name, value] : target_.extra_body) writer_.raw(name, value);
        for (const auto& [name, value] : target_.default_body) {
            const bool given = std::find(written_.begin(), written_.end(), name) != written_.end();
            if (!given && begin_field(name)) writer_.raw(value);
        }
    }

    const domain::Request& request_;
    const domain::Deployment& target_;
    const bool native_;
    const Turns turns_;
    EncodedRequest out_;
    json::Writer writer_;
    BlockWriter blocks_;
    ThinkingPlan thinking_;
    std::vector<std::string_view> written_;
    std::int64_t max_tokens_ = 0;
    bool answer_by_tool_ = false;
    bool has_tools_ = false;
};

}  // namespace

Result<EncodedRequest> encode_request(const domain::Request& request,
                                      const domain::Deployment& target) {
    RequestEncoder encoder(request, target);
    return encoder.run();
}

}  // namespace tollgate::dialect::anthropic
