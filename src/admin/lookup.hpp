// Finding what a request names, by id or by name, as far as the caller's role reaches, and checking
// what an object refers to. Blocking. What the caller may not read is not there.
#pragma once
#include <string>

#include "admin/call.hpp"

namespace tollgate::admin {

// By id, else by name: in the query's `tenant`, in the caller's. Fails: not_found.
base::Result<domain::Team> find_team(Call& call, store::Session& session, const std::string& what);
// By id, else by external id. "me" is the caller's own.
base::Result<domain::User> find_user(Call& call, store::Session& session, const std::string& what);
// By id, else the newest of that name.
base::Result<domain::Key> find_key(Call& call, store::Session& session, const std::string& what);

// "" passes. Fails: invalid_request naming the field.
base::Result<void> check_tier(store::Session& session, const std::string& tier);
base::Result<void> check_time_zone(const std::string& zone);
// Puts ids where a request named a team by its name, a user by external id, e-mail or name. ""
// passes. Fails: invalid_request naming the field when there is none; store::conflict() when there
// are several.
base::Result<void> take_owners(Call& call, store::Session& session, const std::string& tenant,
                               std::string& team, std::string& user);
// The team and the user exist in that tenant; "" passes.
base::Result<void> check_owners(Call& call, store::Session& session, const std::string& tenant,
                                const std::string& team, const std::string& user);

}  // namespace tollgate::admin
