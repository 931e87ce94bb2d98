#include "dialect/bedrock_converse_fields.hpp"

#include <algorithm>
#include <array>

#include "dialect/anthropic_thinking.hpp"
#include "dialect/anthropic_turns.hpp"
#include "dialect/reasoning.hpp"
#include "dialect/refused.hpp"
#include "dialect/schema.hpp"

namespace tollgate::dialect::converse {
namespace {

using domain::OutputKind;
using domain::ThinkingMode;

constexpr std::int64_t default_max_tokens = 4096;

// What stands at the top of a Converse body; configured fields of other names are the model's own.
constexpr std::array<std::string_view, 13> top_fields = {
    "messages", "system", "inferenceConfig", "toolConfig", "guardrailConfig",
    "additionalModelRequestFields", "additionalModelResponseFieldPaths", "promptVariables",
    "requestMetadata", "performanceConfig", "serviceTier", "outputConfig", "modelId"};

bool is_top(std::string_view name) {
    return std::ranges::find(top_fields, name) != top_fields.end();
}

// The names that other protocols have for members of inferenceConfig.
std::string_view inference_name(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> names = {{
        {"max_tokens", "maxTokens"},
        {"max_completion_tokens", "maxTokens"},
        {"temperature", "temperature"},
        {"top_p", "topP"},
        {"stop", "stopSequences"},
        {"stop_sequences", "stopSequences"},
    }};
    for (const auto& [theirs, ours] : names) {
        if (theirs == name) return ours;
    }
    return {};
}

std::string quoted(std::string_view plain) {
    std::string text;
    json::append_string(text, plain);
    return text;
}

}  // namespace

Fields::Fields(const domain::Request& request, const domain::Deployment& target,
               Translation& translation, Context context)
    : request_(request),
      target_(target),
      translation_(translation),
      context_(context),
      family_(bedrock_family(target)),
      native_(request.client == domain::Protocol::anthropic) {}

bool Fields::has(const Members& members, std::string_view name) {
    return std::ranges::any_of(members, [&](const auto& each) { return each.first == name; });
}

void Fields::set(Members& members, std::string_view name, std::string value) {
    for (auto& [key, old] : members) {
        if (key == name) {
            old = std::move(value);
            return;
        }
    }
    members.emplace_back(name, std::move(value));
}

// The members of `object`, which need not be one.
void Fields::merge(Members& members, json::Raw object, bool only_missing) {
    json::Document document;
    const auto root = document.parse(object);
    if (!root.ok()) return;
    const auto range = root->members();
    for (auto it = range.begin(); !(it == range.end()); ++it) {
        const std::string name = it.key().text();
        if (!only_missing || !has(members, name)) set(members, name, std::string((*it).raw()));
    }
}

std::string Fields::object_of(const Members& members) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    for (const auto& [name, value] : members) writer.foreign_key(name).raw(value);
    writer.end_object();
    return text;
}

bool Fields::imposed(std::string_view name) const {
    return std::ranges::any_of(target_.extra_body,
                               [&](const auto& field) { return field.first == name; });
}

base::Result<void> Fields::plan() {
    limits();
    thinking();
    if (max_tokens_ > 0 && limits_free_) {
        set(inference_, "maxTokens", std::to_string(max_tokens_));
    }
    sampling();
    top_k();
    stop_sequences();
    output_format();
    tier();
    TRY_VOID(extras());
    for (const auto& [name, value] : target_.default_body) configured(name, value, true);
    for (const auto& [name, value] : target_.extra_body) configured(name, value, false);
    return {};
}

void Fields::limits() {
    max_tokens_ = request_.max_output_tokens.value_or(target_.default_max_tokens.value_or(0));
    const std::int64_t most = target_.model.output_tokens_max;
    if (most > 0 && max_tokens_ > most) max_tokens_ = most;
    if (const auto cap = target_.output_tokens_cap) {
        max_tokens_ = max_tokens_ > 0 ? std::min(max_tokens_, *cap) : *cap;
    }
}

void Fields::thinking() {
    switch (family_) {
        case BedrockFamily::claude: claude_thinking(); return;
        case BedrockFamily::nova:
        case BedrockFamily::gpt_oss: effort_thinking(); return;
        default: break;
    }
    const bool off = request_.thinking.mode == ThinkingMode::off ||
                     request_.thinking.effort == "none";
    const bool asked =
        request_.thinking.mode != ThinkingMode::unset || !request_.thinking.effort.empty();
    if (asked && !off) translation_.drop("thinking");
}

