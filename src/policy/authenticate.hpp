// From a request's headers to its principal. Pure; any thread.
#pragma once
#include "base/result.hpp"
#include "domain/principal.hpp"
#include "http/message.hpp"
#include "policy/key_index.hpp"

namespace tollgate::policy {

// The first valid of Authorization, x-api-key, api-key and x-goog-api-key counts; in an
// Authorization that signs (AWS SDKs) the access key id is the key. The result borrows `keys`.
// Fails: authentication, saying which header was missing or wrong and what to set: mistyped,
// unknown, revoked, blocked, expired, replaced by a rotation, its tenant, team or user disabled.
// Two valid keys of different principals are refused, naming both headers.
base::Result<const domain::Principal*> authenticate(const KeyIndex& keys,
                                                    const http::Headers& headers);
// The same at another time, in Unix microseconds.
base::Result<const domain::Principal*> authenticate(const KeyIndex& keys,
                                                    const http::Headers& headers,
                                                    domain::UnixMicros now);

}  // namespace tollgate::policy
