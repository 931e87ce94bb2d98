#include "providers/ollama.hpp"

#include "providers/header_list.hpp"
#include "providers/registry.hpp"
#include "providers/retry_after.hpp"

namespace tollgate::providers {

using domain::Protocol;

Description Ollama::describe() const {
    return {"ollama", "Ollama", {"api_base", "api_key", "num_ctx"}};
}

Protocol Ollama::protocol_for(const domain::Deployment&, const dialect::Outline&,
    Protocol) const {
    return Protocol::ollama;
}

const dialect::ProviderDialect& Ollama::dialect(Protocol) const { return *dialects_.ollama; }

std::string Ollama::relay_path(const domain::Deployment& target, Protocol,
                               std::string_view, bool) const {
    constexpr std::string_view native = "/api/chat";
    std::string_view path = target.provider.chat_path;
    // A custom row that names no path has the default of OpenAI's shape, which is another protocol.
    if (path.empty() || path == "/chat/completions") path = native;
    if (std::string_view(target.base_url).ends_with("/api") && path.starts_with("/api/")) {
        path.remove_prefix(4);
    }
    return std::string(path);
}

HeaderList Ollama::headers(const domain::Deployment& target, Protocol,
                           const http::Headers&) const {
    HeaderList list;
    list.set("content-type", "application/json");
    list.set("user-agent", gateway_user_agent);
    add_configured(list, target);
    add_credential(list, target);
    return list;
}

ErrorVerdict Ollama::classify_error(int status, const http::Headers& headers,
                                    std::string_view body, Protocol protocol) const {
    return {dialect(protocol).decode_error(status, body), retry_after(status, headers)};
}

}  // namespace tollgate::providers
