// A neutral request as an OpenAI Chat Completions body, fitted to one deployment.
#include <algorithm>
#include <array>

#include "dialect/body_size.hpp"
#include "dialect/identity.hpp"
#include "dialect/openai_chat.hpp"
#include "dialect/openai_chat_messages.hpp"
#include "dialect/openai_chat_tools.hpp"
#include "dialect/reasoning.hpp"
#include "dialect/refused.hpp"

namespace tollgate::dialect::openai_chat {
namespace {

using domain::Deployment;
using domain::Request;

// Fields of a client's body that change what is answered and have no counterpart here.
constexpr std::array<std::string_view, 2> changes_the_answer = {"mcp_servers", "container"};

class Encoder {
public:
    Encoder(const Request& request, const Deployment& target)
        : request_(request), target_(target), writer_(out_.body) {}

    base::Result<EncodedRequest> encode() {
        TRY(ToolPlan tools, plan_tools(request_, target_, out_.translation));
        plan_thinking(tools);
        begin_body(request_, out_, writer_);
        writer_.begin_object();
        if (field("model")) writer_.string(target_.model_name);
        TRY_VOID(messages());
        write_tool_fields(tools);
        limits();
        sampling();
        stop_sequences();
        reasoning();
        format();
        identity();
        TRY_VOID(extras());
        if (request_.stream) streaming();
        configured();
        writer_.end_object();
        out_.path = target_.provider.chat_path;
        return std::move(out_);
    }

private:
    Translation& translation() { return out_.translation; }

