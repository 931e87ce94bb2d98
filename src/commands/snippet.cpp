#include "commands/snippet.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/nearest.hpp"

namespace tollgate::commands {
namespace {

constexpr std::int64_t assumed_context_tokens = 200'000;
constexpr std::int64_t assumed_output_tokens = 32'000;

using Variables = std::vector<std::pair<std::string, std::string>>;

// Quoted for a shell of the POSIX kind, only where it must be.
std::string shell_quoted(std::string_view text) {
    const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-_./:@%+,").find(c) != std::string_view::npos;
    });
    if (plain) return std::string(text);
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') {
            out += "'\\''";
        } else {
            out += c;
        }
    }
    return out + "'";
}

std::string exports(const Variables& variables) {
    std::string out;
    for (const auto& [name, value] : variables) {
        out.append("export ").append(name).append("=").append(shell_quoted(value)).append("\n");
    }
    return out;
}

std::string without_v1(std::string url) {
    while (url.ends_with('/')) url.pop_back();
    if (url.ends_with("/v1")) url.resize(url.size() - 3);
    while (url.ends_with('/')) url.pop_back();
    return url;
}

// Claude Code's variables: three to begin with, more where the target needs them.
Variables claude_variables(const SnippetArgs& args) {
    Variables out = {{"ANTHROPIC_BASE_URL", without_v1(args.base_url)},
                     {"ANTHROPIC_AUTH_TOKEN", args.key}};
    // A name of ours serves every purpose, so that no call asks for a Claude model by itself.
    if (!args.model.empty()) {
        out.push_back({"ANTHROPIC_MODEL", args.model});
        out.push_back({"ANTHROPIC_DEFAULT_HAIKU_MODEL", args.model});
        out.push_back({"CLAUDE_CODE_SUBAGENT_MODEL", args.model});
    } else {
        // Lets /model offer what this key may use.
        out.push_back({"CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY", "1"});
    }
    if (args.target == nullptr) return out;
    const domain::ModelTraits& target = *args.target;
    if (target.output_tokens_max > 0 && target.output_tokens_max < assumed_output_tokens) {
        out.push_back({"CLAUDE_CODE_MAX_OUTPUT_TOKENS", std::to_string(target.output_tokens_max)});
    }
    if (target.context_tokens > 0 && target.context_tokens < assumed_context_tokens) {
        out.push_back({"CLAUDE_CODE_AUTO_COMPACT_WINDOW", std::to_string(target.context_tokens)});
    }
    return out;
}

std::string settings_json(const SnippetArgs& args) {
    std::string out = "{\n  \"env\": {";
    const char* separator = "\n    ";
    for (const auto& [name, value] : claude_variables(args)) {
        out += separator;
        json::append_string(out, std::string_view(name));
        out += ": ";
        json::append_string(out, std::string_view(value));
        separator = ",\n    ";
    }
    return out + "\n  }\n}\n";
}

// TOML basic strings escape as JSON does.
std::string quoted(std::string_view text) {
    std::string out;
    json::append_string(out, text);
    return out;
}

std::string codex(const SnippetArgs& args) {
    const std::string model = args.model.empty() ? "gpt-5.4" : args.model;
    std::string out = "# ~/.codex/config.toml\n";
    out += "model = " + quoted(model) + "\nmodel_provider = \"tollgate\"\n";
    if (args.target != nullptr && args.target->context_tokens > 0) {
        out += "model_context_window = " + std::to_string(args.target->context_tokens) + "\n";
    }
    out += "\n[model_providers.tollgate]\nname = \"Tollgate\"\n";
    out += "base_url = " + quoted(without_v1(args.base_url) + "/v1") + "\n";
    out += "env_key = \"TOLLGATE_API_KEY\"\nwire_api = \"responses\"\n\n# in the shell\n";
    return out + exports({{"TOLLGATE_API_KEY", args.key}});
}

std::string opencode(const SnippetArgs& args) {
    const std::string model = args.model.empty() ? "sonnet" : args.model;
    std::string limit;
    if (args.target != nullptr && args.target->output_tokens_max > 0) {
        limit = ", \"limit\": {\"context\": " + std::to_string(args.target->context_tokens) +
                ", \"output\": " + std::to_string(args.target->output_tokens_max) + "}";
    }
    std::string out = "{\n  \"$schema\": \"https://opencode.ai/config.json\",\n  \"provider\": {\n";
    out += "    \"tollgate\": {\n      \"npm\": \"@ai-sdk/openai-compatible\",\n";
    out += "      \"name\": \"Tollgate\",\n      \"options\": {\n        \"baseURL\": ";
    out += quoted(without_v1(args.base_url) + "/v1") + ",\n        \"apiKey\": ";
    out += quoted(args.key) + "\n      },\n      \"models\": {" + quoted(model) + ": {\"name\": ";
    out += quoted(model) + limit + "}}\n    }\n  },\n  \"model\": ";
    return out + quoted("tollgate/" + model) + "\n}\n";
}

}  // namespace

std::span<const std::string> snippet_clients() {
    static const std::array<std::string, 5> names = {"claude-code", "codex", "opencode", "openai",
                                                     "settings-json"};
    return names;
}

base::Result<std::string> client_snippet(const SnippetArgs& args) {
    if (args.client == "claude-code") return exports(claude_variables(args));
    if (args.client == "settings-json") return settings_json(args);
    if (args.client == "codex") return codex(args);
    if (args.client == "opencode") return opencode(args);
    if (args.client == "openai") {
        return exports(
            {{"OPENAI_BASE_URL", without_v1(args.base_url) + "/v1"}, {"OPENAI_API_KEY", args.key}});
    }
    std::string message = "unknown client \"" + args.client + "\"";
    const auto near = base::nearest(args.client, snippet_clients(), 1, false);
    if (!near.empty()) message += "; did you mean " + near.front() + "?";
    return base::invalid(
        message + " (clients: claude-code, codex, opencode, openai, settings-json)", "client");
}

}  // namespace tollgate::commands
