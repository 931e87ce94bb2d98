#include "providers/openrouter.hpp"

#include "providers/header_list.hpp"

namespace tollgate::providers {
namespace {

constexpr std::size_t raw_bytes_max = 2'000;  // of another provider's words in our message

}  // namespace

Description OpenRouter::describe() const {
    return {"openrouter", "OpenRouter", {"api_key", "api_base", "http_referer", "x_title"}};
}

HeaderList OpenRouter::headers(const domain::Deployment& target, domain::Protocol client_protocol,
                               const http::Headers& client) const {
    HeaderList list = OpenAiCompatible::headers(target, client_protocol, client);
    set_default_header(list, "X-Title", "Tollgate");
    return list;
}

ErrorVerdict OpenRouter::classify_error(int status, const http::Headers& headers,
                                        std::string_view body, domain::Protocol protocol) const {
    auto verdict = OpenAiCompatible::classify_error(status, headers, body, protocol);
    json::Document document;
    auto root = document.parse(body);
    if (!root.ok()) return verdict;
    json::Value metadata = (*root)["error"]["metadata"];
    if (status == 403 && (metadata["reasons"].is_array() || metadata["flagged_input"].exists())) {
        verdict.failure.error_class = domain::ErrorClass::content_policy;
        return verdict;
    }
    json::Value raw = metadata["raw"];
    if (!raw.exists() || raw.is_null()) return verdict;
    std::string words = raw.is_string() ? raw.text() : std::string(raw.raw());
    if (words.empty()) return verdict;
    auto behind = dialect(protocol).decode_error(status, words);
    // "Provider returned error" says nothing: the class and the figures are in the inner answer.
    if (behind.error_class != domain::ErrorClass::bad_request &&
        verdict.failure.error_class == domain::ErrorClass::bad_request) {
        verdict.failure.error_class = behind.error_class;
        verdict.failure.prompt_tokens = behind.prompt_tokens;
        verdict.failure.context_tokens = behind.context_tokens;
        verdict.failure.max_tokens_fitting = behind.max_tokens_fitting;
    }
    if (behind.message.empty()) behind.message = words.substr(0, raw_bytes_max);
    std::string name = metadata["provider_name"].text();
    verdict.failure.message += name.empty() ? ": " : " (" + name + "): ";
    verdict.failure.message += behind.message;
    return verdict;
}

}  // namespace tollgate::providers
