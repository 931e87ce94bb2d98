#include "providers/anthropic.hpp"

#include <cstring>

#include "providers/header_list.hpp"
#include "providers/registry.hpp"
#include "providers/retry_after.hpp"

namespace tollgate::providers {
namespace {

using domain::Protocol;

constexpr std::string_view default_version = "2023-06-01";

// Nearly all clients write small letters, and those of a constant are compared without a call.
inline bool starts_with_any_case(std::string_view text, std::string_view prefix) {
    if (text.size() < prefix.size()) return false;
    return std::memcmp(text.data(), prefix.data(), prefix.size()) == 0 ||
           http::iequals(text.substr(0, prefix.size()), prefix);
}

// A custom row that names no path has the default of OpenAI's shape, which is never meant here.
std::string_view messages_path(const domain::Deployment& target) {
    std::string_view path = target.provider.chat_path;
    return path.empty() || path == "/chat/completions" ? "/v1/messages" : path;
}

std::string with_query(std::string_view path, std::string_view query) {
    std::string target;
    target.reserve(path.size() + 1 + query.size());
    target = path;
    if (!query.empty()) target.append(1, '?').append(query);
    return target;
}

// The configured betas join the client's: replacing them would switch the client's features off.
void merge_betas(HeaderList& list, std::string_view configured) {
    if (!list.has("anthropic-beta")) return list.append("anthropic-beta", configured);
    std::string merged(list.get("anthropic-beta"));
    merged.append(1, ',').append(configured);
    list.set("anthropic-beta", list.keep(std::move(merged)));
}

}  // namespace

bool passes_to_anthropic(std::string_view header_name) {
    // The third letter tells all of them apart.
    constexpr std::size_t telling = 2;
    constexpr char case_bit = 0x20;
    if (header_name.size() <= telling) return false;
    switch (header_name[telling] | case_bit) {
        case 't': return starts_with_any_case(header_name, "anthropic-");
        case 's': return starts_with_any_case(header_name, "x-stainless-");
        case 'c':
            return starts_with_any_case(header_name, "x-claude-code-") ||
                   http::iequals(header_name, "accept");
        case 'n': return http::iequals(header_name, "content-type");
        case 'e': return http::iequals(header_name, "user-agent");
        case 'a': return http::iequals(header_name, "x-app");
        default: return false;
    }
}

Description Anthropic::describe() const {
    return {"anthropic", "Anthropic", {"api_key", "api_base", "headers"}};
}

Protocol Anthropic::protocol_for(const domain::Deployment&, const dialect::Outline&,
    Protocol) const {
    return Protocol::anthropic;
}

const dialect::ProviderDialect& Anthropic::dialect(Protocol) const { return *dialects_.anthropic; }

std::string Anthropic::relay_path(const domain::Deployment& target, Protocol,
                                  std::string_view client_query, bool) const {
    return with_query(path_below(target.base_url, messages_path(target)), client_query);
}

std::optional<CountTokensCall> Anthropic::count_tokens(const domain::Deployment& target, Protocol,
                                                       std::string_view client_query,
                                                       std::string_view) const {
    std::string path(path_below(target.base_url, messages_path(target)));
    return CountTokensCall{with_query(path + "/count_tokens", client_query), {}};
}

base::Result<std::vector<dialect::Splice>> Anthropic::body_splices(
    const domain::Deployment& target, Protocol, std::string_view body,
    const dialect::Outline& outline, const http::Headers& client,
    dialect::Translation& translation) const {
    return betas_.body_splices(target, body, outline, client, translation);
}

HeaderList Anthropic::headers(const domain::Deployment& target, Protocol client_protocol,
                              const http::Headers& client) const {
    HeaderList list = headers_without_key(target, client_protocol, client);
    add_credential(list, target);
    return list;
}

HeaderList Anthropic::headers_without_key(const domain::Deployment& target,
                                          Protocol client_protocol,
                                          const http::Headers& client) const {
    constexpr std::size_t own_headers = 8;
    HeaderList list;
    list.reserve(client.size() + own_headers);
    if (client_protocol == Protocol::anthropic) {
        for (const http::Header& header : client) {
            if (!passes_to_anthropic(header.name)) continue;
            const bool beta = http::iequals(header.name, "anthropic-beta");
            if (beta && header.value.empty()) continue;
            if (!beta || !betas_.knows(target)) {
                list.append(header);
                continue;
            }
            std::vector<std::string> removed;
            auto kept = betas_.filter_header(target, header.value, removed);
            if (!kept.empty()) list.append(header.name, list.keep(std::move(kept)));
        }
    }
    list.set_default("content-type", "application/json");
    list.set_default("user-agent", gateway_user_agent);
    for (const auto& [name, value] : target.provider.headers) list.set_default(name, value);
    for (const auto& [name, value] : target.extra_headers) {
        if (http::iequals(name, "anthropic-beta")) merge_betas(list, value);
        else list.set(name, value);
    }
    list.set_default("anthropic-version", default_version);
    return list;
}

ErrorVerdict Anthropic::classify_error(int status, const http::Headers& headers,
                                       std::string_view body, Protocol protocol) const {
    return {dialect(protocol).decode_error(status, body), retry_after(status, headers)};
}

}  // namespace tollgate::providers
