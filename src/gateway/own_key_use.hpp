// Uses of users' own provider keys, told to the audit. Loop thread; waits for nobody.
#pragma once
#include <string_view>

#include "gateway/generation.hpp"

namespace tollgate::gateway {

// Before `endpoint` is asked for `purpose`, as in policy::OwnKeyUse. Nothing where it is asked with
// the platform's credential. REQUIRES: generation.who.
void note_own_key_use(Generation& generation, const Endpoint& endpoint, std::string_view purpose);

}  // namespace tollgate::gateway
