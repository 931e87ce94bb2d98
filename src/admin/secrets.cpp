// Rotation of the keys that stored credentials are encrypted under, while everything runs.
#include "admin/handlers.hpp"
#include "admin/providers.hpp"
#include "base/log.hpp"
#include "policy/key_vault.hpp"
#include "store/changes.hpp"
#include "store/user_keys.hpp"

namespace tollgate::admin {
namespace {

constexpr std::int64_t rows_at_once = 100;

struct Rotation {
    std::int64_t rewrapped = 0, current = 0, failed = 0;
};

base::Result<void> rewrap_providers(Session& session, const policy::KeyVault& vault,
                                    Rotation& done) {
    TRY(const auto rows, store::load_providers(session));
    for (const domain::ProviderRow& row : rows) {
        if (row.api_key_token.empty()) continue;
        if (row.key_id == vault.newest_id()) {
            ++done.current;
            continue;
        }
        const auto sealed = vault.rewrap(credential_owner(row), row.api_key_token);
        if (!sealed.ok()) {
            ++done.failed;
            base::log().warn("credential_not_rotated",
                             {{"provider", row.slug}, {"why", sealed.error().message}});
            continue;
        }
        TRY(const bool written, store::rewrap_provider(session, row.slug, row.api_key_token,
                                                       sealed->token, sealed->key_id));
        if (written) ++done.rewrapped;
    }
    return {};
}

// One page, in a transaction of its own: a long rotation holds up nobody, and one that was cut
// short goes on where it was.
base::Result<void> rewrap_users(Session& session, const policy::KeyVault& vault,
                                store::PageRequest& page, Rotation& done) {
    TRY(const auto rows, store::list_user_keys(session, store::Access::everything(), page));
    for (const domain::UserProviderKey& row : rows.items) {
        if (row.key_id == vault.newest_id()) {
            ++done.current;
            continue;
        }
        const auto sealed = vault.rewrap({row.tenant, row.user, row.provider}, row.api_key_token);
        if (!sealed.ok()) {
            ++done.failed;
            base::log().warn("credential_not_rotated",
                             {{"byok", row.id}, {"why", sealed.error().message}});
            continue;
        }
        TRY(const bool written, store::rewrap_user_key(session, row.id, row.api_key_token,
                                                       sealed->token, sealed->key_id));
        if (written) ++done.rewrapped;
    }
    page.cursor = rows.next;
    return {};
}

base::Result<Rotation> rotate(store::Db& db, const policy::KeyVault& vault) {
    Rotation total;
    const store::Access access = store::Access::everything();
    const auto step = [&](const std::function<base::Result<void>(Session&, Rotation&)>& part) {
        Rotation counted;
        const auto work = [&](Session& session) -> base::Result<void> {
            counted = {};  // it may run again
            TRY_VOID(part(session, counted));
            return counted.rewrapped > 0 ? store::bump(session) : base::Result<void>();
        };
        auto done = db.write(access, work);
        total.rewrapped += counted.rewrapped;
        total.current += counted.current;
        total.failed += counted.failed;
        return done;
    };
    TRY_VOID(step([&](Session& session, Rotation& counted) {
        return rewrap_providers(session, vault, counted);
    }));
    store::PageRequest page{rows_at_once, ""};
    do {
        store::PageRequest next;
        TRY_VOID(step([&](Session& session, Rotation& counted) {
            next = page;
            return rewrap_users(session, vault, next, counted);
        }));
        page = next;
    } while (!page.cursor.empty());
    return total;
}

}  // namespace

Outcome rotate_secrets(Call& call) {
    bool new_key = false;
    if (call.has_body()) {
        TRY(Fields * fields, call.body());
        fields->flag("new_key", new_key);
    }
    TRY_VOID(call.checked());
    const auto vault = call.services.vault;
    if (vault == nullptr) {
        return base::Error{base::ErrorCode::unavailable, "there are no encryption keys"};
    }
    if (new_key) {
        auto added = vault->add_key();
        if (!added.ok()) {
            added.error().field = ".new_key";
            return added;
        }
    } else {
        TRY_VOID(vault->reload());
    }
    TRY(const Rotation done, rotate(call.services.db, *vault));
    std::string text;
    json::Writer writer(text);
    writer.begin_object()
        .string("newest_key_id", vault->newest_id())
        .integer("rewrapped", done.rewrapped)
        .integer("current", done.current)
        .integer("failed", done.failed)
        .string("message", done.failed == 0
                               ? "every stored credential is under the newest key: older keys may "
                                 "be taken off the list"
                               : "some credentials could not be opened: the log names them, and "
                                 "older keys must stay")
        .end_object();
    call.record("secrets.rotated", "secrets", "", {}, text);
    return call.answer(200, std::move(text));
}

}  // namespace tollgate::admin
