// The `set:` lines of golden files: dotted names of the structs that a case depends on.
// For tests only. A name or value that is not known is an error, not ignored.
#pragma once
#include <charconv>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/dialect.hpp"

namespace tollgate::dialect::golden {

struct Settings {
    domain::Deployment target;
    EncoderOptions options;
    Translation translation;  // what the request's encoder would have left for the answer
};

inline std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> pieces;
    while (!text.empty()) {
        const std::size_t end = text.find(separator);
        pieces.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return pieces;
}

inline std::int64_t number_of(const std::string& text) {
    std::int64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc() || end != text.data() + text.size()) {
        throw std::runtime_error("not a number: " + text);
    }
    return value;
}

using Setter = std::function<void(Settings&, const std::string&)>;

// One setter per field type; `pick` reaches the field.
template <typename Pick>
Setter text_field(Pick pick) {
    return [pick](Settings& s, const std::string& value) { pick(s) = value; };
}
template <typename Pick>
Setter flag(Pick pick) {
    return [pick](Settings& s, const std::string& value) {
        if (value != "true" && value != "false") throw std::runtime_error("not a flag: " + value);
        pick(s) = value == "true";
    };
}
template <typename Pick>
Setter number(Pick pick) {
    return [pick](Settings& s, const std::string& value) {
        using Field = std::remove_reference_t<decltype(pick(s))>;
        pick(s) = static_cast<Field>(number_of(value));
    };
}
template <typename Pick>
Setter optional_number(Pick pick) {
    return [pick](Settings& s, const std::string& value) { pick(s) = number_of(value); };
}
template <typename Pick>
Setter list(Pick pick) {
    return [pick](Settings& s, const std::string& value) { pick(s) = split(value, ','); };
}
// name:value pairs; JSON values may hold colons and commas: one pair per `set:` line adds up.
template <typename Pick>
Setter pairs(Pick pick) {
    return [pick](Settings& s, const std::string& value) {
        const std::size_t colon = value.find(':');
        if (colon == std::string::npos) throw std::runtime_error("not NAME:VALUE: " + value);
        pick(s).emplace_back(value.substr(0, colon), value.substr(colon + 1));
    };
}
template <typename Enum, typename Pick>
Setter choice(std::vector<std::pair<std::string, Enum>> names, Pick pick) {
    return [names, pick](Settings& s, const std::string& value) {
        for (const auto& [name, each] : names) {
            if (name == value) {
                pick(s) = each;
                return;
            }
        }
        throw std::runtime_error("not one of the names: " + value);
    };
}

// NAME:SHAPE, or NAME:SHAPE:NAMESPACE:CLIENT_NAME; one tool per line.
inline Setter answer_tool() {
    return [](Settings& s, const std::string& value) {
        const std::vector<std::string> words = split(value, ':');
        if (words.size() != 2 && words.size() != 4) throw std::runtime_error("tool: " + value);
        using domain::CallShape;
        const std::map<std::string, CallShape> shapes = {{"function", CallShape::function},
                                                         {"freeform", CallShape::freeform},
                                                         {"tool_search", CallShape::tool_search}};
        AnswerTool tool{words[0], shapes.at(words[1]), {}, words[0]};
        if (words.size() == 4) tool.name_space = words[2], tool.client_name = words[3];
        auto described = std::make_shared<AnswerDescription>(s.options.described());
        described->tools.push_back(tool);
        s.options.description = std::move(described);
    };
}