void Fields::claude_thinking() {
    anthropic::ThinkingContext context;
    const std::int64_t most = target_.model.output_tokens_max;
    context.max_tokens = max_tokens_ > 0 ? max_tokens_ : most > 0 ? most : default_max_tokens;
    context.forced_tool = context_.forced_tool;
    context.effort_alone = native_;
    context.loop_keeps_thinking = context_.loop_keeps_thinking;
    const anthropic::ThinkingPlan plan =
        anthropic::plan_thinking(request_.thinking, target_, context);
    if (plan.refused) translation_.drop("thinking");
    if (!plan.effort.empty()) set(output_, "effort", quoted(plan.effort));
    using anthropic::ThinkingField;
    if (plan.mode == ThinkingField::absent) return;
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    if (plan.mode == ThinkingField::disabled) writer.string("type", "disabled");
    if (plan.mode == ThinkingField::adaptive) writer.string("type", "adaptive");
    if (plan.mode == ThinkingField::enabled) {
        writer.string("type", "enabled").integer("budget_tokens", plan.budget_tokens);
        max_tokens_ = context.max_tokens;  // the budget lies inside it
    }
    thinks_ = plan.mode != ThinkingField::disabled;
    if (thinks_ && !request_.thinking.display.empty()) {
        writer.string("display", request_.thinking.display);
    }
    writer.end_object();
    set(additional_, "thinking", std::move(text));
}

void Fields::effort_thinking() {
    const domain::Thinking& wish = request_.thinking;
    const bool off = wish.mode == ThinkingMode::off || wish.effort == "none";
    const bool on = !off && (wish.mode != ThinkingMode::unset || !wish.effort.empty());
    const domain::ModelTraits& model = target_.model;
    if (model.thinking == domain::ThinkingSupport::none && model.efforts.empty()) {
        if (on) translation_.drop("thinking");
        return;
    }
    const bool nova = family_ == BedrockFamily::nova;
    if (off && nova) set(additional_, "reasoningConfig", R"({"type":"disabled"})");
    if (!on) return;
    std::string_view effort = wish.effort;
    if (effort.empty()) {
        effort = wish.budget_tokens > 0 ? effort_of_budget(wish.budget_tokens) : "medium";
    }
    effort = clamp_effort(
        effort, model.efforts.empty() ? target_.provider.reasoning_efforts : model.efforts);
    if (!nova) {
        set(additional_, "reasoning_effort", quoted(effort));
        return;
    }
    thinks_ = true;
    limits_free_ = effort != "high";  // Nova sets them itself then, and refuses ours
    set(additional_, "reasoningConfig",
        R"({"type":"enabled","maxReasoningEffort":)" + quoted(effort) + "}");
}

void Fields::number(Members& members, std::string_view sent, std::string_view name,
                    json::Raw value, bool accepted) {
    if (value.empty()) return;
    if (!accepted) {
        translation_.drop(name);
        return;
    }
    json::Document document;
    const auto parsed = document.parse(value);
    // OpenAI's temperature goes up to 2, Converse's to 1.
    const bool hot =
        name == "temperature" && parsed.ok() && parsed->number().value_or(0) > 1.0;
    set(members, sent, hot ? "1" : std::string(value));
}

void Fields::sampling() {
    const bool claude_thinks = family_ == BedrockFamily::claude && thinks_ && !native_;
    const bool free = target_.model.sampling && !claude_thinks && limits_free_;
    number(inference_, "temperature", "temperature", request_.temperature, free);
    // Current Claude models take one of the two.
    const bool both =
        family_ == BedrockFamily::claude && !native_ && has(inference_, "temperature");
    number(inference_, "topP", "top_p", request_.top_p, free && !both);
    for (const auto& [name, value] :
         {std::pair<std::string_view, json::Raw>{"presence_penalty", request_.presence_penalty},
          {"frequency_penalty", request_.frequency_penalty},
          {"seed", request_.seed}}) {
        if (!value.empty() && value != "0") translation_.drop(name);
    }
}

void Fields::top_k() {
    if (request_.top_k.empty()) return;
    const bool free = target_.model.sampling && limits_free_;
    switch (family_) {
        case BedrockFamily::claude:
        case BedrockFamily::mistral:
            number(additional_, "top_k", "top_k", request_.top_k, free && !thinks_);
            return;
        case BedrockFamily::cohere: number(additional_, "k", "top_k", request_.top_k, free); return;
        case BedrockFamily::nova:
            if (!free) break;
            set(additional_, "inferenceConfig", R"({"topK":)" + std::string(request_.top_k) + "}");
            return;
        default: break;
    }
    translation_.drop("top_k");
}

