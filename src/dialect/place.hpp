// A place in a client's body, spelled out ("messages.3.content.1") only when an error needs it.
// Borrows the place around it and its name.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tollgate::dialect {

class Place {
public:
    Place() = default;  // the body as a whole
    explicit Place(std::string_view name) : named_(true), name_(name) {}
    Place(const Place& outer, std::string_view name) : Place(name) { outer_ = &outer; }
    Place(const Place& outer, std::size_t index) : outer_(&outer), index_(index) {}
    std::string path(std::string_view member = {}) const;
    // "messages.3.content.1.type: PROBLEM", with the path as the error's field.
    base::Error error(std::string_view member, std::string_view problem) const;

private:
    const Place* outer_ = nullptr;
    bool named_ = false;
    std::string_view name_;
    std::size_t index_ = 0;
};

}  // namespace tollgate::dialect