#define TOLLGATE_PICK(member) [](Settings& s) -> auto& { return s.member; }
#define TOLLGATE_PROVIDER(kind, field) \
    {"provider." #field, kind(TOLLGATE_PICK(target.provider.field))}
#define TOLLGATE_MODEL(kind, field) {"model." #field, kind(TOLLGATE_PICK(target.model.field))}
#define TOLLGATE_DEPLOYMENT(kind, field) {"deployment." #field, kind(TOLLGATE_PICK(target.field))}
#define TOLLGATE_OPTION(kind, field) {"options." #field, kind(TOLLGATE_PICK(options.field))}

inline std::map<std::string, Setter> provider_setters() {
    using namespace domain;
    const std::vector<std::pair<std::string, MaxTokensField>> max_tokens = {
        {"max_tokens", MaxTokensField::max_tokens},
        {"max_completion_tokens", MaxTokensField::max_completion_tokens},
        {"by_model", MaxTokensField::by_model}};
    const std::vector<std::pair<std::string, SystemRole>> system_roles = {
        {"system", SystemRole::system},
        {"developer", SystemRole::developer},
        {"by_model", SystemRole::by_model}};
    return {
        TOLLGATE_PROVIDER(text_field, type),
        TOLLGATE_PROVIDER(text_field, chat_path),
        TOLLGATE_PROVIDER(flag, responses),
        {"provider.max_tokens_field",
         choice(max_tokens, TOLLGATE_PICK(target.provider.max_tokens_field))},
        {"model.max_tokens_field",
         choice(max_tokens, TOLLGATE_PICK(target.model.max_tokens_field))},
        {"provider.system_role", choice(system_roles, TOLLGATE_PICK(target.provider.system_role))},
        {"model.system_role", choice(system_roles, TOLLGATE_PICK(target.model.system_role))},
        TOLLGATE_PROVIDER(flag, system_first_only),
        {"provider.stream_usage", choice<StreamUsage>({{"option", StreamUsage::option},
                                                       {"always", StreamUsage::always},
                                                       {"never", StreamUsage::never},
                                                       {"x_groq", StreamUsage::x_groq}},
                                                      TOLLGATE_PICK(target.provider.stream_usage))},
        TOLLGATE_PROVIDER(list, reasoning_in),
        TOLLGATE_PROVIDER(text_field, reasoning_out),
        {"provider.reasoning_control",
         choice<ReasoningControl>({{"none", ReasoningControl::none},
                                   {"reasoning_effort", ReasoningControl::reasoning_effort},
                                   {"thinking_type", ReasoningControl::thinking_type},
                                   {"enable_thinking", ReasoningControl::enable_thinking},
                                   {"reasoning_object", ReasoningControl::reasoning_object}},
                                  TOLLGATE_PICK(target.provider.reasoning_control))},
        TOLLGATE_PROVIDER(list, reasoning_efforts),
        TOLLGATE_PROVIDER(text_field, tool_choice_required),
        TOLLGATE_PROVIDER(flag, tool_choice_named),
        {"provider.envelope", choice<Envelope>({{"bedrock", Envelope::bedrock},
                                                {"vertex", Envelope::vertex}},
                                               TOLLGATE_PICK(target.provider.envelope))},
        TOLLGATE_PROVIDER(flag, tools),
        TOLLGATE_PROVIDER(flag, parallel_tool_calls),
        TOLLGATE_PROVIDER(flag, strict_tools),
        TOLLGATE_PROVIDER(list, schema_drop),
        TOLLGATE_PROVIDER(flag, content_list),
        TOLLGATE_PROVIDER(flag, images),
        TOLLGATE_PROVIDER(flag, files),
        TOLLGATE_PROVIDER(flag, audio),
        TOLLGATE_PROVIDER(number, stop_max),
        TOLLGATE_PROVIDER(text_field, tool_id_charset),
        TOLLGATE_PROVIDER(number, tool_id_max),
        TOLLGATE_PROVIDER(flag, tool_id_exact),
        TOLLGATE_PROVIDER(number, tool_name_max),
        TOLLGATE_PROVIDER(text_field, user_field),
        TOLLGATE_PROVIDER(flag, prompt_cache_key),
        TOLLGATE_PROVIDER(flag, cache_control),
        TOLLGATE_PROVIDER(flag, json_schema),
        {"provider.web_search",
         choice<WebSearchField>({{"none", WebSearchField::none},
                                 {"options", WebSearchField::options},
                                 {"plugin", WebSearchField::plugin},
                                 {"always", WebSearchField::always},
                                 {"enable_search", WebSearchField::enable_search}},
                                TOLLGATE_PICK(target.provider.web_search))},
        TOLLGATE_PROVIDER(flag, top_k),
        TOLLGATE_PROVIDER(text_field, seed_field),
    };
}

inline std::map<std::string, Setter> model_setters() {
    using domain::ThinkingSupport;
    return {
        TOLLGATE_MODEL(text_field, id),
        TOLLGATE_MODEL(text_field, family),
        TOLLGATE_MODEL(text_field, tier),
        TOLLGATE_MODEL(number, context_tokens),
        TOLLGATE_MODEL(number, output_tokens_max),
        {"model.thinking", choice<ThinkingSupport>({{"none", ThinkingSupport::none},
                                                    {"manual", ThinkingSupport::manual},
                                                    {"both", ThinkingSupport::both},
                                                    {"adaptive", ThinkingSupport::adaptive},
                                                    {"always", ThinkingSupport::always}},
                                                   TOLLGATE_PICK(target.model.thinking))},
        TOLLGATE_MODEL(flag, thinking_can_be_disabled),
        TOLLGATE_MODEL(list, efforts),
        TOLLGATE_MODEL(flag, sampling),
        TOLLGATE_MODEL(flag, stop),
        TOLLGATE_MODEL(flag, tools),
        TOLLGATE_MODEL(flag, tools_need_responses),
        TOLLGATE_MODEL(flag, responses_only),
        TOLLGATE_MODEL(flag, vision),
        TOLLGATE_MODEL(flag, pdf),
        TOLLGATE_MODEL(flag, audio),
        TOLLGATE_MODEL(flag, prefill),
        TOLLGATE_MODEL(flag, mid_system),
        TOLLGATE_MODEL(flag, json_schema),
        TOLLGATE_MODEL(flag, in_catalog),
    };
}

inline std::map<std::string, Setter> other_setters() {
    return {
        TOLLGATE_DEPLOYMENT(text_field, model_name),
        TOLLGATE_DEPLOYMENT(optional_number, default_max_tokens),
        TOLLGATE_DEPLOYMENT(optional_number, output_tokens_cap),
        TOLLGATE_DEPLOYMENT(number, num_ctx),
        TOLLGATE_DEPLOYMENT(flag, drop_unsupported),
        TOLLGATE_DEPLOYMENT(text_field, identity_key),
        TOLLGATE_DEPLOYMENT(pairs, extra_body),
        TOLLGATE_DEPLOYMENT(pairs, default_body),
        TOLLGATE_OPTION(text_field, model),
        TOLLGATE_OPTION(text_field, request_id),
        TOLLGATE_OPTION(number, created),
        TOLLGATE_OPTION(number, input_estimate),
        TOLLGATE_OPTION(flag, include_usage),
        {"options.tool", answer_tool()},
        {"translation.tool_names", pairs(TOLLGATE_PICK(translation.tool_names))},
        {"translation.web_search", flag(TOLLGATE_PICK(translation.web_search))},
        {"translation.code_execution", flag(TOLLGATE_PICK(translation.code_execution))},
        {"translation.answer_tool", text_field(TOLLGATE_PICK(translation.answer_tool))},
    };
}

#undef TOLLGATE_PICK
#undef TOLLGATE_PROVIDER
#undef TOLLGATE_MODEL
#undef TOLLGATE_DEPLOYMENT
#undef TOLLGATE_OPTION

// `line` is NAME=VALUE. Throws std::runtime_error naming what is not known.
inline void apply(Settings& settings, const std::string& line) {
    static const std::map<std::string, Setter> setters = [] {
        std::map<std::string, Setter> all = provider_setters();
        all.merge(model_setters());
        all.merge(other_setters());
        return all;
    }();
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) throw std::runtime_error("set: NAME=VALUE expected: " + line);
    const auto found = setters.find(line.substr(0, equals));
    if (found == setters.end()) throw std::runtime_error("set: no such name: " + line);
    found->second(settings, line.substr(equals + 1));
}

}  // namespace tollgate::dialect::golden
