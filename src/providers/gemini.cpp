#include "providers/gemini.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "providers/header_list.hpp"
#include "providers/registry.hpp"
#include "providers/retry_after.hpp"

namespace tollgate::providers {
namespace {

using domain::Protocol;

// Tuned models and those named in full have a collection of their own.
std::string model_resource(const domain::Deployment& target) {
    const std::string_view name = target.model_name;
    const bool whole = name.starts_with("models/") || name.starts_with("tunedModels/");
    return (whole ? "" : "models/") + google_path(name);
}

std::string model_path(const domain::Deployment& target, std::string_view method) {
    std::string path = ends_in_version(target.base_url) ? "/" : "/v1beta/";
    path += model_resource(target);
    path += ':';
    path += method;
    return path;
}

std::string_view without_braces(std::string_view object) {
    const std::size_t first = object.find('{'), last = object.rfind('}');
    if (first == object.npos || last <= first) return {};
    return object.substr(first + 1, last - first - 1);
}

// "17s" of the detail RetryInfo.
std::chrono::milliseconds retry_delay(std::string_view body) {
    json::Document document;
    const auto parsed = document.parse(body);
    if (!parsed.ok()) return std::chrono::milliseconds(-1);
    json::Value root = *parsed;
    for (json::Value each : root.elements()) {
        root = each;
        break;
    }
    for (json::Value detail : root["error"]["details"].elements()) {
        const auto delay = parse_duration(detail["retryDelay"].text());
        if (detail["retryDelay"].is_string() && delay) return std::min(*delay, retry_after_max);
    }
    return std::chrono::milliseconds(-1);
}

}  // namespace

std::string google_path(std::string_view name) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string path;
    for (char c : name) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool plain = letter || (c >= '0' && c <= '9') ||
                           std::string_view("-._~@/").find(c) != std::string_view::npos;
        if (plain) {
            path += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        path += '%';
        path += digits[byte >> 4];
        path += digits[byte & 15];
    }
    return path;
}

bool ends_in_version(std::string_view base_url) {
    if (base_url.ends_with('/')) base_url.remove_suffix(1);
    const std::size_t slash = base_url.rfind('/');
    if (slash == base_url.npos) return false;
    const std::string_view last = base_url.substr(slash + 1);
    return last.size() >= 2 && last[0] == 'v' && last[1] >= '1' && last[1] <= '9';
}

void add_google_credential(HeaderList& list, const domain::Deployment& target) {
    const std::string_view key = target.api_key;
    if (key.empty() || target.provider.auth == domain::AuthStyle::none) return;
    // OAuth access tokens begin with ya29, API keys with AIza or AQ.
    const bool token = key.starts_with("ya29.");
    const bool api_key = key.starts_with("AIza") || key.starts_with("AQ.");
    const bool bearer = target.provider.auth == domain::AuthStyle::bearer;
    if (token || (bearer && !api_key)) {
        list.set("authorization", list.keep("Bearer " + target.api_key));
    } else {
        list.set("x-goog-api-key", key);
    }
}

ErrorVerdict google_error(const dialect::ProviderDialect& dialect, int status,
                          const http::Headers& headers, std::string_view body) {
    ErrorVerdict verdict{dialect.decode_error(status, body), retry_after(status, headers)};
    if (verdict.retry_after.count() < 0) verdict.retry_after = retry_delay(body);
    return verdict;
}

std::optional<std::int64_t> google_token_count(std::string_view answer) {
    json::Document document;
    const auto root = document.parse(answer);
    if (!root.ok()) return std::nullopt;
    const auto total = (*root)["totalTokens"].integer();
    return total && *total > 0 ? total : std::nullopt;
}

Description Gemini::describe() const {
    return {"gemini", "Google Gemini", {"api_key", "api_base", "headers"}};
}

Protocol Gemini::protocol_for(const domain::Deployment&, const dialect::Outline&,
                              Protocol) const {
    return Protocol::gemini;
}

const dialect::ProviderDialect& Gemini::dialect(Protocol) const { return *dialects_.gemini; }

std::string Gemini::relay_path(const domain::Deployment& target, Protocol, std::string_view,
                               bool stream) const {
    return model_path(target, stream ? "streamGenerateContent?alt=sse" : "generateContent");
}

std::optional<CountTokensCall> Gemini::count_tokens(const domain::Deployment& target, Protocol,
                                                    std::string_view,
                                                    std::string_view body) const {
    CountTokensCall call{model_path(target, "countTokens"),
                         R"({"generateContentRequest":{"model":)"};
    json::append_string(call.body, model_resource(target));
    const std::string_view members = without_braces(body);
    if (!members.empty()) call.body.append(1, ',').append(members);
    call.body += "}}";
    return call;
}

std::optional<std::int64_t> Gemini::read_token_count(std::string_view answer) const {
    return google_token_count(answer);
}

HeaderList Gemini::headers(const domain::Deployment& target, Protocol,
                           const http::Headers&) const {
    HeaderList list;
    list.set("content-type", "application/json");
    list.set("user-agent", gateway_user_agent);
    add_configured(list, target);
    add_google_credential(list, target);
    return list;
}

ErrorVerdict Gemini::classify_error(int status, const http::Headers& headers,
                                    std::string_view body, Protocol) const {
    return google_error(*dialects_.gemini, status, headers, body);
}

}  // namespace tollgate::providers
