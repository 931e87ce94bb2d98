// Which Provider serves which deployment. Built once, then const and thread-safe; owns the
// providers, borrows the dialects (whoever called dialect::make_*() keeps them alive).
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "providers/betas.hpp"
#include "providers/provider.hpp"

namespace tollgate::providers {

// Sent where no client's own user-agent is passed on; some hosts refuse requests without one.
constexpr std::string_view gateway_user_agent = "tollgate";

// The provider sides of the dialects; all set, all outlive the registry.
struct Dialects {
    const dialect::ProviderDialect* anthropic = nullptr;
    const dialect::ProviderDialect* openai_chat = nullptr;
    const dialect::ProviderDialect* openai_responses = nullptr;
    const dialect::ProviderDialect* ollama = nullptr;
    const dialect::ProviderDialect* gemini = nullptr;
    const dialect::ProviderDialect* bedrock_converse = nullptr;
    const dialect::ProviderDialect* bedrock_invoke = nullptr;
    const dialect::ProviderDialect* cohere = nullptr;
};

class Registry {
public:
    // REQUIRES: every dialect is set.
    Registry(const Dialects& dialects, BetaFilter betas);
    Registry(const Registry&) = delete;  // the providers refer to our dialects and betas
    Registry& operator=(const Registry&) = delete;

    // The built-in of that type (builtin.def); null when the type has no code of its own.
    const Provider* find(std::string_view type) const;
    // The built-in of the row's type when it speaks the row's protocol (a custom row may carry a
    // built-in's name), else the one that serves every row of that protocol.
    const Provider& serving(const domain::ProviderTraits& row) const;
    // Those of builtin.def in its order, for the administration's forms.
    std::vector<Description> describe() const;
    const BetaFilter& betas() const { return betas_; }

private:
    struct Entry {
        std::string_view type;
        domain::Protocol protocol;
        std::unique_ptr<Provider> provider;
    };
    Dialects dialects_;
    BetaFilter betas_;
    std::vector<Entry> entries_;
};

}  // namespace tollgate::providers
