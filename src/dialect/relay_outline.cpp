// What a body says of itself at its top level, for requests that are passed on as they are.
#include <algorithm>
#include <array>

#include "dialect/dialect.hpp"
#include "dialect/relay_fields.hpp"

namespace tollgate::dialect {
namespace {

base::Error wrong(std::string_view field, std::string_view problem) {
    std::string message(field);
    message += ": ";
    message += problem;
    return base::invalid(std::move(message), std::string(field));
}

base::Result<void> read_model(Outline& outline, base::Arena& arena) {
    const json::TopField* field = find_field(outline.fields, "model");
    if (field == nullptr) return wrong("model", "the name of a model is required");
    outline.model_begin = field->offset;
    outline.model_end = field->offset + field->value.size();
    const json::Raw value = field->value;
    if (value.size() > 2 && value.front() == '"' && value.find('\\') == json::Raw::npos) {
        outline.model = value.substr(1, value.size() - 2);
        return {};
    }
    json::Document document;
    const auto parsed = document.parse(value);
    if (!parsed.ok()) return parsed.error();
    if (!parsed->is_string() || parsed->string_empty()) {
        return wrong("model", "the name of a model is required");
    }
    outline.model = parsed->text(arena);
    return {};
}

base::Result<void> read_stream(Outline& outline) {
    const json::TopField* field = find_field(outline.fields, "stream");
    if (field == nullptr || field->value == "false" || field->value == "null") return {};
    if (field->value != "true") return wrong("stream", "true or false is required");
    outline.stream = true;
    return {};
}

base::Result<void> read_stream_options(Outline& outline) {
    const json::TopField* field = find_field(outline.fields, "stream_options");
    if (field == nullptr || field->value == "null") return {};
    json::Document document;
    const auto parsed = document.parse(field->value);
    if (!parsed.ok()) return parsed.error();
    if (!parsed->is_object()) return wrong("stream_options", "an object is required");
    outline.include_usage = (*parsed)["include_usage"].boolean().value_or(false);
    return {};
}

// Of two spellings a provider may honour either, so the larger counts.
std::int64_t most_tokens(domain::Protocol protocol, const std::vector<json::TopField>& fields) {
    std::int64_t most = 0;
    for (const json::TopField* field : max_tokens_fields(protocol, fields)) {
        if (field == nullptr) continue;
        most = std::max<std::int64_t>(most, json::whole_number(field->value).value_or(0));
    }
    return most;
}

// What the fields, which are found already, say.
base::Result<void> read_fields(domain::Protocol protocol, Outline& outline, base::Arena& arena) {
    TRY_VOID(read_model(outline, arena));
    TRY_VOID(read_stream(outline));
    if (protocol == domain::Protocol::openai_chat ||
        protocol == domain::Protocol::openai_completions) {
        TRY_VOID(read_stream_options(outline));
    }
    if (protocol == domain::Protocol::openai_chat) {
        outline.foreign = find_field(outline.fields, "messages") == nullptr &&
                          find_field(outline.fields, "input") != nullptr;
    }
    outline.max_tokens = most_tokens(protocol, outline.fields);
    return {};
}

constexpr std::array<std::string_view, 5> hosted_words = {
    "web_search", "google_search", "googleSearch", "code_execution", "codeExecution"};

bool is_hosted_word(json::Value key) {
    if (key.may_have_escapes()) {
        return std::any_of(hosted_words.begin(), hosted_words.end(),
                           [&](std::string_view word) { return key.equals(word); });
    }
    const std::string_view name = key.escaped().raw;
    for (const std::string_view word : hosted_words) {
        // The first letter first: most words of that length are others.
        if (name.size() == word.size() && name.front() == word.front() && name == word) return true;
    }
    return false;
}

bool is_hosted(json::Value tool) {
    const json::Value::Range members = tool.members();
    for (auto at = members.begin(); at != members.end(); ++at) {
        const json::Value value = *at;
        if (value.is_object()) {
            if (is_hosted_word(at.key())) return true;
        } else if (value.is_string() && at.key().equals("type")) {
            const std::string kind = value.text();
            if (kind.starts_with("web_search") || kind.starts_with("code_execution")) return true;
        }
    }
    return false;
}

}  // namespace

std::span<const std::string_view> hosted_tool_words() { return hosted_words; }

bool names_hosted_tool(json::Value tools) {
    for (const json::Value tool : tools.elements()) {
        if (is_hosted(tool)) return true;
    }
    return false;
}

MaxTokensFields max_tokens_fields(domain::Protocol protocol,
                                  const std::vector<json::TopField>& fields) {
    const auto given = [&fields](std::string_view name) -> const json::TopField* {
        const json::TopField* field = find_field(fields, name);
        return field != nullptr && field->value != "null" ? field : nullptr;
    };
    if (protocol == domain::Protocol::openai_responses) return {given("max_output_tokens")};
    if (protocol == domain::Protocol::openai_chat) {
        return {given("max_completion_tokens"), given("max_tokens")};
    }
    return {given("max_tokens")};
}

std::string_view envelope_version(domain::Envelope envelope) {
    return envelope == domain::Envelope::bedrock ? R"("bedrock-2023-05-31")"
                                                 : R"("vertex-2023-10-16")";
}

base::Result<Outline> outline(domain::Protocol protocol, std::string_view body,
                              base::Arena& arena) {
    Outline outline;
    TRY_VOID(json::scan_top_level(body, outline.fields));
    TRY_VOID(read_fields(protocol, outline, arena));
    return outline;
}

base::Result<Outline> outline(domain::Protocol protocol, const json::Document& parsed,
                              base::Arena& arena) {
    Outline outline;
    TRY_VOID(json::top_level_of(parsed, outline.fields));
    TRY_VOID(read_fields(protocol, outline, arena));
    outline.hosted_tool = find_field(outline.fields, "tools") != nullptr &&
                          names_hosted_tool(parsed.root()["tools"]);
    return outline;
}

base::Result<Outline> outline_translated(domain::Protocol protocol, std::string_view body) {
    Outline outline;
    TRY_VOID(json::scan_top_level(body, outline.fields));
    outline.max_tokens = most_tokens(protocol, outline.fields);
    return outline;
}

}  // namespace tollgate::dialect
