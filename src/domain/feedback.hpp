// What somebody thought of an answer. A plain value.
#pragma once
#include <cstdint>
#include <string>

#include "domain/tenancy.hpp"

namespace tollgate::domain {

constexpr std::size_t feedback_comment_bytes_max = 2000;

struct Feedback {
    std::string request_id, tenant;
    std::string user, key_id;    // who gave it
    double score = 0;            // -1 (useless) to 1 (just right)
    std::string comment;
    UnixMicros at = 0;           // when it was given
};

}  // namespace tollgate::domain
