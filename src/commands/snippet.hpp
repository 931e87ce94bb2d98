// What a client needs to talk to the gateway, ready to paste. Pure.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "domain/target.hpp"

namespace tollgate::commands {

// "claude-code", "codex", "opencode", "openai", "settings-json".
std::span<const std::string> snippet_clients();

struct SnippetArgs {
    std::string client;    // one of snippet_clients()
    std::string base_url;  // "http://127.0.0.1:4000", with or without /v1
    std::string key;
    std::string model;                            // public name; "" : the client's own choice
    const domain::ModelTraits* target = nullptr;  // what that name leads to; null: not known
};

// Fails: invalid_request for an unknown client, with the nearest name.
// For Claude Code it sets limits where the target is smaller than the 200,000 tokens of context and
// 32,000 of output that it assumes of names it does not know.
base::Result<std::string> client_snippet(const SnippetArgs& args);

}  // namespace tollgate::commands
