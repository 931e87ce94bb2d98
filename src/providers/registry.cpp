#include "providers/registry.hpp"

#include <algorithm>
#include <cassert>

#include "providers/anthropic.hpp"
#include "providers/azure_ai.hpp"
#include "providers/azure_openai.hpp"
#include "providers/bedrock.hpp"
#include "providers/bedrock_mantle.hpp"
#include "providers/cohere.hpp"
#include "providers/echo.hpp"
#include "providers/gemini.hpp"
#include "providers/ollama.hpp"
#include "providers/openai.hpp"
#include "providers/openai_compatible.hpp"
#include "providers/openrouter.hpp"
#include "providers/vertex.hpp"

namespace tollgate::providers {
Registry::Registry(const Dialects& dialects, BetaFilter betas)
    : dialects_(dialects), betas_(std::move(betas)) {
    assert(dialects_.anthropic && dialects_.openai_chat && dialects_.openai_responses &&
           dialects_.ollama && dialects_.cohere && dialects_.bedrock_converse &&
           dialects_.bedrock_invoke && dialects_.gemini);
#define TOLLGATE_PROVIDER(type, spoken, Class, ...) \
    entries_.push_back({type, domain::Protocol::spoken, std::make_unique<Class>(__VA_ARGS__)});
#include "providers/builtin.def"
#undef TOLLGATE_PROVIDER
}

const Provider* Registry::find(std::string_view type) const {
    auto found = std::ranges::find(entries_, type, &Entry::type);
    return found == entries_.end() ? nullptr : found->provider.get();
}

const Provider& Registry::serving(const domain::ProviderTraits& row) const {
    if (row.echo) return *find("echo");
    // Both of OpenAI's protocols are one provider: it chooses between them per request.
    auto protocol = row.protocol == domain::Protocol::openai_responses
                        ? domain::Protocol::openai_chat
                        : row.protocol;
    const Entry* shared = nullptr;
    for (const Entry& entry : entries_) {
        if (entry.protocol != protocol) continue;
        if (entry.type == row.type) return *entry.provider;
        if (!shared) shared = &entry;
    }
    assert(shared);
    return *shared->provider;
}

std::vector<Description> Registry::describe() const {
    std::vector<Description> all;
    for (const auto& entry : entries_) all.push_back(entry.provider->describe());
    return all;
}

}  // namespace tollgate::providers
