// The interface's routing rules: one row for the platform and one for each tenant that has some of
// its own. A tenant reads its own and the platform's, and writes its own. Blocking; see page.hpp
// for errors.
#pragma once
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/providers.hpp"
#include "store/db.hpp"
#include "store/page.hpp"

namespace tollgate::store {

// What is stored for that tenant ("" : the platform), or the defaults with etag 0.
base::Result<domain::RoutingSettings> routing_settings_of(Session& session, const Access& access,
                                                          std::string_view tenant);
// Inserts where the etag is 0, else updates. Fails: permission, is_lost_update().
base::Result<domain::RoutingSettings> put_routing_settings(Session& session, const Access& access,
                                                           domain::RoutingSettings settings);
base::Result<std::vector<domain::RoutingSettings>> load_routing_settings(Session& session);

}  // namespace tollgate::store
