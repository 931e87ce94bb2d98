#include "admin/key_making.hpp"

#include "admin/lookup.hpp"
#include "admin/times.hpp"
#include "policy/check_key.hpp"
#include "policy/key_format.hpp"
#include "store/keys.hpp"

namespace tollgate::admin {
namespace {

constexpr std::size_t chosen_bytes_min = 8;
constexpr std::size_t chosen_bytes_max = 256;

struct Secret {
    std::string text, warning;
    store::NewSecret kept;
};

base::Result<Secret> secret_of(const Call& call, const std::string& chosen) {
    Secret secret;
    secret.text = chosen.empty() ? policy::make_key() : chosen;
    if (!chosen.empty()) {
        if (chosen.size() < chosen_bytes_min || chosen.size() > chosen_bytes_max) {
            return invalid("a chosen key has 8 to 256 characters", "key");
        }
        if (chosen.find_first_of(" \t\"',") != std::string::npos) {
            return invalid("a chosen key has no blanks, quotes or commas", "key");
        }
        if (policy::form_of(chosen) == policy::KeyForm::mistyped) {
            return invalid("the chosen key begins as generated ones do, but its checksum is "
                                 "wrong: leave it out to have one made", "key");
        }
        secret.warning = policy::weakness_of(chosen);
    }
    const policy::KeyDisplay display = policy::display_of(secret.text);
    secret.kept = {policy::hash_of(call.services.installation, secret.text), "hmac",
                   display.prefix, display.last_four};
    return secret;
}

base::Result<void> check(Call& call, store::Session& session, const domain::Key& key) {
    TRY_VOID(policy::authorize_grant(call.caller, key.role));
    const auto rules = policy::key_rules(key);
    if (!rules.ok()) return invalid(rules.error().message, rules.error().field);
    TRY_VOID(check_tier(session, key.tier));
    return check_owners(call, session, key.tenant, key.team, key.user);
}

}  // namespace

std::string shown_once(const MadeKey& made) {
    std::string text = shown(made.key);
    text.pop_back();  // the object goes on
    text += ",\"key\":";
    json::append_string(text, made.secret);
    text += ",\"warning\":";
    if (made.warning.empty()) {
        text += "null";
    } else {
        json::append_string(text, made.warning);
    }
    text += '}';
    return text;
}

base::Result<MadeKey> make_key(Call& call, store::Session& session, domain::Key key,
                               const std::string& chosen) {
    TRY_VOID(call.check_platform_sets(!key.tier.empty(), "tier"));
    TRY_VOID(check(call, session, key));
    if (key.expires != 0 && key.expires <= store::now_micros()) {
        return invalid("expires_at lies in the past", "expires_at");
    }
    TRY(Secret secret, secret_of(call, chosen));
    key.secret_hash = std::move(secret.kept.hash);
    key.hash_kind = std::move(secret.kept.hash_kind);
    key.prefix = std::move(secret.kept.prefix);
    key.last_four = std::move(secret.kept.last_four);
    MadeKey made;
    TRY(made.key, store::insert_key(session, call.access, std::move(key)));
    made.secret = std::move(secret.text);
    made.warning = std::move(secret.warning);
    call.record("key.created", "key/" + made.key.id, made.key.tenant, {}, shown(made.key));
    return made;
}

base::Result<domain::Key> change_key(Call& call, store::Session& session,
                                     const domain::Key& stored, domain::Key changed) {
    TRY_VOID(call.check_writable(stored.origin, "key " + stored.name));
    // A key above the caller is out of reach, whatever would be changed of it.
    TRY_VOID(policy::authorize_grant(call.caller, stored.role));
    TRY_VOID(call.check_platform_sets(changed.tier != stored.tier, "tier"));
    TRY_VOID(check(call, session, changed));
    TRY(const domain::Key written, store::update_key(session, call.access, std::move(changed)));
    call.record_change("key.updated", "key/" + stored.id, stored.tenant, stored, written);
    return written;
}

base::Result<MadeKey> renew_key(Call& call, store::Session& session, const domain::Key& stored,
                                const std::string& chosen, std::int64_t grace_seconds) {
    TRY_VOID(call.check_writable(stored.origin, "key " + stored.name));
    TRY_VOID(policy::authorize_grant(call.caller, stored.role));
    TRY(Secret secret, secret_of(call, chosen));
    const domain::UnixMicros now = store::now_micros();
    MadeKey made;
    TRY(made.key, store::rotate_key(session, call.access, stored.id, secret.kept,
                                    now + grace_seconds * micros_per_second, now));
    made.secret = std::move(secret.text);
    made.warning = std::move(secret.warning);
    call.record_change("key.rotated", "key/" + stored.id, stored.tenant, stored, made.key);
    return made;
}

base::Result<domain::Key> end_key(Call& call, store::Session& session, const domain::Key& stored) {
    TRY_VOID(call.check_writable(stored.origin, "key " + stored.name));
    TRY_VOID(policy::authorize_grant(call.caller, stored.role));
    TRY(const domain::Key ended,
        store::revoke_key(session, call.access, stored.id, store::now_micros()));
    call.record_change("key.revoked", "key/" + stored.id, stored.tenant, stored, ended);
    return ended;
}

base::Result<domain::Key> switch_key(Call& call, store::Session& session,
                                     const domain::Key& stored, bool enabled) {
    TRY_VOID(call.check_writable(stored.origin, "key " + stored.name));
    TRY_VOID(policy::authorize_grant(call.caller, stored.role));
    TRY(const domain::Key written,
        store::set_key_enabled(session, call.access, stored.id, enabled));
    call.record_change(enabled ? "key.unblocked" : "key.blocked", "key/" + stored.id,
                       stored.tenant, stored, written);
    return written;
}

}  // namespace tollgate::admin
