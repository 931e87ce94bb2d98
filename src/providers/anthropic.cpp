#include "providers/anthropic.hpp"

#include <algorithm>
#include <array>

#include "providers/header_list.hpp"
#include "providers/registry.hpp"
#include "providers/retry_after.hpp"

namespace tollgate::providers {
namespace {

using domain::Protocol;

constexpr std::string_view default_version = "2023-06-01";

bool starts_with_any_case(std::string_view text, std::string_view prefix) {
    return text.size() >= prefix.size() && http::iequals(text.substr(0, prefix.size()), prefix);
}

// A custom row that names no path has the default of OpenAI's shape, which is never meant here.
std::string_view messages_path(const domain::Deployment& target) {
    std::string_view path = target.provider.chat_path;
    return path.empty() || path == "/chat/completions" ? "/v1/messages" : path;
}

std::string with_query(std::string_view path, std::string_view query) {
    std::string target(path);
    if (!query.empty()) target.append(1, '?').append(query);
    return target;
}

// The configured betas join the client's: replacing them would switch the client's features off.
void merge_betas(HeaderList& list, std::string_view configured) {
    for (auto& [name, value] : list) {
        if (!http::iequals(name, "anthropic-beta")) continue;
        value.append(1, ',').append(configured);
        return;
    }
    list.emplace_back("anthropic-beta", configured);
}

}  // namespace

bool passes_to_anthropic(std::string_view header_name) {
    constexpr std::array<std::string_view, 3> prefixes = {"anthropic-", "x-stainless-",
                                                          "x-claude-code-"};
    constexpr std::array<std::string_view, 4> names = {"content-type", "accept", "user-agent",
                                                       "x-app"};
    return std::ranges::any_of(
               prefixes, [&](auto prefix) { return starts_with_any_case(header_name, prefix); }) ||
           std::ranges::any_of(names,
                               [&](auto name) { return http::iequals(header_name, name); });
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
    constexpr std::size_t own_headers = 8;
    HeaderList list;
    list.reserve(client.size() + own_headers);
    if (client_protocol == Protocol::anthropic) {
        for (const auto& header : client) {
            if (!passes_to_anthropic(header.name)) continue;
            if (!http::iequals(header.name, "anthropic-beta")) {
                list.emplace_back(header.name, header.value);
                continue;
            }
            std::vector<std::string> removed;
            auto kept = betas_.filter_header(target, header.value, removed);
            if (!kept.empty()) list.emplace_back(header.name, std::move(kept));
        }
    }
    set_default_header(list, "content-type", "application/json");
    set_default_header(list, "user-agent", gateway_user_agent);
    for (const auto& [name, value] : target.provider.headers) {
        set_default_header(list, name, value);
    }
    for (const auto& [name, value] : target.extra_headers) {
        if (http::iequals(name, "anthropic-beta")) merge_betas(list, value);
        else set_header(list, name, value);
    }
    set_default_header(list, "anthropic-version", default_version);
    add_credential(list, target);
    return list;
}

ErrorVerdict Anthropic::classify_error(int status, const http::Headers& headers,
                                       std::string_view body, Protocol protocol) const {
    return {dialect(protocol).decode_error(status, body), retry_after(status, headers)};
}

}  // namespace tollgate::providers
