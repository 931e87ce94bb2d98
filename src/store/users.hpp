// Users and service accounts of a tenant as rows. Blocking; see page.hpp for access, errors and
// paging.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/tenancy.hpp"
#include "store/db.hpp"
#include "store/page.hpp"

namespace tollgate::store {

struct UserFilter {
    std::string tenant, team;  // "" : any
    std::optional<bool> service, enabled;
    std::optional<domain::AccessRole> role;
    std::string text;  // part of name, e-mail, external id or id; "" : any
};

// As insert_tenant. Fails: is_conflict() with field "external_id" (taken in this tenant), "id",
// "tenant" or "team".
base::Result<domain::User> insert_user(Session& session, const Access& access, domain::User user);
base::Result<domain::User> user_by_id(Session& session, const Access& access, std::string_view id);
// The OIDC subject. Two tenants may both have it: the tenant says whose.
base::Result<domain::User> user_by_external_id(Session& session, const Access& access,
                                               std::string_view tenant,
                                               std::string_view external_id);
// What addresses name: the id, else the external id; with platform access and one external id in
// two tenants is_conflict() ("id").
base::Result<domain::User> find_user(Session& session, const Access& access,
                                     std::string_view id_or_external_id);
// What a person calls a user of a tenant: the id, else the external id, else the e-mail (case of
// ASCII letters ignored), else the name. Fails: not_found; is_conflict() ("user") when several have
// that e-mail or name.
base::Result<domain::User> user_called(Session& session, const Access& access,
                                       std::string_view tenant, std::string_view called);
// Writes every field but id, tenant and created. Fails: not_found, is_lost_update(),
// is_conflict() ("external_id", "team").
base::Result<domain::User> update_user(Session& session, const Access& access, domain::User user);
// Deletes the user with settings, limits and budgets and revokes the user's keys; usage and
// movements of credits stay. Fails: not_found.
base::Result<void> remove_user(Session& session, const Access& access, std::string_view id);
base::Result<Page<domain::User>> list_users(Session& session, const Access& access,
                                            const UserFilter& filter, const PageRequest& page);
// All, for the directory. REQUIRES: platform access.
base::Result<std::vector<domain::User>> load_users(Session& session);

}  // namespace tollgate::store
