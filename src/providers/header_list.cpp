#include "providers/header_list.hpp"

#include <algorithm>

namespace tollgate::providers {
namespace {

auto find_header(auto& list, std::string_view name) {
    return std::ranges::find_if(
        list, [&](const auto& header) { return http::iequals(header.first, name); });
}

}  // namespace

bool has_header(const HeaderList& list, std::string_view name) {
    return find_header(list, name) != list.end();
}

void set_header(HeaderList& list, std::string_view name, std::string_view value) {
    auto found = find_header(list, name);
    if (found == list.end()) list.emplace_back(name, value);
    else found->second = value;
}

void set_default_header(HeaderList& list, std::string_view name, std::string_view value) {
    if (!has_header(list, name)) list.emplace_back(name, value);
}

void add_credential(HeaderList& list, const domain::Deployment& target) {
    if (target.api_key.empty()) return;
    switch (target.provider.auth) {
        case domain::AuthStyle::bearer:
            set_header(list, "authorization", "Bearer " + target.api_key);
            return;
        case domain::AuthStyle::x_api_key:
            set_header(list, "x-api-key", target.api_key);
            return;
        case domain::AuthStyle::api_key:
            set_header(list, "api-key", target.api_key);
            return;
        case domain::AuthStyle::none: return;
    }
}

void add_configured(HeaderList& list, const domain::Deployment& target) {
    for (const auto& [name, value] : target.provider.headers) {
        set_default_header(list, name, value);
    }
    for (const auto& [name, value] : target.extra_headers) set_header(list, name, value);
}

std::string_view path_below(std::string_view base_url, std::string_view path) {
    if (base_url.ends_with('/')) base_url.remove_suffix(1);
    if (base_url.ends_with("/v1") && path.starts_with("/v1/")) path.remove_prefix(3);
    return path;
}

}  // namespace tollgate::providers