    // Begins a member, unless configuration sets that field itself.
    bool field(std::string_view name) {
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

    base::Result<void> messages() {
        MessageOptions options;
        options.thinking_on = reasoning_.wish != ThinkingWish::off;
        std::string instruction;
        if (request_.output.kind == domain::OutputKind::json_schema &&
            !request_.output.schema.empty() && !carries_json_schema(target_)) {
            instruction = schema_instruction(request_.output);
            options.extra_system = instruction;
        }
        writer_.key("messages");
        written_.push_back("messages");
        return write_messages(writer_, request_, target_, options, translation());
    }

    void write_tool_fields(const ToolPlan& tools) {
        if (tools.search != nullptr && field(search_field(tools, target_))) {
            write_search(writer_, tools, target_);
        }
        if (tools.tools.empty()) return;
        if (field("tools")) write_tools(writer_, tools, request_, target_, translation());
        if (!tools.choice.empty() && field("tool_choice")) writer_.raw(tools.choice);
        if (tools.serial && field("parallel_tool_calls")) writer_.boolean(false);
    }

    void limits() {
        std::optional<std::int64_t> limit = request_.max_output_tokens;
        if (!limit) limit = target_.default_max_tokens;
        std::int64_t model_max = target_.model.output_tokens_max;
        if (limit && model_max > 0 && *limit > model_max) limit = model_max;
        if (target_.output_tokens_cap && limit.value_or(*target_.output_tokens_cap) >=
                                             *target_.output_tokens_cap) {
            limit = target_.output_tokens_cap;
        }
        if (!limit) return;
        if (request_.max_output_tokens && *limit < *request_.max_output_tokens) {
            translation().warnings.push_back("max_tokens lowered from " +
                                             std::to_string(*request_.max_output_tokens) + " to " +
                                             std::to_string(*limit));
        }
        using domain::MaxTokensField;
        MaxTokensField spelling = target_.provider.max_tokens_field;
        if (spelling == MaxTokensField::by_model) spelling = target_.model.max_tokens_field;
        bool completion = spelling == MaxTokensField::max_completion_tokens;
        if (field(completion ? "max_completion_tokens" : "max_tokens")) writer_.integer(*limit);
    }

    void number(std::string_view name, json::Raw value, bool accepted) {
        if (value.empty() || value == "null") return;
        if (!accepted) {
            translation().drop(name);
        } else if (field(name)) {
            writer_.raw(value);
        }
    }

    void sampling() {
        bool accepted = target_.model.sampling;
        number("temperature", request_.temperature, accepted);
        number("top_p", request_.top_p, accepted);
        number("top_k", request_.top_k, accepted && target_.provider.top_k);
        number("presence_penalty", request_.presence_penalty, accepted);
        number("frequency_penalty", request_.frequency_penalty, accepted);
        const std::string& seed = target_.provider.seed_field;
        number(seed.empty() ? "seed" : seed, request_.seed, !seed.empty());
    }

    void stop_sequences() {
        if (request_.stop_sequences.empty()) return;
        std::size_t most = target_.model.stop ? target_.provider.stop_max : 0;
        if (most == 0) {  // the gateway ends the answer itself
            for (json::Escaped sequence : request_.stop_sequences) {
                json::append_unescaped(translation().stop_here.emplace_back(), sequence);
            }
            return;
        }
        if (request_.stop_sequences.size() > most) {
            translation().drop("stop_sequences after the first " + std::to_string(most));
        }
        if (!field("stop")) return;
        writer_.begin_array();
        std::size_t count = std::min(most, request_.stop_sequences.size());
        for (std::size_t i = 0; i < count; ++i) writer_.escaped(request_.stop_sequences[i]);
        writer_.end_array();
    }

    void plan_thinking(const ToolPlan& tools) {
        reasoning_ = plan_reasoning(request_.thinking, target_);
        bool asked = request_.thinking.mode == domain::ThinkingMode::budget ||
                     request_.thinking.mode == domain::ThinkingMode::adaptive;
        if (asked && reasoning_.wish != ThinkingWish::on) translation().drop("thinking");
        if (reasoning_.wish == ThinkingWish::unspecified && !request_.thinking.effort.empty()) {
            translation().drop("output_config.effort");
        }
        if (tools.forced && !target_.provider.forced_tool_thinking &&
            reasoning_.wish != ThinkingWish::off) {
            // This target refuses to think while a tool is forced; the tool matters more.
            if (reasoning_.wish == ThinkingWish::on) translation().drop("thinking");
            reasoning_ = ReasoningPlan{ThinkingWish::off, {}, 0};
        }
    }

    void reasoning() {
        if (reasoning_.wish == ThinkingWish::unspecified) return;
        bool on = reasoning_.wish == ThinkingWish::on;
        using domain::ReasoningControl;
        switch (target_.provider.reasoning_control) {
            case ReasoningControl::none: return;
            case ReasoningControl::reasoning_effort: effort(); return;
            case ReasoningControl::thinking_type:
                if (!on && !target_.model.thinking_can_be_disabled) return;
                if (field("thinking")) {
                    writer_.begin_object().string("type", on ? "enabled" : "disabled");
                    writer_.end_object();
                }
                if (on) effort();
                return;
            case ReasoningControl::enable_thinking:
                if (!on && !target_.model.thinking_can_be_disabled) return;
                if (field("enable_thinking")) writer_.boolean(on);
                return;
            case ReasoningControl::reasoning_object: reasoning_object(on); return;
        }
    }

    void effort() {
        if (reasoning_.effort.empty()) return;
        if (field("reasoning_effort")) writer_.string(reasoning_.effort);
    }

    void reasoning_object(bool on) {
        if (!on && !target_.model.thinking_can_be_disabled) return;
        if (!field("reasoning")) return;
        writer_.begin_object();
        if (!on) {
            writer_.boolean("enabled", false);
        } else if (request_.thinking.effort.empty() && reasoning_.budget_tokens > 0) {
            writer_.integer("max_tokens", reasoning_.budget_tokens);
        } else if (!reasoning_.effort.empty()) {
            writer_.string("effort", reasoning_.effort);
        } else {
            writer_.boolean("enabled", true);
        }
        writer_.end_object();
    }

    void format() {
        if (request_.output.kind == domain::OutputKind::text) return;
        if (field("response_format")) write_response_format(writer_, request_.output, target_);
    }

    void identity() {
        const std::string& user = target_.provider.user_field;
        if (!user.empty() && !request_.user_id.empty() && field(user)) {
            writer_.string(user_identifier(target_.identity_key, request_.user_id));
        }
        if (target_.provider.prompt_cache_key && !request_.session_id.empty() &&
            field("prompt_cache_key")) {
            writer_.string(session_identifier(target_.identity_key, request_.session_id));
        }
        bool same_words = request_.client == domain::Protocol::openai_chat;
        if (request_.service_tier.empty() || request_.service_tier == "auto") return;
        if (!same_words) {  // the tiers of one provider mean nothing to another
            translation().drop("service_tier");
        } else if (field("service_tier")) {
            writer_.string(request_.service_tier);
        }
    }

    // What the neutral model has no word for goes only to a target of the client's own protocol.
    base::Result<void> extras() {
        bool own = request_.client == domain::Protocol::openai_chat;
        for (const domain::Extra& extra : request_.extras) {
            if (own) {
                if (!is_written(extra.name) && admit(extra.name)) {
                    writer_.foreign_key(extra.name).raw(extra.value);
                }
                continue;
            }
            if (extra.value == "null" || extra.value == "[]" || extra.value == "{}") continue;
            bool matters = std::find(changes_the_answer.begin(), changes_the_answer.end(),
                                     extra.name) != changes_the_answer.end();
            if (matters) {
                TRY_VOID(cannot_carry(target_, translation(), extra.name, extra.name,
                                      "the target has no counterpart of this field"));
            } else {
                translation().drop(extra.name);
            }
        }
        return {};
    }

    void streaming() {
        if (field("stream")) writer_.boolean(true);
        if (target_.provider.stream_usage != domain::StreamUsage::option) return;
        if (field("stream_options")) {
            writer_.begin_object().boolean("include_usage", true).end_object();
        }
    }

    bool is_written(std::string_view name) const {
        return std::find(written_.begin(), written_.end(), name) != written_.end();
    }

    void configured() {
        for (const auto& [name, value] : target_.extra_body) writer_.raw(name, value);
        for (const auto& [name, value] : target_.default_body) {
            if (!is_written(name) && field(name)) writer_.raw(value);
        }
    }

    const Request& request_;
    const Deployment& target_;
    EncodedRequest out_;
    json::Writer writer_;
    ReasoningPlan reasoning_;
    std::vector<std::string_view> written_;
};

}  // namespace

base::Result<EncodedRequest> encode_request(const Request& request, const Deployment& target) {
    return Encoder(request, target).encode();
}

}  // namespace tollgate::dialect::openai_chat
