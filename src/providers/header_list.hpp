// The headers of one provider call, put together from the row, the deployment and the credential.
// One thread at a time. Names are compared without regard to case.
//
// A list BORROWS the names and values that it is given: the deployment, the client's headers and
// constants outlive a call. Text made for it goes through keep(). Views of a list stay valid while
// it grows and when it is moved; a copy owns all of its text.
#pragma once
#include <concepts>
#include <cstdint>
#include <forward_list>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/target.hpp"
#include "http/message.hpp"

namespace tollgate::providers {

class HeaderList {
public:
    HeaderList() = default;
    HeaderList(std::initializer_list<http::Header> headers);
    HeaderList(const HeaderList& other) : list_(other.list_), names_(other.names_) { own(); }
    HeaderList(HeaderList&&) noexcept = default;
    HeaderList& operator=(const HeaderList& other) { return *this = HeaderList(other); }
    HeaderList& operator=(HeaderList&&) noexcept = default;

    void reserve(std::size_t count) { list_.reserve(count); }
    // Adds another one, whatever is there. REQUIRES, here and below: the text outlives the list.
    void append(const http::Header& header) {
        list_.push_back(header);
        names_ |= http::name_bit(header.name);
    }
    void append(std::string_view name, std::string_view value) {
        list_.emplace_back(name, value);
        names_ |= http::name_bit(name);
    }
    // Replaces the value of the header, or appends it.
    void set(std::string_view name, std::string_view value);
    void set_default(std::string_view name, std::string_view value);
    // Text that ends with the statement goes through keep().
    template <std::same_as<std::string> Text>
    void append(std::string_view name, Text&& value) = delete;
    template <std::same_as<std::string> Text>
    void set(std::string_view name, Text&& value) = delete;
    template <std::same_as<std::string> Text>
    void set_default(std::string_view name, Text&& value) = delete;
    // A view that lives as long as the list.
    std::string_view keep(std::string text) { return texts_.emplace_front(std::move(text)); }
    void erase(std::string_view name);
    // Takes all text over, so that nothing is borrowed any more.
    void own();

    bool has(std::string_view name) const { return find(name) != nullptr; }
    // The first one's value, "" when there is none.
    std::string_view get(std::string_view name) const;
    std::span<const http::Header> all() const { return list_; }
    auto begin() const { return list_.begin(); }
    auto end() const { return list_.end(); }

private:
    const http::Header* find(std::string_view name) const;
    http::Header* find(std::string_view name) {
        return const_cast<http::Header*>(std::as_const(*this).find(name));
    }

    std::vector<http::Header> list_;
    std::uint64_t names_ = 0;  // http::name_bit of each, and of some that were erased
    std::forward_list<std::string> texts_;
};

// The credential as the provider's AuthStyle wants it; nothing when there is none.
void add_credential(HeaderList& list, const domain::Deployment& target);
// Static headers of the provider's row (defaults), then those of the deployment (they win).
void add_configured(HeaderList& list, const domain::Deployment& target);

// base_url and `path` are joined by the caller: this takes a leading /v1 off `path` when base_url
// already ends in it, so that both ways of writing a base URL work.
std::string_view path_below(std::string_view base_url, std::string_view path);

}  // namespace tollgate::providers
