#include "store/keys.hpp"

#include <algorithm>
#include <array>

#include "base/ids.hpp"
#include "store/table.hpp"

namespace tollgate::store {
namespace {

struct KeyTable {
    using Value = domain::Key;
    static constexpr std::string_view name = "api_keys", noun = "key", key = "id",
                                      tenant = "tenant_id";
    static constexpr std::array<Constraint, 1> constraints{{{"api_keys_secret_unique", "secret"}}};
    template <typename V>
    static void fields(V& v, Value& k) {
        v.column("id", k.id, Written::once);
        v.column("tenant_id", k.tenant, Written::replaced);
        v.nullable("team_id", k.team);
        v.nullable("user_id", k.user);
        v.column("name", k.name);
        v.column("prefix", k.prefix, Written::replaced);
        v.column("last_four", k.last_four, Written::replaced);
        v.column("secret_hash", k.secret_hash, Written::replaced);
        v.column("hash_kind", k.hash_kind, Written::replaced);
        v.column("previous_hash", k.previous_hash, Written::once);
        v.column("previous_until", k.previous_until, Written::once);
        v.word("role", k.role);
        v.column("enabled", k.enabled);
        v.column("revoked", k.revoked, Written::replaced);
        v.column("allowed_models", k.allowed_models);
        v.column("allowed_routes", k.allowed_routes);
        v.column("allowed_providers", k.allowed_providers);
        v.column("allowed_regions", k.allowed_regions);
        v.column("allowed_addresses", k.allowed_addresses);
        v.column("aliases", k.aliases);
        v.column("limits", k.limits);
        v.column("tier", k.tier);
        v.column("tags", k.tags);
        v.object("metadata", k.metadata);
        v.column("rotation_days", k.rotation_days);
        v.column("expires", k.expires);
        v.column("created", k.created, Written::once);
        v.column("updated", k.updated);
        v.column("rotated", k.rotated, Written::once);
        v.column("last_used", k.last_used, Written::once);
        v.column("origin", k.origin, Written::replaced);
        v.etag(k.etag);
    }
};

// What somebody changed by hand is no longer as its file says: the file neither undoes the change
// nor takes the key away. (While files win, nobody can change such a key.)
constexpr std::string_view kept_by_hand =
    ", origin = CASE WHEN origin LIKE 'file:%' THEN 'api' ELSE origin END";
constexpr std::string_view rotation_due =
    "(CASE WHEN rotated > created THEN rotated ELSE created END + rotation_days * 86400000000)";

base::Result<void> check_owners(Session& session, const domain::Key& key) {
    TRY_VOID(check_member(session, "teams", key.tenant, key.team, "team"));
    return check_member(session, "users", key.tenant, key.user, "user");
}

// Ends an UPDATE that changes one key; gives the key as it is then. Fails: not_found.
base::Result<domain::Key> change(Session& session, const Access& access, std::string_view id,
                                 Statement statement) {
    statement.add(kept_by_hand).add(", etag = etag + 1");
    statement.where("id = ").text(id).where_tenant(access);
    TRY_VOID(statement.execute(session));
    return key_by_id(session, access, id);
}

// Ends an UPDATE that revokes: neither secret works any more.
void add_revocation(Statement& statement, domain::UnixMicros now) {
    statement.integer(now).add(", previous_hash = ''").add(", previous_until = 0");
    statement.add(", updated = ").integer(now);
}

base::Result<std::optional<domain::Key>> row_of_file(Session& session, const domain::Key& key) {
    Statement by_hash = select_from<KeyTable>();
    by_hash.where("secret_hash = ").text(key.secret_hash);
    TRY(auto found, rows_of<KeyTable>(session, by_hash));
    if (found.empty()) {
        Statement by_id = select_from<KeyTable>();
        by_id.where("id = ").text(key.id);
        TRY(found, rows_of<KeyTable>(session, by_id));
    }
    if (found.empty()) return std::optional<domain::Key>();
    return std::optional<domain::Key>(std::move(found.front()));
}

}  // namespace

base::Result<domain::Key> insert_key(Session& session, const Access& access, domain::Key key) {
    TRY_VOID(check_writes(access, key.tenant));
    TRY_VOID(check_tenant(session, key.tenant));
    TRY_VOID(check_owners(session, key));
    if (key.id.empty()) key.id = base::uuid7();
    if (key.created == 0) key.created = now_micros();
    if (key.updated == 0) key.updated = key.created;
    TRY_VOID(insert_row<KeyTable>(session, key));
    return key_by_id(session, access, key.id);
}

base::Result<domain::Key> key_by_id(Session& session, const Access& access, std::string_view id) {
    return row_by_key<KeyTable>(session, access, id);
}

base::Result<domain::Key> key_by_hash(Session& session, const Access& access,
                                      std::string_view hash, domain::UnixMicros now) {
    Statement present = select_from<KeyTable>();
    present.where("secret_hash = ").text(hash).where_tenant(access);
    TRY(auto found, rows_of<KeyTable>(session, present));
    if (!found.empty()) {
        domain::Key key = std::move(found.front());
        return key;
    }
    Statement previous = select_from<KeyTable>();
    previous.where("previous_hash = ").text(hash).where("previous_until > ").integer(now);
    previous.where("previous_hash <> ''").where_tenant(access);
    return one_row<KeyTable>(session, previous, "with that secret");
}

base::Result<domain::Key> key_by_name(Session& session, const Access& access,
                                      std::string_view tenant, std::string_view name) {
    Statement statement = select_from<KeyTable>();
    statement.where("tenant_id = ").text(tenant).where("name = ").text(name);
    statement.where("revoked = 0").where_tenant(access);
    statement.add(" ORDER BY created DESC, id DESC LIMIT 1");
    return one_row<KeyTable>(session, statement, name);
}

base::Result<domain::Key> update_key(Session& session, const Access& access, domain::Key key) {
    TRY(const auto stored, key_by_id(session, access, key.id));
    key.tenant = stored.tenant;
    TRY_VOID(check_owners(session, key));
    key.updated = now_micros();
    TRY(auto written, update_row<KeyTable>(session, access, key, key.id, key.etag));
    if (!written.origin.starts_with("file:")) return written;
    Statement keep("UPDATE api_keys SET origin = 'api'");
    keep.where("id = ").text(key.id).where_tenant(access);
    TRY_VOID(keep.execute(session));
    return key_by_id(session, access, key.id);
}

base::Result<domain::Key> rotate_key(Session& session, const Access& access, std::string_view id,
                                     const NewSecret& secret, domain::UnixMicros previous_until,
                                     domain::UnixMicros now) {
    TRY(const auto key, key_by_id(session, access, id));
    if (key.revoked != 0) {
        return conflict("the key " + key.id + " is revoked: make a new one instead", "revoked");
    }
    const bool grace = previous_until > now;
    Statement statement("UPDATE api_keys SET secret_hash = ");
    statement.text(secret.hash).add(", hash_kind = ").text(secret.hash_kind);
    statement.add(", prefix = ").text(secret.prefix);
    statement.add(", last_four = ").text(secret.last_four);
    statement.add(", previous_hash = ").text(grace ? key.secret_hash : std::string());
    statement.add(", previous_until = ").integer(grace ? previous_until : 0);
    statement.add(", rotated = ").integer(now).add(", updated = ").integer(now);
    statement.add(kept_by_hand).add(", etag = etag + 1");
    statement.where("id = ").text(id).where_tenant(access);
    statement.where("etag = ").integer(static_cast<std::int64_t>(key.etag));
    const auto rotated = statement.execute(session);
    if (!rotated) return explain(rotated.error(), KeyTable::noun, KeyTable::constraints);
    if (rotated.value() == 0) return lost_update("the key " + key.id);
    return key_by_id(session, access, id);
}

base::Result<domain::Key> revoke_key(Session& session, const Access& access, std::string_view id,
                                     domain::UnixMicros now) {
    TRY(auto key, key_by_id(session, access, id));
    if (key.revoked != 0) return key;
    Statement statement("UPDATE api_keys SET revoked = ");
    add_revocation(statement, now);
    return change(session, access, id, std::move(statement));
}

base::Result<domain::Key> set_key_enabled(Session& session, const Access& access,
                                          std::string_view id, bool enabled) {
    Statement statement("UPDATE api_keys SET enabled = ");
    statement.flag(enabled).add(", updated = ").integer(now_micros());
    return change(session, access, id, std::move(statement));
}

base::Result<void> remove_key(Session& session, const Access& access, std::string_view id) {
    TRY(const auto key, key_by_id(session, access, id));
    TRY_VOID(remove_bounds_of(session, key.tenant, domain::SubjectKind::key, id));
    return remove_row<KeyTable>(session, access, id);
}

base::Result<Page<domain::Key>> list_keys(Session& session, const Access& access,
                                          const KeyFilter& filter, const PageRequest& page) {
    Statement statement = select_from<KeyTable>();
    statement.where_tenant(access);
    if (!filter.tenant.empty()) statement.where("tenant_id = ").text(filter.tenant);
    if (!filter.team.empty()) statement.where("team_id = ").text(filter.team);
    if (!filter.user.empty()) statement.where("user_id = ").text(filter.user);
    if (!filter.name.empty()) statement.where("name = ").text(filter.name);
    if (!filter.origin.empty()) statement.where("origin = ").text(filter.origin);
    if (filter.enabled) statement.where("enabled = ").flag(*filter.enabled);
    if (!filter.with_revoked) statement.where("revoked = 0");
    if (!filter.tag.empty() && session.dialect() == Dialect::sqlite) {
        statement.where("EXISTS (SELECT 1 FROM json_each(api_keys.tags) WHERE value = ");
        statement.text(filter.tag).add(")");
    } else if (!filter.tag.empty()) {
        statement.where("tags @> ").text(json_of(std::vector<std::string>{filter.tag}));
    }
    statement.where_contains({"name", "id"}, filter.text);
    return page_by_key<KeyTable>(session, std::move(statement), page,
                                 [](const domain::Key& k) { return k.id; });
}

base::Result<std::vector<domain::Key>> load_keys(Session& session, domain::UnixMicros now) {
    constexpr domain::UnixMicros week = 7LL * 86'400 * 1'000'000;
    Statement statement = select_from<KeyTable>();
    statement.where("(revoked = 0 OR revoked > ").integer(now - week).add(")");
    statement.where("(expires = 0 OR expires > ").integer(now - week);
    statement.add(") ORDER BY id");
    return rows_of<KeyTable>(session, statement);
}

base::Result<void> touch_keys(Session& session, const std::vector<KeyUse>& used) {
    std::vector<KeyUse> ordered = used;  // one order for all instances: no deadlock
    std::sort(ordered.begin(), ordered.end(),
              [](const KeyUse& a, const KeyUse& b) { return a.id < b.id; });
    for (const KeyUse& use : ordered) {
        Statement statement("UPDATE api_keys SET last_used = ");
        statement.integer(use.at).where("id = ").text(use.id);
        statement.where("last_used < ").integer(use.at);
        TRY_VOID(statement.execute(session));
    }
    return {};
}

base::Result<std::vector<domain::Key>> keys_due(Session& session, const Access& access,
                                                domain::UnixMicros now, domain::UnixMicros ahead,
                                                std::int64_t limit) {
    Statement statement = select_from<KeyTable>();
    statement.where_tenant(access).where("revoked = 0").where("enabled = ").flag(true);
    statement.where("(expires = 0 OR expires > ").integer(now).add(")");
    statement.where("((rotation_days > 0 AND ").add(rotation_due).add(" <= ").integer(now + ahead);
    statement.add(") OR (expires > 0 AND expires <= ").integer(now + ahead).add("))");
    statement.add(" ORDER BY CASE WHEN expires > 0 AND (rotation_days = 0 OR expires < ");
    statement.add(rotation_due).add(") THEN expires ELSE ").add(rotation_due);
    statement.add(" END, id LIMIT ").integer(limit);
    return rows_of<KeyTable>(session, statement);
}

base::Result<FileUpsert> upsert_key_from_file(Session& session, const domain::Key& key,
                                              Precedence precedence) {
    const Access access = Access::everything();
    TRY(const auto existing, row_of_file(session, key));
    if (!existing) {
        TRY(auto inserted, insert_key(session, access, key));
        return FileUpsert{std::move(inserted.id), FileOutcome::created};
    }
    const bool of_api = existing->origin == "api";
    if (of_api && precedence == Precedence::database) {
        return FileUpsert{existing->id, FileOutcome::conflict};
    }
    TRY_VOID(check_tenant(session, key.tenant));
    TRY_VOID(check_owners(session, key));
    domain::Key wanted = key;
    wanted.updated = now_micros();
    wanted.revoked = 0;
    RowWriter writer(RowWriter::Mode::replace);
    KeyTable::fields(writer, wanted);
    TRY(auto statement, writer.update(KeyTable::name));
    statement.where("id = ").text(existing->id);
    writer.where_different(statement);
    const auto written = statement.execute(session);
    if (!written) return explain(written.error(), KeyTable::noun, KeyTable::constraints);
    FileOutcome outcome = written.value() == 0 ? FileOutcome::unchanged : FileOutcome::updated;
    if (of_api) outcome = FileOutcome::taken_over;
    return FileUpsert{existing->id, outcome};
}

base::Result<std::vector<std::string>> mark_vanished_keys(Session& session,
                                                          const std::vector<std::string>& present,
                                                          domain::UnixMicros now) {
    TRY(auto vanished, vanished_rows(session, "api_keys", "revoked = 0", present));
    for (const std::string& id : vanished) {
        // Still of its file: there again, it works again.
        Statement statement("UPDATE api_keys SET revoked = ");
        add_revocation(statement, now);
        statement.add(", etag = etag + 1").where("id = ").text(id);
        TRY_VOID(statement.execute(session));
    }
    return vanished;
}

}  // namespace tollgate::store
