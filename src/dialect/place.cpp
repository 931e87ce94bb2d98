#include "dialect/place.hpp"

namespace tollgate::dialect {

std::string Place::path(std::string_view member) const {
    std::string path = outer_ == nullptr ? std::string() : outer_->path();
    const auto join = [&path](std::string_view step) {
        if (!path.empty()) path += '.';
        path += step;
    };
    if (named_) {
        join(name_);
    } else if (outer_ != nullptr) {
        join(std::to_string(index_));
    }
    if (!member.empty()) join(member);
    return path;
}

base::Error Place::error(std::string_view member, std::string_view problem) const {
    std::string field = path(member);
    std::string message = field;
    message += ": ";
    message += problem;
    return base::invalid(std::move(message), std::move(field));
}

}  // namespace tollgate::dialect
