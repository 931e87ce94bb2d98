// The forms that one model name takes: dated, with a context mark, of a Claude tier, spelled
// another way, with a provider in front. Pure functions on text; views borrow their argument.
#pragma once
#include <string>
#include <string_view>

namespace tollgate::routing {

// Without `[1m]` and its kin, then without `-20251101`, `-2024-08-06`, `@20251101` or `-latest`.
std::string_view without_date(std::string_view name);

// opus, sonnet, haiku, fable; "default" for another claude-* name; "" when it is not Claude's.
// Knows the short names (`opus`, `sonnet[1m]`, `opusplan`) and a provider in front
// (`anthropic/claude-...`, `us.anthropic.claude-...`).
std::string_view claude_tier(std::string_view name);

// Equal for spellings of one name: lower case, without `-`, `_`, `.` and spaces
// (`qwen-3-coder` and `Qwen3-Coder`).
std::string spelling_key(std::string_view name);

// `provider/model` parted at the first slash, `local/` taken off when a provider follows
// (`local/ollama/deepseek`). Without a slash the provider is "".
struct ModelString {
    std::string_view provider, model;
};
ModelString split_model(std::string_view text);

}  // namespace tollgate::routing
