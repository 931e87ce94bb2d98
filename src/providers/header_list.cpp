#include "providers/header_list.hpp"

#include <algorithm>

namespace tollgate::providers {

HeaderList::HeaderList(std::initializer_list<http::Header> headers) {
    reserve(headers.size());
    for (const http::Header& header : headers) append(header);
}

void HeaderList::set(std::string_view name, std::string_view value) {
    http::Header* found = find(name);
    if (found == nullptr) append(name, value);
    else *found = {found->name, value};
}

void HeaderList::set_default(std::string_view name, std::string_view value) {
    if (!has(name)) append(name, value);
}

void HeaderList::erase(std::string_view name) {
    if (!has(name)) return;
    std::erase_if(list_, [&](const http::Header& header) {
        return http::iequals(header.name, name);
    });
}

void HeaderList::own() {
    std::size_t size = 0;
    for (const http::Header& header : list_) size += header.name.size() + header.value.size();
    std::string text;
    text.reserve(size);
    for (const http::Header& header : list_) text.append(header.name).append(header.value);
    std::string_view rest = texts_.emplace_front(std::move(text));
    const auto take = [&rest](std::string_view& view) {
        const std::size_t length = view.size();
        view = rest.substr(0, length);
        rest.remove_prefix(length);
    };
    for (http::Header& header : list_) {
        take(header.name);
        take(header.value);
    }
}

std::string_view HeaderList::get(std::string_view name) const {
    const http::Header* found = find(name);
    return found != nullptr ? found->value : std::string_view();
}

const http::Header* HeaderList::find(std::string_view name) const {
    if ((names_ & http::name_bit(name)) == 0) return nullptr;
    for (const http::Header& header : list_) {
        if (http::iequals(header.name, name)) return &header;
    }
    return nullptr;
}

void add_credential(HeaderList& list, const domain::Deployment& target) {
    if (target.api_key.empty()) return;
    switch (target.provider.auth) {
        case domain::AuthStyle::bearer:
            list.set("authorization", list.keep("Bearer " + target.api_key));
            return;
        case domain::AuthStyle::x_api_key: list.set("x-api-key", target.api_key); return;
        case domain::AuthStyle::api_key: list.set("api-key", target.api_key); return;
        case domain::AuthStyle::none: return;
    }
}

void add_configured(HeaderList& list, const domain::Deployment& target) {
    for (const auto& [name, value] : target.provider.headers) list.set_default(name, value);
    for (const auto& [name, value] : target.extra_headers) list.set(name, value);
}

std::string_view path_below(std::string_view base_url, std::string_view path) {
    if (base_url.ends_with('/')) base_url.remove_suffix(1);
    if (base_url.ends_with("/v1") && path.starts_with("/v1/")) path.remove_prefix(3);
    return path;
}

}  // namespace tollgate::providers
