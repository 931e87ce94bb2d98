// What reports ask of usage besides the sums of usage.hpp. Blocking functions inside Db::transact;
// see page.hpp for access and errors.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "base/result.hpp"
#include "store/db.hpp"
#include "store/usage.hpp"

namespace tollgate::store {

// How many different users each provider served on the days of the range. Of `filter` what
// usage_series takes.
base::Result<std::map<std::string, std::int64_t, std::less<>>> users_by_provider(
    Session& session, const Access& access, const UsageFilter& filter);

// The names of teams (of the tenant, "" : of all) and of tenants, by id.
using Names = std::map<std::string, std::string, std::less<>>;
base::Result<Names> team_names(Session& session, const Access& access, std::string_view tenant);
base::Result<Names> tenant_names(Session& session, const Access& access, std::string_view tenant);

}  // namespace tollgate::store
