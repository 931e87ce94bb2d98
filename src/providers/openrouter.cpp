#include "providers/openrouter.hpp"

#include "providers/header_list.hpp"

namespace tollgate::providers {

Description OpenRouter::describe() const {
    return {"openrouter", "OpenRouter", {"api_key", "api_base", "http_referer", "x_title"}};
}

HeaderList OpenRouter::headers(const domain::Deployment& target, domain::Protocol client_protocol,
                               const http::Headers& client) const {
    HeaderList list = OpenAiCompatible::headers(target, client_protocol, client);
    list.set_default("X-Title", "Tollgate");
    return list;
}

ErrorVerdict OpenRouter::classify_error(int status, const http::Headers& headers,
                                        std::string_view body, domain::Protocol protocol) const {
    auto verdict = OpenAiCompatible::classify_error(status, headers, body, protocol);
    if (status != 403) return verdict;
    json::Document document;
    auto root = document.parse(body);
    if (!root.ok()) return verdict;
    json::Value metadata = (*root)["error"]["metadata"];
    if (metadata["reasons"].is_array() || metadata["flagged_input"].exists()) {
        verdict.failure.error_class = domain::ErrorClass::content_policy;
    }
    return verdict;
}

}  // namespace tollgate::providers
