#include "store/settings.hpp"

#include "admin/handlers.hpp"
#include "admin/lookup.hpp"

namespace tollgate::admin {

// {id} is a user's id, the OIDC subject, or "me".
Outcome get_settings(Call& call, Session& session) {
    TRY(const domain::User user, find_user(call, session, call.path("id")));
    TRY_VOID(call.checked());
    TRY(const domain::UserSettings settings,
        store::settings_of(session, call.access, user.tenant, user.id));
    return call.show(settings);
}

Outcome update_settings(Call& call, Session& session) {
    TRY(const domain::User user, find_user(call, session, call.path("id")));
    TRY(const domain::UserSettings stored,
        store::settings_of(session, call.access, user.tenant, user.id));
    TRY(domain::UserSettings changed, changed_by(call, stored, "settings of user " + user.id));
    TRY(const domain::UserSettings written,
        store::put_settings(session, call.access, std::move(changed)));
    call.record_change("settings.updated", "settings/" + user.id, user.tenant, stored, written);
    return call.show(written);
}

}  // namespace tollgate::admin
