#include "providers/cohere.hpp"

#include "providers/header_list.hpp"
#include "providers/registry.hpp"
#include "providers/retry_after.hpp"

namespace tollgate::providers {

using domain::Protocol;

Description Cohere::describe() const { return {"cohere", "Cohere", {"api_key", "api_base"}}; }

Protocol Cohere::protocol_for(const domain::Deployment&, const dialect::Outline&,
                              Protocol) const {
    return Protocol::cohere;
}

const dialect::ProviderDialect& Cohere::dialect(Protocol) const { return *dialects_.cohere; }

std::string Cohere::relay_path(const domain::Deployment& target, Protocol, std::string_view,
                               bool) const {
    std::string_view path = target.provider.chat_path;
    // A custom row that names no path has the default of OpenAI's shape, which is another protocol.
    if (path.empty() || path == "/chat/completions") path = "/v2/chat";
    if (std::string_view(target.base_url).ends_with("/v2") && path.starts_with("/v2/")) {
        path.remove_prefix(3);
    }
    return std::string(path);
}

HeaderList Cohere::headers(const domain::Deployment& target, Protocol,
                           const http::Headers&) const {
    HeaderList list;
    list.set("content-type", "application/json");
    list.set("accept", "application/json, text/event-stream");
    list.set("user-agent", gateway_user_agent);
    add_configured(list, target);
    add_credential(list, target);
    return list;
}

ErrorVerdict Cohere::classify_error(int status, const http::Headers& headers,
                                    std::string_view body, Protocol protocol) const {
    return {dialect(protocol).decode_error(status, body), retry_after(status, headers)};
}

}  // namespace tollgate::providers
