// The UUID that PostgreSQL's md5(text)::uuid makes of a name: an identifier that others compute the
// same way, no secret and no check of anything. Any thread.
#pragma once
#include <string>
#include <string_view>

namespace tollgate::crypto {

std::string md5_uuid(std::string_view name);

}  // namespace tollgate::crypto
