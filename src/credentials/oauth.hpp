// What OAuth token endpoints, Google's and Microsoft's metadata servers answer.
#pragma once
#include <string>

#include "credentials/cached_source.hpp"

namespace tollgate::credentials {

// `{"access_token":..,"expires_in":3599}`, or `expires_on` in Unix seconds; figures may be strings.
// An answer that names neither counts for an hour, as such tokens do. Fails: provider when there is
// no token; `what` names who answered.
base::Result<domain::Credential> parse_token(std::string_view text, const std::string& what,
                                             WallTime now);

}  // namespace tollgate::credentials
