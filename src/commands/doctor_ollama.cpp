// Ollama cuts a prompt that is longer than the context it has loaded, and says nothing: this does.
#include "base/json.hpp"
#include "commands/doctor.hpp"

namespace tollgate::commands {
namespace {

std::string context_hint(const std::string& model) {
    return "a Claude Code prompt needs more and would be cut: set `num_ctx: 65536` in the "
           "litellm_params of " +
           model + ", or OLLAMA_CONTEXT_LENGTH=65536 for the server";
}

}  // namespace

Checks check_ollama_contexts(const std::string& name, std::string_view ps_body) {
    json::Document document;
    auto root = document.parse(ps_body);
    if (!root.ok()) return {};
    Checks checks;
    for (const json::Value model : root->operator[]("models").elements()) {
        const auto context = model["context_length"].integer();
        if (!context) continue;
        const std::string model_name = model["name"].text();
        const bool small = *context < agent_context_tokens;
        checks.push_back({name + ": context of " + model_name, small ? Health::warn : Health::ok,
                          "loaded with " + std::to_string(*context) + " tokens",
                          small ? context_hint(model_name) : "", -1});
    }
    return checks;
}

Checks check_num_ctx(const std::vector<domain::Deployment>& deployments) {
    Checks checks;
    for (const domain::Deployment& target : deployments) {
        if (target.num_ctx <= 0 || target.num_ctx >= agent_context_tokens) continue;
        checks.push_back({target.group + ": num_ctx", Health::warn,
                          "configured as " + std::to_string(target.num_ctx) + " tokens",
                          context_hint(target.group), -1});
    }
    return checks;
}

}  // namespace tollgate::commands
