#include "config/catalog_rows.hpp"

#include "config/catalog_prices.hpp"

namespace tollgate::config {
namespace {

using domain::AuthStyle;
using domain::MaxTokensField;
using domain::ReasoningControl;
using domain::SystemRole;
using domain::ThinkingSupport;

// Reads a word of `choices` ("a|b|c") into the enumerator of the same rank in `values`.
template <typename Enum, std::size_t count>
void choice(Reader& reader, std::string_view key, std::string_view choices,
            const Enum (&values)[count], Enum& out, std::string* spelled = nullptr) {
    std::string word;
    Field field{key, ""};
    field.choices = choices;
    reader.value(field, word);
    if (spelled) *spelled = word;
    if (word.empty()) return;
    std::size_t rank = 0, at = count;
    each_word(choices, '|', [&](std::string_view known) {
        if (known == word) at = rank;
        ++rank;
    });
    if (at < count) out = values[at];
}

void number(Reader& reader, std::string_view key, std::uint32_t& out) {
    std::int64_t value = out;
    reader.value({key, "", 0, 1e6}, value);
    out = static_cast<std::uint32_t>(value);
}

// A list that replaces the default, also by nothing.
void list(Reader& reader, std::string_view key, std::vector<std::string>& out) {
    std::vector<std::string> read;
    const Node* node = reader.take(key);
    reader.value({key, ""}, read);
    if (node) out = std::move(read);
}

constexpr std::string_view controls =
    "none|reasoning_effort|thinking_type|enable_thinking|reasoning_object";
constexpr ReasoningControl control_values[] = {
    ReasoningControl::none, ReasoningControl::reasoning_effort, ReasoningControl::thinking_type,
    ReasoningControl::enable_thinking, ReasoningControl::reasoning_object};
constexpr std::string_view token_fields = "max_tokens|max_completion_tokens|by_model";
constexpr MaxTokensField token_field_values[] = {
    MaxTokensField::max_tokens, MaxTokensField::max_completion_tokens, MaxTokensField::by_model};
constexpr std::string_view roles = "system|developer|by_model";
constexpr SystemRole role_values[] = {SystemRole::system, SystemRole::developer,
                                      SystemRole::by_model};

void read_tool_quirks(Reader& quirks, domain::ProviderTraits& row) {
    quirks.section({"tool_choice", ""}, [&](FieldVisitor& v) {
        v.value({"required", "", 0, 0, "required|any|auto"}, row.tool_choice_required);
        v.value({"named", ""}, row.tool_choice_named);
    });
    quirks.value({"tools", ""}, row.tools);
    quirks.value({"parallel_tool_calls", ""}, row.parallel_tool_calls);
    quirks.value({"strict_tools", ""}, row.strict_tools);
    list(quirks, "schema_drop", row.schema_drop);
    quirks.section({"tool_id", ""}, [&](FieldVisitor& v) {
        std::optional<std::int64_t> exact, longest;
        v.value({"charset", ""}, row.tool_id_charset);
        v.value({"length", "", 1, 1000}, exact);
        v.value({"max", "", 1, 1000}, longest);
        if (exact || longest) {
            row.tool_id_max = static_cast<std::uint32_t>(exact ? *exact : *longest);
        }
        row.tool_id_exact = exact.has_value();
    });
    number(quirks, "tool_name_max", row.tool_name_max);
    quirks.value({"tool_name_charset", ""}, row.tool_name_charset);
    quirks.value({"forced_tool_thinking", ""}, row.forced_tool_thinking);
}

void read_reasoning_quirks(Reader& quirks, domain::ProviderTraits& row) {
    list(quirks, "reasoning_in", row.reasoning_in);
    quirks.value({"reasoning_out", ""}, row.reasoning_out);
    using domain::ReasoningRequired;
    choice(quirks, "reasoning_required", "no|tool_calls|always",
           {ReasoningRequired::no, ReasoningRequired::tool_calls, ReasoningRequired::always},
           row.reasoning_required);
    choice(quirks, "reasoning_control", controls, control_values, row.reasoning_control);
    list(quirks, "reasoning_efforts", row.reasoning_efforts);
}

void read_quirks(Reader& quirks, domain::ProviderTraits& row) {
    choice(quirks, "max_tokens_field", token_fields, token_field_values, row.max_tokens_field);
    choice(quirks, "system_role", roles, role_values, row.system_role);
    choice(quirks, "system_position", "anywhere|first_only", {false, true}, row.system_first_only);
    quirks.value({"user_after_tool", ""}, row.user_after_tool);
    using domain::StreamUsage;
    choice(quirks, "stream_usage", "option|always|never|x_groq",
           {StreamUsage::option, StreamUsage::always, StreamUsage::never, StreamUsage::x_groq},
           row.stream_usage);
    read_reasoning_quirks(quirks, row);
    read_tool_quirks(quirks, row);
    quirks.value({"content_list", ""}, row.content_list);
    quirks.value({"images", ""}, row.images);
    quirks.value({"files", ""}, row.files);
    quirks.value({"audio", ""}, row.audio);
    number(quirks, "stop_max", row.stop_max);
    std::string user_field;
    quirks.value({"user_field", "", 0, 0, "none|user|safety_identifier"}, user_field);
    row.user_field = user_field == "none" ? "" : user_field;
    quirks.value({"prompt_cache_key", ""}, row.prompt_cache_key);
    quirks.value({"cache_control", ""}, row.cache_control);
    quirks.value({"json_schema", ""}, row.json_schema);
    using domain::WebSearchField;
    choice(quirks, "web_search", "none|options|plugin|always|enable_search",
           {WebSearchField::none, WebSearchField::options, WebSearchField::plugin,
            WebSearchField::always, WebSearchField::enable_search},
           row.web_search);
    quirks.value({"top_k", ""}, row.top_k);
    std::string seed_field = row.seed_field;
    quirks.value({"seed_field", "", 0, 0, "none|seed|random_seed"}, seed_field);
    row.seed_field = seed_field == "none" ? "" : seed_field;
}

void read_flags(Reader& flags, domain::ModelTraits& row) {
    choice(flags, "thinking", "none|manual|both|adaptive|always",
           {ThinkingSupport::none, ThinkingSupport::manual, ThinkingSupport::both,
            ThinkingSupport::adaptive, ThinkingSupport::always},
           row.thinking);
    flags.value({"thinking_disable", ""}, row.thinking_can_be_disabled);
    list(flags, "efforts", row.efforts);
    ReasoningControl control = ReasoningControl::none;
    const bool has_control = flags.take("reasoning_control") != nullptr;
    choice(flags, "reasoning_control", controls, control_values, control);
    if (has_control) row.reasoning_control = control;
    flags.value({"sampling", ""}, row.sampling);
    flags.value({"stop", ""}, row.stop);
    choice(flags, "max_tokens_field", token_fields, token_field_values, row.max_tokens_field);
    choice(flags, "system_role", roles, role_values, row.system_role);
    flags.value({"tools", ""}, row.tools);
    flags.value({"forced_tool", ""}, row.forced_tool);
    flags.value({"parallel_tool_calls", ""}, row.parallel_tool_calls);
    flags.value({"tools_need_responses", ""}, row.tools_need_responses);
    flags.value({"responses_only", ""}, row.responses_only);
    flags.value({"prefill", ""}, row.prefill);
    flags.value({"mid_system", ""}, row.mid_system);
    flags.value({"json_schema", ""}, row.json_schema);
}

void read_limits(Session& session, const Node& node, Reader& reader, domain::ModelTraits& row) {
    bool stated = false;
    reader.section({"limits", ""}, [&](FieldVisitor& v) {
        std::optional<std::int64_t> context;
        v.value({"context", "", 1, 1e9}, context);
        stated = context.has_value();
        if (context) row.context_tokens = *context;
        v.value({"max_input", "", 1, 1e9}, row.input_tokens_max);
        v.value({"max_output", "", 1, 1e9}, row.output_tokens_max);
    });
    if (!stated) {
        complain(session.problems, Severity::error, node, reader.path_of("limits"),
                 "needs `context`, the window in tokens");
    }
}

void read_modalities(Session& session, const Node& node, Reader& reader,
                     domain::ModelTraits& row) {
    std::vector<std::string> input, output;
    reader.value({"input", ""}, input);
    reader.value({"output", ""}, output);
    if (!input.empty()) row.vision = false;
    for (const std::string& kind : input) {
        if (kind == "image") row.vision = true;
        else if (kind == "pdf") row.pdf = true;
        else if (kind == "audio") row.audio = true;
        else if (kind != "text") {
            complain(session.problems, Severity::error, node, reader.path_of("input"),
                     "unknown kind `" + kind + "`; text, image, pdf or audio");
        }
    }
}

}  // namespace

domain::ProviderTraits read_provider_row(Session& session, const Member& member) {
    domain::ProviderTraits row;
    row.type = member.key;
    Reader reader(session, member.value, "providers." + member.key, Strictness::ours);
    std::string protocol;
    using domain::Protocol;
    choice(reader, "protocol",
           "openai_chat|anthropic|ollama|echo|gemini|bedrock_converse|cohere",
           {Protocol::openai_chat, Protocol::anthropic, Protocol::ollama, Protocol::anthropic,
            Protocol::gemini, Protocol::bedrock_converse, Protocol::cohere},
           row.protocol, &protocol);
    if (protocol.empty()) {
        complain(session.problems, Severity::error, member.value, reader.path_of("protocol"),
                 "missing");
    }
    row.echo = protocol == "echo";
    if (protocol == "anthropic") row.chat_path = "/v1/messages";
    if (protocol == "ollama") row.chat_path = "/api/chat";
    if (protocol == "cohere") row.chat_path = "/v2/chat";
    choice(reader, "envelope", "none|bedrock|vertex",
           {domain::Envelope::none, domain::Envelope::bedrock, domain::Envelope::vertex},
           row.envelope);
    using domain::CredentialKind;
    choice(reader, "credential", "key|aws|google|entra",
           {CredentialKind::key, CredentialKind::aws, CredentialKind::google,
            CredentialKind::entra},
           row.credential);
    reader.value({"display_name", ""}, row.display_name);
    reader.value({"aliases", ""}, row.aliases);
    reader.value({"base_url", ""}, row.base_url);
    reader.value({"base_url_env", ""}, row.base_url_env);
    reader.value({"credential_env", ""}, row.credential_env);
    reader.value({"credential_required", ""}, row.credential_required);
    choice(reader, "auth", "bearer|x_api_key|api_key|none",
           {AuthStyle::bearer, AuthStyle::x_api_key, AuthStyle::api_key, AuthStyle::none},
           row.auth);
    reader.value({"headers", ""}, row.headers);
    reader.json_map({"body", ""}, row.body);
    reader.value({"chat_path", ""}, row.chat_path);
    reader.value({"models_path", ""}, row.models_path);
    choice(reader, "zone", "cloud|local", {false, true}, row.local);
    reader.value({"responses", ""}, row.responses);
    if (const Node* node = reader.take("quirks")) {
        Reader quirks(session, *node, reader.path_of("quirks"), Strictness::ours);
        read_quirks(quirks, row);
        quirks.finish();
    }
    reader.finish();
    return row;
}

domain::ModelTraits read_model_row(Session& session, const Node& node, const std::string& path) {
    domain::ModelTraits row;
    row.in_catalog = true;
    Reader reader(session, node, path, Strictness::ours);
    reader.value({"id", ""}, row.id);
    if (row.id.find('/') == std::string::npos) {
        complain(session.problems, Severity::error, node, reader.path_of("id"),
                 "must be `provider/model`");
    }
    reader.value({"aliases", ""}, row.aliases);
    reader.value({"family", ""}, row.family);
    reader.value({"display_name", ""}, row.display_name);
    reader.value({"tier", "", 0, 0, "opus|sonnet|haiku|fable"}, row.tier);
    using domain::ModelMode;
    choice(reader, "mode", "chat|embedding", {ModelMode::chat, ModelMode::embedding}, row.mode);
    if (row.mode == ModelMode::embedding) row.tools = row.json_schema = false;
    reader.value({"dimensions", "", 1, 1e5}, row.dimensions);
    read_limits(session, node, reader, row);
    read_modalities(session, node, reader, row);
    if (const Node* flags = reader.take("flags")) {
        Reader inner(session, *flags, reader.path_of("flags"), Strictness::ours);
        read_flags(inner, row);
        inner.finish();
    }
    reader.value({"deprecated", ""}, row.deprecated_for);
    reader.value({"retires", ""}, row.retires);
    if (!row.retires.empty() && !is_day(row.retires)) {
        complain(session.problems, Severity::error, node, reader.path_of("retires"),
                 "expected a day as YYYY-MM-DD");
    }
    read_prices(session, reader, row);
    bool unpriced = false;
    reader.value({"unpriced", ""}, unpriced);
    if (!unpriced && (row.prices.input < 0 || row.prices.output < 0)) {
        complain(session.problems, Severity::error, node, reader.path_of("prices"),
                 "needs input and output, or `unpriced: true`");
    } else if (unpriced && row.prices.input >= 0) {
        complain(session.problems, Severity::error, node, reader.path_of("unpriced"),
                 "stands beside a price: remove one of the two");
    }
    reader.finish();
    return row;
}

void read_beta_rules(Session& session, const Node& features, const Node& targets,
                     std::vector<BetaRule>& out) {
    struct Feature {
        std::string name;
        std::vector<std::string> body, output, tool_fields, tool_types, cache_fields;
        bool keep_body = false;
    };
    std::vector<Feature> known;
    for (const Member& member : features.members) {
        Feature feature;
        feature.name = member.key;
        Reader reader(session, member.value, "features." + member.key, Strictness::ours);
        reader.value({"body", ""}, feature.body);
        reader.value({"output", ""}, feature.output);
        reader.value({"tool_fields", ""}, feature.tool_fields);
        reader.value({"tool_types", ""}, feature.tool_types);
        reader.value({"cache_fields", ""}, feature.cache_fields);
        reader.value({"keep_body", ""}, feature.keep_body);
        reader.finish();
        known.push_back(std::move(feature));
    }
    const auto join = [](std::vector<std::string>& into, const std::vector<std::string>& from) {
        for (const std::string& item : from) {
            if (std::find(into.begin(), into.end(), item) == into.end()) into.push_back(item);
        }
    };
    for (const Member& member : targets.members) {
        BetaRule rule;
        rule.target = member.key;
        std::vector<std::string> aliases;
        Reader reader(session, member.value, "targets." + member.key, Strictness::ours);
        reader.value({"aliases", ""}, aliases);
        reader.value({"hosts", ""}, rule.hosts);
        reader.value({"deny", ""}, rule.header_deny);
        reader.value({"deny_body", ""}, rule.field_deny);
        reader.value({"deny_tool_fields", ""}, rule.tool_fields);
        reader.value({"rename", ""}, rule.rename);
        choice(reader, "where", "header|body", {false, true}, rule.in_body);
        reader.value({"deny_all", ""}, rule.deny_all);
        reader.finish();
        for (const Feature& feature : known) {
            const std::string prefix = feature.name.substr(0, feature.name.find('*'));
            const bool denied = std::any_of(
                rule.header_deny.begin(), rule.header_deny.end(),
                [&](const std::string& name) { return name.starts_with(prefix); });
            if (!denied) continue;
            if (!feature.keep_body) join(rule.field_deny, feature.body);
            join(rule.output_fields, feature.output);
            join(rule.tool_fields, feature.tool_fields);
            join(rule.tool_types, feature.tool_types);
            join(rule.cache_fields, feature.cache_fields);
        }
        for (const std::string& alias : aliases) {
            out.push_back(rule);
            out.back().target = alias;
        }
        out.push_back(std::move(rule));
    }
}

}  // namespace tollgate::config
