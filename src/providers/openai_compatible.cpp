#include "providers/openai_compatible.hpp"

#include "providers/header_list.hpp"
#include "providers/registry.hpp"
#include "providers/retry_after.hpp"

namespace tollgate::providers {
namespace {

using domain::ErrorClass;
using domain::Protocol;

constexpr int groq_capacity_exceeded = 498;

// True when the body names at least one tool: `"tools": []` asks for nothing.
bool has_tools(const dialect::Outline& outline) {
    for (const auto& field : outline.fields) {
        if (!json::key_equals(field.key, "tools")) continue;
        return field.value.find('{') != std::string_view::npos;
    }
    return false;
}

// True when the body asks for a tool that OpenAI-like servers run behind Responses alone.
bool has_hosted_tool(const dialect::Outline& outline) {
    if (outline.hosted_tool) return *outline.hosted_tool;
    for (const auto& field : outline.fields) {
        if (!json::key_equals(field.key, "tools")) continue;
        // Tools of a coding agent are half of its request: they are parsed only for a reason.
        if (!json::may_hold_string_with(field.value, dialect::hosted_tool_words())) return false;
        json::Document document;
        const auto tools = document.parse(field.value);
        return tools.ok() && dialect::names_hosted_tool(*tools);  // the decoder says what is wrong
    }
    return false;
}

// What a status says by itself, where the body's words left it at "bad request".
ErrorClass refined(ErrorClass by_body, int status) {
    if (by_body != ErrorClass::bad_request && by_body != ErrorClass::none) return by_body;
    switch (status) {
        case 401: case 403: return ErrorClass::credential;
        case 402: case 429: return ErrorClass::rate_limited;  // 402: this account is out of credit
        case 408: return ErrorClass::timeout;
        case 425: case 503: case 529: case groq_capacity_exceeded: return ErrorClass::overloaded;
        default: return status >= 500 ? ErrorClass::provider_fault : ErrorClass::bad_request;
    }
}

}  // namespace

Description OpenAiCompatible::describe() const {
    return {"openai_compatible", "OpenAI-compatible server", {"api_key", "api_base", "headers"}};
}

Protocol OpenAiCompatible::protocol_for(const domain::Deployment& target,
                                        const dialect::Outline& outline,
                                        Protocol client) const {
    if (!target.provider.responses) return Protocol::openai_chat;
    if (target.model.responses_only || client == Protocol::openai_responses) {
        return Protocol::openai_responses;
    }
    bool only_there = target.model.tools_need_responses && has_tools(outline);
    // Its search models are served by Chat alone, and search by themselves.
    const bool searches = target.model_name.find("-search-") != std::string::npos;
    only_there = only_there || (client != Protocol::openai_chat && !searches &&
                                has_hosted_tool(outline));
    return only_there ? Protocol::openai_responses : Protocol::openai_chat;
}

const dialect::ProviderDialect& OpenAiCompatible::dialect(Protocol protocol) const {
    return protocol == Protocol::openai_responses ? *dialects_.openai_responses
                                                  : *dialects_.openai_chat;
}

std::string OpenAiCompatible::relay_path(const domain::Deployment& target, Protocol protocol,
                                         std::string_view, bool) const {
    if (protocol == Protocol::openai_responses) return "/responses";
    return std::string(path_below(target.base_url, target.provider.chat_path));
}

HeaderList OpenAiCompatible::headers(const domain::Deployment& target, Protocol,
                                     const http::Headers&) const {
    HeaderList list = headers_without_key(target);
    add_credential(list, target);
    return list;
}

HeaderList OpenAiCompatible::headers_without_key(const domain::Deployment& target) const {
    constexpr std::size_t own_headers = 8;
    HeaderList list;
    list.reserve(own_headers + target.provider.headers.size() + target.extra_headers.size());
    list.set("content-type", "application/json");
    list.set("user-agent", gateway_user_agent);
    add_configured(list, target);
    return list;
}

ErrorVerdict OpenAiCompatible::classify_error(int status, const http::Headers& headers,
                                              std::string_view body, Protocol protocol) const {
    ErrorVerdict verdict;
    verdict.failure = dialect(protocol).decode_error(status, body);
    verdict.failure.error_class = refined(verdict.failure.error_class, status);
    verdict.retry_after = retry_after(status, headers);
    return verdict;
}

}  // namespace tollgate::providers
