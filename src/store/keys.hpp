// Keys as rows: hashes, never secrets. Blocking; see page.hpp for access, errors and paging.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/tenancy.hpp"
#include "store/db.hpp"
#include "store/page.hpp"
#include "store/tenants.hpp"

namespace tollgate::store {

struct KeyFilter {
    std::string tenant, team, user;  // "" : any
    std::string name;                // exactly; "" : any
    std::string text;                // part of name or id; "" : any
    std::string tag;                 // has this tag; "" : any
    std::string origin;              // exactly; "" : any
    std::optional<bool> enabled;
    bool with_revoked = false;
};

// As insert_tenant. Fails: is_conflict() with field "secret" (another key has that hash, of any
// tenant), "id", "tenant", "team" or "user".
base::Result<domain::Key> insert_key(Session& session, const Access& access, domain::Key key);
base::Result<domain::Key> key_by_id(Session& session, const Access& access, std::string_view id);
// By the present hash, or by the one before a rotation while previous_until is later than `now`.
// A revoked, blocked or expired key is found: its state tells.
base::Result<domain::Key> key_by_hash(Session& session, const Access& access,
                                      std::string_view hash, domain::UnixMicros now);
// Several may share a name; the newest that is not revoked.
base::Result<domain::Key> key_by_name(Session& session, const Access& access,
                                      std::string_view tenant, std::string_view name);
// Writes every field but id, tenant, origin, created, the secret's (secret_hash, hash_kind, prefix,
// last_four, previous_*), rotated, revoked and last_used. Fails: not_found, is_lost_update(),
// is_conflict() ("team", "user").
base::Result<domain::Key> update_key(Session& session, const Access& access, domain::Key key);

struct NewSecret {
    std::string hash, hash_kind, prefix, last_four;
};
// The new secret beside the old one, which ends at `previous_until` (`now` or earlier: at once).
// A second rotation within the grace period ends the older one. The old secret's hash keeps its
// kind, which is not told apart: look previous_hash up as both. Fails: not_found; is_conflict()
// with field "secret", or "revoked" when the key is; is_lost_update() when another was faster.
base::Result<domain::Key> rotate_key(Session& session, const Access& access, std::string_view id,
                                     const NewSecret& secret, domain::UnixMicros previous_until,
                                     domain::UnixMicros now);
// For good, with the secret before. Revoking twice keeps the first time. Fails: not_found.
base::Result<domain::Key> revoke_key(Session& session, const Access& access, std::string_view id,
                                     domain::UnixMicros now);
// Blocks (false) or unblocks. Fails: not_found.
base::Result<domain::Key> set_key_enabled(Session& session, const Access& access,
                                          std::string_view id, bool enabled);
// Deletes the row, with its limits and budgets: for keys that are revoked already and for files'.
// Fails: not_found.
base::Result<void> remove_key(Session& session, const Access& access, std::string_view id);
base::Result<Page<domain::Key>> list_keys(Session& session, const Access& access,
                                          const KeyFilter& filter, const PageRequest& page);

// For the directory: neither revoked nor expired for longer than a week (until then the refusal can
// still say so); blocked ones too. REQUIRES: platform access.
base::Result<std::vector<domain::Key>> load_keys(Session& session, domain::UnixMicros now);
struct KeyUse {
    std::string id;
    domain::UnixMicros at = 0;
};
// When keys were used last, many at once; never moves a time backwards, changes neither etag nor
// updated. Keys that are gone are passed over. REQUIRES: platform access.
base::Result<void> touch_keys(Session& session, const std::vector<KeyUse>& used);
// Live keys whose rotation period ends, or that expire, before `now + ahead`; at most `limit`,
// those that are due first.
base::Result<std::vector<domain::Key>> keys_due(Session& session, const Access& access,
                                                domain::UnixMicros now, domain::UnixMicros ahead,
                                                std::int64_t limit);

// As upsert_tenant_from_file: a key of a tenant file, found by hash, then by id. A key of the API
// with that hash or id is a conflict. REQUIRES: origin "file:PATH", platform access.
base::Result<FileUpsert> upsert_key_from_file(Session& session, const domain::Key& key,
                                              Precedence precedence = Precedence::database);
// Revokes keys of files whose id is not among `present`; gives their ids. A later upsert brings
// them back.
base::Result<std::vector<std::string>> mark_vanished_keys(
    Session& session, const std::vector<std::string>& present, domain::UnixMicros now);

}  // namespace tollgate::store
