// How long the body of a translated request becomes, about: it is written into memory that is asked
// for once. Pure, thread-safe.
#pragma once
#include <cstddef>

#include "domain/conversation.hpp"

namespace tollgate::dialect {

std::size_t body_bytes_guess(const domain::Request& request);

}  // namespace tollgate::dialect