void Fields::stop_sequences() {
    std::string list = "[";
    for (const json::Escaped stop : request_.stop_sequences) {
        if (stop.empty()) continue;
        if (!target_.model.stop || anthropic::is_blank(stop)) {
            // Refused there: the gateway cuts the answer itself.
            std::string plain;
            json::append_unescaped(plain, stop);
            translation_.stop_here.push_back(std::move(plain));
            continue;
        }
        if (list.size() > 1) list += ',';
        json::append_string(list, stop);
    }
    if (list.size() == 1) return;
    set(inference_, "stopSequences", list + "]");
    // Only asked for is it said which sequence it was.
    if (family_ == BedrockFamily::claude) {
        set(top_, "additionalModelResponseFieldPaths", R"(["/stop_sequence"])");
    }
}

void Fields::output_format() {
    if (request_.output.kind != OutputKind::json_schema || context_.answer_by_tool) return;
    std::string text;
    json::Writer writer(text);
    writer.begin_object().string("type", "json_schema").key("structure").begin_object();
    writer.key("jsonSchema").begin_object();
    if (!request_.output.name.empty()) writer.string("name", request_.output.name);
    std::string schema(request_.output.schema);
    const bool own = request_.client == domain::Protocol::bedrock_converse;
    if (family_ == BedrockFamily::claude && !own) {
        schema.clear();
        const SchemaRules rules{&refused_by_anthropic(), false, true};
        append_schema(schema, request_.output.schema, rules);
    }
    writer.key("schema").string_in_place([&](std::string& out) {
        json::append_compact_escaped(out, schema);
    });
    writer.end_object().end_object().end_object();
    set(output_, "textFormat", std::move(text));
}

void Fields::tier() {
    const std::string_view tier = request_.service_tier;
    if (tier == "default" || tier == "flex" || tier == "priority" || tier == "reserved") {
        set(top_, "serviceTier", R"({"type":)" + quoted(tier) + "}");
    }
}

// Fields of the client's body that no protocol but Converse has: they are Converse's own, or left.
base::Result<void> Fields::extras() {
    constexpr std::array<std::string_view, 3> passed = {"guardrailConfig", "performanceConfig",
                                                        "requestMetadata"};
    for (const domain::Extra& extra : request_.extras) {
        const bool own = std::ranges::find(passed, extra.name) != passed.end();
        if (own) {
            set(top_, extra.name, std::string(extra.value));
        } else if (extra.name == "additionalModelRequestFields") {
            merge(additional_, extra.value, true);
        } else if (extra.name == "container" || extra.name == "mcp_servers") {
            if (extra.value == "null" || extra.value == "[]") continue;
            TRY_VOID(cannot_carry(target_, translation_, extra.name, extra.name,
                                  "Bedrock has no counterpart of this field"));
        } else {
            const bool neutral = extra.value == "null" || extra.value == "false" ||
                                 extra.value == "{}" || extra.value == "[]" ||
                                 extra.name == "n" || extra.name == "power_level";
            if (!neutral) translation_.drop(extra.name);
        }
    }
    return {};
}

void Fields::configured(std::string_view name, json::Raw value, bool only_missing) {
    if (name == "inferenceConfig") {
        merge(inference_, value, only_missing);
    } else if (name == "additionalModelRequestFields") {
        merge(additional_, value, only_missing);
    } else if (name == "outputConfig") {
        merge(output_, value, only_missing);
    } else if (is_top(name)) {
        if (!only_missing || !has(top_, name)) set(top_, name, std::string(value));
    } else if (const auto theirs = inference_name(name); !theirs.empty()) {
        const bool list = theirs != "stopSequences" || value.starts_with('[');
        if (only_missing && (has(inference_, theirs) || !limits_free_)) return;
        set(inference_, theirs, list ? std::string(value) : "[" + std::string(value) + "]");
    } else if (!only_missing || !has(additional_, name)) {
        set(additional_, name, std::string(value));
    }
}

void Fields::write(json::Writer& writer) const {
    if (!inference_.empty()) writer.raw("inferenceConfig", object_of(inference_));
    if (!additional_.empty()) writer.raw("additionalModelRequestFields", object_of(additional_));
    if (!output_.empty()) writer.raw("outputConfig", object_of(output_));
    for (const auto& [name, value] : top_) writer.foreign_key(name).raw(value);
}

}  // namespace tollgate::dialect::converse
