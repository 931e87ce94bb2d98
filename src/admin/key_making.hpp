// Making keys and giving them new secrets, for our own interface and LiteLLM's. The secret is shown
// once, in the answer, and kept only as a hash. Blocking.
#pragma once
#include <string>

#include "admin/call.hpp"

namespace tollgate::admin {

constexpr std::int64_t grace_seconds_default = 24 * 3600;
constexpr std::int64_t grace_seconds_max = 30 * 24 * 3600;

struct MadeKey {
    domain::Key key;
    std::string secret;
    std::string warning;  // why a chosen secret is a bad one, "" when it is not
};

// The key with its secret and its warning: what the answer that makes it shows, and no other.
std::string shown_once(const MadeKey& made);

// Inserts `key`, with `chosen` as its secret or a new one. Checks role, owners, tier and expiry,
// and records the act. Fails: invalid_request, permission, conflict.
base::Result<MadeKey> make_key(Call& call, store::Session& session, domain::Key key,
                               const std::string& chosen);
// Writes `changed` over `stored` after the same checks, and records the act.
base::Result<domain::Key> change_key(Call& call, store::Session& session,
                                     const domain::Key& stored, domain::Key changed);
// A new secret beside the old one, which ends `grace_seconds` from now.
base::Result<MadeKey> renew_key(Call& call, store::Session& session, const domain::Key& stored,
                                const std::string& chosen, std::int64_t grace_seconds);
// At once, on every instance.
base::Result<domain::Key> end_key(Call& call, store::Session& session, const domain::Key& stored);
base::Result<domain::Key> switch_key(Call& call, store::Session& session,
                                     const domain::Key& stored, bool enabled);

}  // namespace tollgate::admin
